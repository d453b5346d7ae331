-- A kept record stands on a kept parent of the same shard; stale shards are where this breaks.
SELECT child.asset, child.shard, child.record_id, child.parent_id
FROM outcomes AS child
JOIN stages USING (asset)
ANTI JOIN outcomes AS parent
    ON parent.asset = stages.reads AND parent.record_id = child.parent_id AND parent.shard = child.shard
   AND parent.outcome = 'kept'
WHERE child.outcome = 'kept' AND stages.reads <> 'raw_rows';
