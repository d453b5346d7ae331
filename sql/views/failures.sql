-- Every failed row of every stage: not judged; materialising the shard again tries it anew.
CREATE VIEW failures AS
SELECT asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM outcomes WHERE outcome = 'failed';
