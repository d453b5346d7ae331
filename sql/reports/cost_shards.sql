-- Per shard and stage: what was judged, what failed, what came of it. Stage 0 also counts the ingested rows.
SELECT raw.shard, stage_order.number, stage_order.asset, raw.row_count,
       runs.asset IS NOT NULL AS written,
       coalesce(runs.kept + runs.rejected, 0) AS judged, coalesce(runs.failed, 0) AS failed,
       coalesce(runs.kept_rows, 0) AS kept_rows
FROM (SELECT shard, count(*) AS row_count FROM raw_rows GROUP BY shard) AS raw
CROSS JOIN stage_order
LEFT JOIN latest_stage_runs AS runs ON runs.asset = stage_order.asset AND runs.shard = raw.shard
ORDER BY raw.shard, stage_order.number;
