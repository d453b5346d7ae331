-- Messages, tools and calls of every kept trajectory, in all three states.
CREATE VIEW trajectory_shape AS
SELECT 'draft' AS state, record_id AS trajectory_id, shard, generator, message_count, tool_count, call_count, patterns
FROM draft_trajectories_outcomes WHERE outcome = 'kept'
UNION ALL
SELECT 'refined', record_id, shard, generator, message_count, tool_count, call_count, patterns
FROM refined_trajectories_outcomes WHERE outcome = 'kept'
UNION ALL
SELECT 'validated', record_id, shard, generator, message_count, tool_count, call_count, patterns
FROM validated_trajectories_outcomes WHERE outcome = 'kept';
