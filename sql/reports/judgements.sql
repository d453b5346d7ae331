-- What the judge said of the trajectories that came to validation, on any way. What a rule stopped was never put to it.
SELECT CASE WHEN outcome = 'failed' THEN 'no verdict (failed)'
            WHEN reason IS NOT NULL AND NOT starts_with(reason, 'judge_') THEN 'not asked (stopped by a rule)'
            ELSE coalesce(judge_status, 'no verdict (refused)') END AS status,
       count(*) AS trajectories
FROM outcomes
WHERE asset IN (SELECT asset FROM stages WHERE role = 'judge')
GROUP BY ALL
ORDER BY trajectories DESC, status;
