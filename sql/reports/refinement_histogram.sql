-- How many trajectories have how many messages, tools and calls, before and after refinement.
WITH sizes AS (
    SELECT 'messages' AS measure, 'before' AS version, draft_message_count AS size FROM refinement_gain
    UNION ALL SELECT 'messages', 'after', message_count FROM refinement_gain
    UNION ALL SELECT 'tools', 'before', draft_tool_count FROM refinement_gain
    UNION ALL SELECT 'tools', 'after', tool_count FROM refinement_gain
    UNION ALL SELECT 'calls', 'before', draft_call_count FROM refinement_gain
    UNION ALL SELECT 'calls', 'after', call_count FROM refinement_gain
)
SELECT measure, version, size, count(*) AS trajectories
FROM sizes WHERE size IS NOT NULL
GROUP BY ALL ORDER BY ALL;
