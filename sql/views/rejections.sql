-- Every rejected row of every stage: what was judged unfit, why, and what shows it.
CREATE VIEW rejections AS
SELECT asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM outcomes WHERE outcome = 'rejected';
