-- Dialogues after refinement.
CREATE VIEW refined_trajectories AS
SELECT record_id AS trajectory_id, parent_id AS draft_trajectory_id, document_id, shard,
       message_count, tool_count, offered_tool_count, call_count, patterns,
       draft_message_count, draft_tool_count, draft_call_count, draft_patterns,
       payload->'tools' AS tools, payload->'messages' AS messages,
       prompt_version, model, generator, content_hash, run_id
FROM refined_trajectories_outcomes WHERE outcome = 'kept';
