-- Two models on the entries that both answered, by category and over all: right by both, by one alone, by neither.
WITH evaluated AS (
    SELECT evaluated_model, max(finished_at) AS finished_at FROM benchmark_runs WHERE benchmark = 'bfcl' GROUP BY ALL
),
latest AS (SELECT evaluated_model AS newer FROM evaluated ORDER BY finished_at DESC, evaluated_model LIMIT 1)
SELECT
    older.evaluated_model AS older, newer.evaluated_model AS newer, coalesce(newer.category, 'all') AS part,
    count(*) FILTER (older.correct AND newer.correct) AS both_right,
    count(*) FILTER (newer.correct AND NOT older.correct) AS gained,
    count(*) FILTER (older.correct AND NOT newer.correct) AS lost,
    count(*) FILTER (NOT older.correct AND NOT newer.correct) AS neither
FROM latest
JOIN bfcl_scores AS newer ON newer.evaluated_model = latest.newer
JOIN bfcl_scores AS older ON older.category = newer.category AND older.entry_id = newer.entry_id
    AND older.evaluated_model <> newer.evaluated_model
GROUP BY GROUPING SETS ((older.evaluated_model, newer.evaluated_model, newer.category),
                        (older.evaluated_model, newer.evaluated_model))
ORDER BY ALL;
