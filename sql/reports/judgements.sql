-- What the judge said of the trajectories that came to validation. What a rule stopped was never put to it.
SELECT CASE WHEN outcome = 'failed' THEN 'no verdict (failed)'
            WHEN reason IS NOT NULL AND NOT starts_with(reason, 'judge_') THEN 'not asked (stopped by a rule)'
            ELSE coalesce(judge_status, 'no verdict (refused)') END AS status,
       count(*) AS trajectories
FROM validated_trajectories_outcomes
GROUP BY ALL
ORDER BY trajectories DESC, status;
