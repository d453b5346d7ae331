-- The yield of each stage over time, by version: runs that ended within an hour count together, or within a
-- minute where all of them ended within six hours.
WITH grain AS (
    SELECT CASE WHEN max(finished_at) - min(finished_at) < INTERVAL 6 HOURS THEN 'minute' ELSE 'hour' END AS step
    FROM stage_runs
)
SELECT asset, code_version,
       strftime(timezone('UTC', date_trunc(grain.step, finished_at)), '%Y-%m-%dT%H:%M:00Z') AS ended,
       count(*) AS runs, sum(inputs)::BIGINT AS inputs,
       sum(kept) / nullif(sum(kept) + sum(rejected), 0) AS yield_share
FROM stage_runs JOIN stages USING (asset) CROSS JOIN grain
GROUP BY asset, code_version, ended
ORDER BY min(stages.number), ended, code_version;
