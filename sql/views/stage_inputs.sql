-- One row per input of a stage: kept where any child was kept, else failed where any failed, else rejected.
CREATE VIEW stage_inputs AS
WITH rows AS (
    SELECT 'documents' AS asset, shard, parent_id, outcome, reason FROM documents_outcomes
    UNION ALL
    SELECT 'procedural_documents' AS asset, shard, parent_id, outcome, reason FROM procedural_documents_outcomes
    UNION ALL
    SELECT 'workflows' AS asset, shard, parent_id, outcome, reason FROM workflows_outcomes
    UNION ALL
    SELECT 'draft_trajectories' AS asset, shard, parent_id, outcome, reason FROM draft_trajectories_outcomes
    UNION ALL
    SELECT 'refined_trajectories' AS asset, shard, parent_id, outcome, reason FROM refined_trajectories_outcomes
    UNION ALL
    SELECT 'validated_trajectories' AS asset, shard, parent_id, outcome, reason FROM validated_trajectories_outcomes
    UNION ALL
    SELECT 'synthesized_trajectories' AS asset, shard, parent_id, outcome, reason FROM synthesized_trajectories_outcomes
    UNION ALL
    SELECT 'validated_synthesized_trajectories' AS asset, shard, parent_id, outcome, reason
    FROM validated_synthesized_trajectories_outcomes
)
SELECT asset, shard, parent_id,
       CASE WHEN bool_or(outcome = 'kept') THEN 'kept'
            WHEN bool_or(outcome = 'failed') THEN 'failed'
            ELSE 'rejected' END AS outcome,
       count(*) FILTER (outcome = 'kept') AS kept_children,
       min(reason) FILTER (outcome <> 'kept') AS reason
FROM rows
GROUP BY asset, shard, parent_id;
