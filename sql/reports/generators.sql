-- Kept records of each stage that asks a model, by who made them: a model, or the baseline generator.
-- Validation writes nothing anew, so what it does not stamp was made by whoever refined it.
WITH kept AS (
    SELECT 'procedural_documents' AS asset, generator FROM procedural_documents
    UNION ALL SELECT 'workflows', generator FROM workflows
    UNION ALL SELECT 'draft_trajectories', generator FROM draft_trajectories
    UNION ALL SELECT 'refined_trajectories', generator FROM refined_trajectories
    UNION ALL
    SELECT 'validated_trajectories', coalesce(validated.generator, refined.generator)
    FROM validated_trajectories AS validated
    LEFT JOIN refined_trajectories AS refined
        ON refined.trajectory_id = validated.refined_trajectory_id AND refined.shard = validated.shard
)
SELECT asset, coalesce(generator, 'not stamped') AS generator, count(*) AS records
FROM kept JOIN stage_order USING (asset)
GROUP BY ALL
ORDER BY min(stage_order.number), records DESC, generator;
