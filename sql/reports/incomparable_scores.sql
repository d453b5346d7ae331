-- Scores that cannot stand beside published ones, and why.
SELECT
    evaluated_model,
    part,
    CASE
        WHEN incomparable IS NOT NULL THEN incomparable
        WHEN entries < whole THEN entries || ' of ' || whole || ' entries'
        WHEN refused > 0 THEN refused || ' entries that the server refused'
        ELSE unparsed_calls || ' answers with a call that the server did not parse'
    END AS why
FROM benchmark_runs
WHERE incomparable IS NOT NULL OR entries < whole OR refused > 0 OR unparsed_calls > 0
ORDER BY evaluated_model, part;
