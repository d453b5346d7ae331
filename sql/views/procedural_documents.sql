-- Documents that hold a multi-step operation.
CREATE VIEW procedural_documents AS
SELECT record_id AS procedural_document_id, document_id, shard, summary, platform, domains, task_category, language,
       prompt_version, model, generator, content_hash, run_id, payload
FROM procedural_documents_outcomes WHERE outcome = 'kept';
