-- What refinement added to each trajectory it kept.
CREATE VIEW refinement_gain AS
SELECT record_id AS trajectory_id, shard, generator,
       draft_message_count, message_count, message_count - draft_message_count AS messages_gained,
       draft_tool_count, tool_count, tool_count - draft_tool_count AS tools_gained,
       draft_call_count, call_count, call_count - draft_call_count AS calls_gained
FROM refined_trajectories_outcomes
WHERE outcome = 'kept';
