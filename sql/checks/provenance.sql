-- A kept record of a stage that asks a model names the model that answered and its generator; a call that
-- went to a model has its key.
SELECT 'procedural_documents' AS asset, shard, record_id FROM procedural_documents_outcomes
WHERE outcome = 'kept' AND (generator IS NULL OR model IS NULL OR prompt_version IS NULL)
UNION ALL
SELECT 'workflows' AS asset, shard, record_id FROM workflows_outcomes
WHERE outcome = 'kept' AND (generator IS NULL OR model IS NULL OR prompt_version IS NULL)
UNION ALL
SELECT 'draft_trajectories' AS asset, shard, record_id FROM draft_trajectories_outcomes
WHERE outcome = 'kept' AND (generator IS NULL OR model IS NULL OR prompt_version IS NULL)
UNION ALL
SELECT 'refined_trajectories' AS asset, shard, record_id FROM refined_trajectories_outcomes
WHERE outcome = 'kept' AND (generator IS NULL OR model IS NULL OR prompt_version IS NULL);
