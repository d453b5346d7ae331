-- One row per language and stage: what each stage kept of texts in that language, and the yield.
WITH languages AS (
    SELECT DISTINCT shard, document_id, coalesce(language, 'und') AS language
    FROM documents_outcomes WHERE reason IS DISTINCT FROM 'corpus_superseded'
), outcomes AS (
    SELECT 'documents' AS asset, shard, document_id, outcome FROM documents_outcomes
    WHERE reason IS DISTINCT FROM 'corpus_superseded'
    UNION ALL SELECT 'procedural_documents', shard, document_id, outcome FROM procedural_documents_outcomes
    UNION ALL SELECT 'workflows', shard, document_id, outcome FROM workflows_outcomes
    UNION ALL SELECT 'draft_trajectories', shard, document_id, outcome FROM draft_trajectories_outcomes
    UNION ALL SELECT 'refined_trajectories', shard, document_id, outcome FROM refined_trajectories_outcomes
    UNION ALL SELECT 'validated_trajectories', shard, document_id, outcome FROM validated_trajectories_outcomes
)
SELECT languages.language, stage_order.number, outcomes.asset,
       count(DISTINCT document_id) AS documents,
       count(DISTINCT document_id) FILTER (outcome = 'kept') AS kept_documents,
       count(*) FILTER (outcome = 'kept') AS kept_records,
       count(*) FILTER (outcome = 'rejected') AS rejected_records,
       count(*) FILTER (outcome = 'kept') / nullif(count(*) FILTER (outcome <> 'failed'), 0) AS yield_share
FROM outcomes
JOIN languages USING (shard, document_id)
JOIN stage_order ON stage_order.asset = outcomes.asset
GROUP BY languages.language, stage_order.number, outcomes.asset
ORDER BY languages.language, stage_order.number;
