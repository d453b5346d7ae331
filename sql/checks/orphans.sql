-- A kept record stands on a kept parent of the same shard; stale shards are where this breaks.
SELECT 'procedural_documents' AS asset, child.shard, child.record_id, child.parent_id
FROM procedural_documents_outcomes AS child
WHERE child.outcome = 'kept'
  AND NOT EXISTS (SELECT 1 FROM documents_outcomes AS parent
                  WHERE parent.record_id = child.parent_id AND parent.shard = child.shard AND parent.outcome = 'kept')
UNION ALL
SELECT 'workflows' AS asset, child.shard, child.record_id, child.parent_id
FROM workflows_outcomes AS child
WHERE child.outcome = 'kept'
  AND NOT EXISTS (SELECT 1 FROM procedural_documents_outcomes AS parent
                  WHERE parent.record_id = child.parent_id AND parent.shard = child.shard AND parent.outcome = 'kept')
UNION ALL
SELECT 'draft_trajectories' AS asset, child.shard, child.record_id, child.parent_id
FROM draft_trajectories_outcomes AS child
WHERE child.outcome = 'kept'
  AND NOT EXISTS (SELECT 1 FROM workflows_outcomes AS parent
                  WHERE parent.record_id = child.parent_id AND parent.shard = child.shard AND parent.outcome = 'kept')
UNION ALL
SELECT 'refined_trajectories' AS asset, child.shard, child.record_id, child.parent_id
FROM refined_trajectories_outcomes AS child
WHERE child.outcome = 'kept'
  AND NOT EXISTS (SELECT 1 FROM draft_trajectories_outcomes AS parent
                  WHERE parent.record_id = child.parent_id AND parent.shard = child.shard AND parent.outcome = 'kept')
UNION ALL
SELECT 'validated_trajectories' AS asset, child.shard, child.record_id, child.parent_id
FROM validated_trajectories_outcomes AS child
WHERE child.outcome = 'kept'
  AND NOT EXISTS (SELECT 1 FROM refined_trajectories_outcomes AS parent
                  WHERE parent.record_id = child.parent_id AND parent.shard = child.shard AND parent.outcome = 'kept')
UNION ALL
SELECT 'synthesized_trajectories' AS asset, child.shard, child.record_id, child.parent_id
FROM synthesized_trajectories_outcomes AS child
WHERE child.outcome = 'kept'
  AND NOT EXISTS (SELECT 1 FROM procedural_documents_outcomes AS parent
                  WHERE parent.record_id = child.parent_id AND parent.shard = child.shard AND parent.outcome = 'kept')
UNION ALL
SELECT 'validated_synthesized_trajectories' AS asset, child.shard, child.record_id, child.parent_id
FROM validated_synthesized_trajectories_outcomes AS child
WHERE child.outcome = 'kept'
  AND NOT EXISTS (SELECT 1 FROM synthesized_trajectories_outcomes AS parent
                  WHERE parent.record_id = child.parent_id AND parent.shard = child.shard AND parent.outcome = 'kept');
