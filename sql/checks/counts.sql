-- What the log of runs says of a shard is what the shard holds.
SELECT runs.asset, runs.shard, runs.run_id, runs.inputs, runs.kept, runs.rejected, runs.failed,
       held.kept AS held_kept, held.rejected AS held_rejected, held.failed AS held_failed
FROM latest_stage_runs AS runs
LEFT JOIN (
    SELECT asset, shard,
           count(*) FILTER (outcome = 'kept') AS kept,
           count(*) FILTER (outcome = 'rejected') AS rejected,
           count(*) FILTER (outcome = 'failed') AS failed
    FROM stage_inputs GROUP BY asset, shard
) AS held USING (asset, shard)
WHERE runs.kept <> coalesce(held.kept, 0)
   OR runs.rejected <> coalesce(held.rejected, 0)
   OR runs.failed <> coalesce(held.failed, 0)
   OR runs.inputs <> runs.kept + runs.rejected + runs.failed;
