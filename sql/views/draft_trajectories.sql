-- Dialogues as first written.
CREATE VIEW draft_trajectories AS
SELECT record_id AS trajectory_id, parent_id AS workflow_id, document_id, shard,
       message_count, tool_count, offered_tool_count, call_count, patterns,
       payload->'tools' AS tools, payload->'messages' AS messages,
       prompt_version, model, generator, content_hash, run_id
FROM draft_trajectories_outcomes WHERE outcome = 'kept';
