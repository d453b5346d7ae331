-- One row per stage of the default way, also where nothing ran, and of other ways where any did: inputs by outcome,
-- yield = kept / (kept + rejected), records and rows behind them, and what the runs that wrote them took. cost is NULL
-- where any of it is unknown; known_cost is the part that has a price, and unpriced_rows counts the rest.
WITH inputs AS (
    SELECT asset,
           count(*) AS judged,
           count(*) FILTER (outcome = 'kept') AS kept,
           count(*) FILTER (outcome = 'rejected') AS rejected,
           count(*) FILTER (outcome = 'failed') AS failed
    FROM stage_inputs GROUP BY asset
), records AS (
    SELECT asset,
           count(*) FILTER (outcome = 'kept') AS kept_records,
           count(*) FILTER (outcome = 'rejected') AS rejected_records,
           count(*) FILTER (recovered) AS recovered,
           count(*) FILTER (cost IS NULL) AS unpriced_rows,
           sum(cost) AS known_cost
    FROM outcomes GROUP BY asset
), spent AS (
    SELECT asset, count(*) AS shards,
           sum(input_tokens)::BIGINT AS input_tokens, sum(output_tokens)::BIGINT AS output_tokens,
           CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost, sum(seconds) AS seconds,
           list_sort(list_distinct(flatten(list(prompt_versions)))) AS prompt_versions,
           list_sort(list_distinct(list(model))) AS models
    FROM latest_stage_runs GROUP BY asset
)
SELECT stages.number, stages.asset, coalesce(spent.shards, 0) AS shards,
       coalesce(inputs.judged, 0) AS inputs, coalesce(inputs.kept, 0) AS kept,
       coalesce(inputs.rejected, 0) AS rejected, coalesce(inputs.failed, 0) AS failed,
       inputs.kept / nullif(inputs.kept + inputs.rejected, 0) AS yield_share,
       coalesce(records.kept_records, 0) AS kept_records, coalesce(records.rejected_records, 0) AS rejected_records,
       coalesce(records.recovered, 0) AS recovered, coalesce(records.unpriced_rows, 0) AS unpriced_rows,
       coalesce(records.known_cost, 0) AS known_cost,
       coalesce(spent.input_tokens, 0) AS input_tokens, coalesce(spent.output_tokens, 0) AS output_tokens,
       spent.cost, coalesce(spent.seconds, 0) AS seconds,
       coalesce(spent.prompt_versions, []) AS prompt_versions, coalesce(spent.models, []) AS models
FROM stages
LEFT JOIN inputs USING (asset)
LEFT JOIN records USING (asset)
LEFT JOIN spent USING (asset)
WHERE stages.by_default OR spent.shards > 0
ORDER BY stages.number;
