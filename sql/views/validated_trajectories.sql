-- Dialogues that passed the rules, and the judge where one was run (see judge_status).
CREATE VIEW validated_trajectories AS
SELECT record_id AS trajectory_id, parent_id AS refined_trajectory_id, document_id, shard,
       message_count, tool_count, offered_tool_count, call_count, patterns,
       draft_message_count, draft_tool_count, draft_call_count, draft_patterns,
       judge_status, judgement, findings,
       payload->'tools' AS tools, payload->'messages' AS messages,
       prompt_version, model, generator, content_hash, run_id
FROM validated_trajectories_outcomes WHERE outcome = 'kept';
