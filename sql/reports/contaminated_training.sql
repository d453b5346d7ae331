-- Kept trajectories of each recipe that hold words of a benchmark, and those with a tool like one of its.
SELECT
    hit.recipe,
    hit.benchmark,
    count(DISTINCT hit.record_id) FILTER (hit.blocking) AS blocking,
    count(DISTINCT hit.record_id) FILTER (NOT hit.blocking) AS alike
FROM contamination_hits AS hit
JOIN trajectory_dataset_outcomes AS chosen USING (recipe, shard, record_id)
WHERE chosen.outcome = 'kept'
GROUP BY ALL;
