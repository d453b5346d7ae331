-- Each round of each iTool campaign: what was searched, which pairs came of it, and what held-out turns say.
WITH
keyed AS (SELECT shard, regexp_replace(shard, '-[0-9]{5}$', '') AS campaign, right(shard, 5)::INTEGER AS round
          FROM (SELECT DISTINCT shard FROM itool_evaluations UNION SELECT DISTINCT shard FROM itool_items)),
evaluated AS (SELECT shard, min(policy) AS policy, count(*) AS held_out, avg(exact::INTEGER) AS accuracy,
                     avg(credit) AS credit
              FROM itool_evaluations GROUP BY shard),
measured AS (SELECT shard, count(*) AS items, count(*) FILTER (WHERE selected) AS selected,
                    median(perplexity) AS perplexity
             FROM itool_items GROUP BY shard),
searched AS (SELECT shard, avg(reward) AS reward, count(DISTINCT item_id) AS searched FROM search_turns GROUP BY shard),
paired AS (SELECT shard, count(*) AS pairs, count(DISTINCT item_id) AS paired_items
           FROM preference_pairs GROUP BY shard)
SELECT campaign, round, policy, items, selected, searched, perplexity, reward,
       coalesce(pairs, 0) AS pairs, coalesce(paired_items, 0) AS paired_items,
       held_out, lag(accuracy) OVER before AS accuracy_before, accuracy, credit
FROM keyed
LEFT JOIN evaluated USING (shard)
LEFT JOIN measured USING (shard)
LEFT JOIN searched USING (shard)
LEFT JOIN paired USING (shard)
WINDOW before AS (PARTITION BY campaign ORDER BY round)
ORDER BY campaign, round;
