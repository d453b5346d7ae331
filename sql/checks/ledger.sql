-- Inputs = kept + rejected + failed: every record an asset could read has an outcome, and nothing else has.
WITH available AS (
    SELECT stages.asset, raw_rows.shard, document_id || '@' || version AS input_id
    FROM raw_rows JOIN stages ON stages.reads = 'raw_rows'
    UNION ALL
    SELECT stages.asset, parents.shard, parents.record_id
    FROM outcomes AS parents JOIN stages ON stages.reads = parents.asset
    WHERE parents.outcome = 'kept'
), judged AS (
    SELECT asset, shard, parent_id AS input_id FROM stage_inputs
), fresh AS (
    -- A shard whose input was rewritten since is stale, which is another matter (`gem stale`).
    SELECT runs.asset, runs.shard
    FROM latest_stage_runs AS runs
    JOIN stages USING (asset)
    LEFT JOIN latest_stage_runs AS upstream ON upstream.asset = stages.reads AND upstream.shard = runs.shard
    WHERE stages.reads = 'raw_rows' OR upstream.data_version = runs.input_version
)
SELECT coalesce(available.asset, judged.asset) AS asset,
       coalesce(available.shard, judged.shard) AS shard,
       coalesce(available.input_id, judged.input_id) AS input_id,
       CASE WHEN judged.input_id IS NULL THEN 'has no outcome' ELSE 'has an outcome but is no input' END AS problem
FROM available
FULL JOIN judged USING (asset, shard, input_id)
WHERE (available.input_id IS NULL OR judged.input_id IS NULL)
  AND EXISTS (SELECT 1 FROM fresh
              WHERE fresh.asset = coalesce(available.asset, judged.asset)
                AND fresh.shard = coalesce(available.shard, judged.shard));
