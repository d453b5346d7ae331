-- What an input took on average at each stage, over all that a model judged; the baseline generator is left out.
WITH inputs AS (
    SELECT asset, parent_id, count(*) FILTER (outcome = 'kept') AS kept_children,
           sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
           CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost
    FROM outcomes
    WHERE asset IN (SELECT asset FROM stages WHERE role IS NOT NULL)
    GROUP BY asset, shard, parent_id
    HAVING bool_and(outcome <> 'failed') AND bool_and(generator IS DISTINCT FROM 'offline/procedural')
)
SELECT asset, count(*) AS inputs, avg(kept_children) AS kept_children,
       avg(input_tokens) AS input_tokens, avg(output_tokens) AS output_tokens,
       avg(cost) AS cost, count(*) FILTER (cost IS NULL) AS unpriced
FROM inputs
GROUP BY asset;
