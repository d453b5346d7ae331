-- For which reasons each version lost inputs, over those that both judged.
SELECT reason, count(*) FILTER (side = 'before') AS before, count(*) FILTER (side = 'after') AS after
FROM (
    SELECT 'before' AS side, reason_before AS reason FROM paired WHERE outcome_before = 'rejected' AND outcome_after <> 'failed'
    UNION ALL
    SELECT 'after', reason_after FROM paired WHERE outcome_after = 'rejected' AND outcome_before <> 'failed'
)
GROUP BY reason
ORDER BY abs(after - before) DESC, before + after DESC, reason;
