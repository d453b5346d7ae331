-- Kept records that stand on a document taken out with `gem drop`: they go when their shard is materialised again.
CREATE VIEW dropped_records AS
WITH kept AS (
    SELECT 'documents' AS asset, shard, record_id, document_id FROM documents_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'procedural_documents', shard, record_id, document_id FROM procedural_documents_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'workflows', shard, record_id, document_id FROM workflows_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'draft_trajectories', shard, record_id, document_id FROM draft_trajectories_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'refined_trajectories', shard, record_id, document_id FROM refined_trajectories_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'validated_trajectories', shard, record_id, document_id FROM validated_trajectories_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'synthesized_trajectories', shard, record_id, document_id
    FROM synthesized_trajectories_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'validated_synthesized_trajectories', shard, record_id, document_id
    FROM validated_synthesized_trajectories_outcomes WHERE outcome = 'kept'
)
SELECT * FROM kept
WHERE document_id IN (SELECT document_id FROM dropped_documents)
  AND NOT EXISTS (SELECT 1 FROM raw_rows WHERE raw_rows.document_id = kept.document_id AND raw_rows.shard = kept.shard);
