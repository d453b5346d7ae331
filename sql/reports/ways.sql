-- The way $way beside the default way, over the shards both were run on: from the same records of the last stage they
-- share to trajectories that passed. Tokens, seconds and cost are of the calls of every stage after that one. cost is
-- NULL where any of it is unknown. missing_tool counts the validated trajectories in which the assistant says that no
-- tool serves: the skill "miss function" of BFCL V3.
WITH default_way AS (
    SELECT ways[1] AS way FROM stages WHERE by_default ORDER BY number LIMIT 1
), compared AS (
    SELECT unnest(ways) AS way, asset, number, reads, ends_way FROM stages
), own AS (
    SELECT * FROM compared
    WHERE way IN ($way, (SELECT way FROM default_way))
      AND asset IN (SELECT asset FROM compared WHERE way IN ($way, (SELECT way FROM default_way)) GROUP BY asset HAVING count(*) = 1)
), first_own AS (
    SELECT asset, reads FROM own WHERE way = $way ORDER BY number LIMIT 1
), both_ways AS (
    SELECT shard FROM outcomes JOIN own USING (asset) WHERE ends_way GROUP BY shard HAVING count(DISTINCT way) = 2
), asked AS (
    -- A pilot leaves inputs for later; only what was reached counts, for either way.
    SELECT shard, parent_id AS input_id FROM outcomes SEMI JOIN first_own USING (asset) SEMI JOIN both_ways USING (shard)
    WHERE reason IS DISTINCT FROM 'cancelled'
), reached AS (
    SELECT shard, record_id AS input_id, document_id
    FROM outcomes AS inputs
    SEMI JOIN asked ON asked.shard = inputs.shard AND asked.input_id = inputs.record_id
    WHERE asset = (SELECT reads FROM first_own)
), spent AS (
    SELECT own.way, shard, document_id, outcome, reason, input_tokens, output_tokens, cost, seconds
    FROM outcomes JOIN own USING (asset)
), validated AS (
    SELECT own.way, shard, document_id, payload FROM outcomes JOIN own USING (asset) WHERE ends_way AND outcome = 'kept'
), missing AS (
    SELECT way, len(list_filter((payload->'messages')::JSON[], lambda message:
               message->>'role' = 'assistant' AND json_array_length(message->'tool_calls') = 0 AND regexp_matches(
                   message->>'content',
                   '\b(no|(not|\w+n.t) have (an?|any|the)|none of (my|the|these)|without an?|lack an?) ([a-z-]+ ){0,3}tools?\b',
                   'i'))) > 0 AS says_so, shard, document_id
    FROM validated
)
SELECT ways.way, (SELECT count(*) FROM reached) AS documents,
       coalesce((SELECT count(*) FROM validated SEMI JOIN reached USING (shard, document_id)
                 WHERE validated.way = ways.way), 0) AS validated,
       coalesce((SELECT count(DISTINCT (shard, document_id)) FROM validated SEMI JOIN reached USING (shard, document_id)
                 WHERE validated.way = ways.way), 0) AS fruitful_documents,
       coalesce((SELECT count(*) FROM missing SEMI JOIN reached USING (shard, document_id)
                 WHERE missing.way = ways.way AND says_so), 0) AS missing_tool,
       coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens, coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
       coalesce(sum(seconds), 0) AS seconds,
       CASE WHEN count(cost) = count(*) THEN coalesce(sum(cost), 0) END AS cost,
       coalesce(sum((outcome = 'rejected')::INTEGER), 0)::BIGINT AS rejected,
       coalesce(sum((outcome = 'failed')::INTEGER), 0)::BIGINT AS failed,
       coalesce(mode(reason) FILTER (outcome = 'rejected'), '') AS commonest_reason
FROM (SELECT DISTINCT way FROM own) AS ways
LEFT JOIN (SELECT * FROM spent SEMI JOIN reached USING (shard, document_id)) AS spent USING (way)
WHERE EXISTS (SELECT 1 FROM reached)
GROUP BY ways.way
ORDER BY ways.way = $way, ways.way;
