-- Kept records of each stage that asks a model, by who made them: a model, or the baseline generator.
WITH kept AS (
    SELECT 'procedural_documents' AS asset, generator FROM procedural_documents
    UNION ALL SELECT 'workflows', generator FROM workflows
    UNION ALL SELECT 'draft_trajectories', generator FROM draft_trajectories
    UNION ALL SELECT 'refined_trajectories', generator FROM refined_trajectories
    UNION ALL SELECT 'validated_trajectories', generator FROM validated_trajectories
)
SELECT asset, coalesce(generator, 'not stamped') AS generator, count(*) AS records
FROM kept JOIN stage_order USING (asset)
GROUP BY ALL
ORDER BY min(stage_order.number), records DESC, generator;
