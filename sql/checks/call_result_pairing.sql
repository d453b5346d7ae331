-- In a validated trajectory of any way every call has exactly one result and every result answers a call.
WITH messages AS (
    SELECT asset, shard, record_id AS trajectory_id, unnest((payload->'messages')::JSON[]) AS message
    FROM outcomes
    WHERE outcome = 'kept' AND asset IN (SELECT asset FROM stages WHERE ends_way AND gives = 'Trajectory')
), calls AS (
    SELECT asset, shard, trajectory_id, call->>'call_id' AS call_id
    FROM (SELECT asset, shard, trajectory_id, unnest((message->'tool_calls')::JSON[]) AS call FROM messages)
), results AS (
    SELECT asset, shard, trajectory_id, message->>'call_id' AS call_id FROM messages WHERE message->>'role' = 'tool'
)
SELECT asset, shard, trajectory_id, call_id, coalesce(c.n, 0) AS calls, coalesce(r.n, 0) AS results
FROM (SELECT asset, shard, trajectory_id, call_id, count(*) AS n FROM calls GROUP BY ALL) AS c
FULL JOIN (SELECT asset, shard, trajectory_id, call_id, count(*) AS n FROM results GROUP BY ALL) AS r
  USING (asset, shard, trajectory_id, call_id)
WHERE coalesce(c.n, 0) <> 1 OR coalesce(r.n, 0) <> 1;
