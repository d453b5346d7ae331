-- Means and medians of each stage's measures over the records it kept; before the stage too, where it changes them.
WITH declared AS (
    SELECT asset, number, authorship, unnest(measures).name AS measure, generate_subscripts(measures, 1) AS position,
           unnest(measures).before IS NOT NULL AS has_before
    FROM stages
)
SELECT asset, measure, authorship = 'rewrites' AND has_before AS gained,
       avg(before) AS mean_before, avg(value) AS mean_after,
       median(before) AS median_before, median(value) AS median_after, count(record_id) AS records
FROM declared LEFT JOIN measures USING (asset, measure)
GROUP BY asset, measure, number, position, gained
ORDER BY number, position;
