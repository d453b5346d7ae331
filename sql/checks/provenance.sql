-- A kept record of a stage that a model writes or rewrites names the model that answered, its generator and its prompt.
SELECT asset, shard, record_id
FROM outcomes JOIN stages USING (asset)
WHERE outcome = 'kept' AND stages.authorship IN ('writes', 'rewrites') AND stages.role IS NOT NULL
  AND (outcomes.generator IS NULL OR outcomes.model IS NULL OR outcomes.prompt_version IS NULL);
