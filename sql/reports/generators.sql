-- Kept records of each stage that asks a model, by who made them: a model, or the baseline generator. A stage that
-- judges writes nothing anew, so what it does not stamp was made by whoever wrote what it judged.
WITH kept AS (
    SELECT outcomes.asset, stages.number, stages.ends_way, coalesce(outcomes.generator, parent.generator) AS generator
    FROM outcomes
    JOIN stages USING (asset)
    LEFT JOIN outcomes AS parent
        ON stages.authorship = 'judges' AND parent.asset = stages.reads AND parent.record_id = outcomes.parent_id
       AND parent.shard = outcomes.shard AND parent.outcome = 'kept'
    WHERE outcomes.outcome = 'kept' AND stages.role IS NOT NULL
)
SELECT asset, ends_way, coalesce(generator, 'not stamped') AS generator, count(*) AS records
FROM kept
GROUP BY ALL
ORDER BY min(number), records DESC, generator;
