-- Share of right entries by what sets entries apart; kinds of error and the turn they are in are of the wrong ones.
WITH entries AS (
    SELECT *, CASE WHEN tools <= 20 THEN 'up to 20' WHEN tools <= 30 THEN '21 to 30' ELSE 'over 30' END AS tool_range,
        CASE WHEN truth_calls <= 3 THEN 'up to 3' WHEN truth_calls <= 6 THEN '4 to 6' ELSE 'over 6' END AS call_range
    FROM bfcl_scores
),
sliced AS (
    SELECT evaluated_model, 'category' AS slice, category AS bucket, correct FROM entries
    UNION ALL SELECT evaluated_model, 'turns', turns::VARCHAR, correct FROM entries
    UNION ALL SELECT evaluated_model, 'tools offered', tool_range, correct FROM entries
    UNION ALL SELECT evaluated_model, 'calls needed', call_range, correct FROM entries
    UNION ALL SELECT evaluated_model, 'backend', unnest(classes), correct FROM entries
    UNION ALL SELECT evaluated_model, 'error type', error_type, correct FROM entries WHERE NOT correct
    UNION ALL SELECT evaluated_model, 'fragment error', unnest(fragment_errors), correct FROM entries WHERE NOT correct
    UNION ALL SELECT evaluated_model, 'first wrong turn', wrong_turn::VARCHAR, correct FROM entries WHERE wrong_turn IS NOT NULL
)
SELECT evaluated_model, slice, bucket, count(*) AS entries, count(*) FILTER (correct) AS correct
FROM sliced
GROUP BY ALL
ORDER BY ALL;
