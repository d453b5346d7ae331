-- In a validated trajectory every call has exactly one result and every result answers a call.
WITH messages AS (
    SELECT shard, trajectory_id, unnest(messages::JSON[]) AS message FROM validated_trajectories
), calls AS (
    SELECT shard, trajectory_id, call->>'call_id' AS call_id
    FROM (SELECT shard, trajectory_id, unnest((message->'tool_calls')::JSON[]) AS call FROM messages)
), results AS (
    SELECT shard, trajectory_id, message->>'call_id' AS call_id FROM messages WHERE message->>'role' = 'tool'
)
SELECT 'validated_trajectories' AS asset, shard, trajectory_id, call_id,
       count_calls AS calls, count_results AS results
FROM (
    SELECT coalesce(c.shard, r.shard) AS shard, coalesce(c.trajectory_id, r.trajectory_id) AS trajectory_id,
           coalesce(c.call_id, r.call_id) AS call_id,
           coalesce(c.n, 0) AS count_calls, coalesce(r.n, 0) AS count_results
    FROM (SELECT shard, trajectory_id, call_id, count(*) AS n FROM calls GROUP BY ALL) AS c
    FULL JOIN (SELECT shard, trajectory_id, call_id, count(*) AS n FROM results GROUP BY ALL) AS r
      ON c.shard = r.shard AND c.trajectory_id = r.trajectory_id AND c.call_id = r.call_id
)
WHERE count_calls <> 1 OR count_results <> 1;
