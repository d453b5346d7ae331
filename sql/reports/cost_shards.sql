-- Per shard and stage: what was judged, what failed, what came of it. The first stage also counts the ingested rows. A
-- stage that is not of the default way is listed where it ran.
SELECT raw.shard, stages.number, stages.asset, stages.reads, stages.ends_way, raw.row_count,
       runs.asset IS NOT NULL AS written,
       coalesce(runs.kept + runs.rejected, 0) AS judged, coalesce(runs.failed, 0) AS failed,
       coalesce(runs.kept_rows, 0) AS kept_rows
FROM (SELECT shard, count(*) AS row_count FROM raw_rows GROUP BY shard) AS raw
CROSS JOIN stages
LEFT JOIN latest_stage_runs AS runs ON runs.asset = stages.asset AND runs.shard = raw.shard
WHERE stages.by_default OR runs.asset IS NOT NULL
ORDER BY raw.shard, stages.number;
