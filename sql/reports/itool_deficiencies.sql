-- Share of held-out turns with each kind of error, before and after each round, and the pairs made about it.
WITH
kinds AS (SELECT unnest(['syntax', 'tool_count', 'tool_choice', 'name', 'count', 'value', 'other']) AS error_type),
keyed AS (SELECT DISTINCT shard, regexp_replace(shard, '-[0-9]{5}$', '') AS campaign,
                 right(shard, 5)::INTEGER AS round
          FROM itool_evaluations),
shares AS (SELECT campaign, round, shard, error_type,
                  avg(list_contains(errors, error_type)::INTEGER) AS share
           FROM keyed JOIN itool_evaluations USING (shard) CROSS JOIN kinds
           GROUP BY ALL),
paired AS (SELECT shard, error_type, count(*) AS pairs FROM preference_pairs GROUP BY ALL)
SELECT after.campaign, after.round, after.error_type, before.share AS share_before, after.share AS share_after,
       coalesce(pairs, 0) AS pairs
FROM shares AS after
JOIN shares AS before ON before.campaign = after.campaign AND before.round = after.round - 1
                     AND before.error_type = after.error_type
LEFT JOIN paired ON paired.shard = after.shard AND paired.error_type = after.error_type
ORDER BY after.campaign, after.round, greatest(share_before, share_after) DESC, after.error_type;
