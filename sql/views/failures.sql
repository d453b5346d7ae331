-- Every failed row of every stage: not judged; materialising the shard again tries it anew.
CREATE VIEW failures AS
SELECT 'documents' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM documents_outcomes WHERE outcome = 'failed'
UNION ALL
SELECT 'procedural_documents' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM procedural_documents_outcomes WHERE outcome = 'failed'
UNION ALL
SELECT 'workflows' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM workflows_outcomes WHERE outcome = 'failed'
UNION ALL
SELECT 'draft_trajectories' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM draft_trajectories_outcomes WHERE outcome = 'failed'
UNION ALL
SELECT 'refined_trajectories' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM refined_trajectories_outcomes WHERE outcome = 'failed'
UNION ALL
SELECT 'validated_trajectories' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM validated_trajectories_outcomes WHERE outcome = 'failed'
UNION ALL
SELECT 'synthesized_trajectories' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM synthesized_trajectories_outcomes WHERE outcome = 'failed'
UNION ALL
SELECT 'validated_synthesized_trajectories' AS asset, record_id, parent_id, ordinal, document_id, shard, reason, evidence, prompt_version, model, generator, run_id
FROM validated_synthesized_trajectories_outcomes WHERE outcome = 'failed';
