-- How many records have how much of each measure, before and after the stages that rewrite them.
WITH sizes AS (
    SELECT asset, measure, 'before' AS version, before AS size FROM measures
    UNION ALL
    SELECT asset, measure, 'after', value FROM measures
)
SELECT asset, measure, version, size::BIGINT AS size, count(*) AS trajectories
FROM sizes JOIN stages USING (asset)
WHERE size IS NOT NULL AND stages.authorship = 'rewrites'
  AND list_contains(list_transform(list_filter(stages.measures, lambda one: one.before IS NOT NULL), lambda one: one.name), measure)
GROUP BY ALL ORDER BY ALL;
