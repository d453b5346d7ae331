-- Mean and median messages, tools and calls before and after refinement, over the trajectories it kept.
SELECT unnest(['messages', 'tools', 'calls']) AS measure,
       unnest([avg(draft_message_count), avg(draft_tool_count), avg(draft_call_count)]) AS mean_before,
       unnest([avg(message_count), avg(tool_count), avg(call_count)]) AS mean_after,
       unnest([median(draft_message_count), median(draft_tool_count), median(draft_call_count)]) AS median_before,
       unnest([median(message_count), median(tool_count), median(call_count)]) AS median_after,
       count(*) AS trajectories
FROM refinement_gain;
