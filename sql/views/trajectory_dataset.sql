-- The chosen trajectories of every recipe, with their split.
CREATE VIEW trajectory_dataset AS
SELECT recipe, record_id AS example_id, parent_id AS trajectory_id, document_id, shard, split, document_group, corpus,
       license, judge_status, platform, domains, task_category, message_count, tool_count, offered_tool_count,
       call_count, patterns, payload->'tools' AS tools, payload->'messages' AS messages,
       prompt_version, model, generator, content_hash, run_id
FROM trajectory_dataset_outcomes WHERE outcome = 'kept';
