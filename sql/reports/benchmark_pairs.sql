-- The newest model of a benchmark and each other on the entries that both answered, by part and over all of BFCL: right
-- by both, by one alone, by neither. An entry of tau2 is a task, right when a trial solves it. Only the same data pairs.
WITH entries AS (
    SELECT evaluated_model, 'bfcl' AS benchmark, category AS part, entry_id, correct FROM bfcl_scores
    UNION ALL
    SELECT evaluated_model, 'tau2', domain, task_id, solved > 0 FROM tau2_scores
),
answered AS (
    SELECT entries.*, run.data_hash FROM entries
    JOIN benchmark_runs AS run USING (evaluated_model, benchmark, part)
),
latest AS (
    SELECT benchmark, evaluated_model FROM benchmark_runs
    QUALIFY row_number() OVER (PARTITION BY benchmark ORDER BY finished_at DESC, evaluated_model) = 1
)
SELECT
    older.evaluated_model AS older, newer.evaluated_model AS newer, newer.benchmark, coalesce(newer.part, 'all') AS part,
    count(*) FILTER (older.correct AND newer.correct) AS both_right,
    count(*) FILTER (newer.correct AND NOT older.correct) AS gained,
    count(*) FILTER (older.correct AND NOT newer.correct) AS lost,
    count(*) FILTER (NOT older.correct AND NOT newer.correct) AS neither
FROM latest
JOIN answered AS newer USING (benchmark, evaluated_model)
JOIN answered AS older ON older.benchmark = newer.benchmark AND older.part = newer.part
    AND older.entry_id = newer.entry_id AND older.data_hash = newer.data_hash
    AND older.evaluated_model <> newer.evaluated_model
GROUP BY GROUPING SETS ((older.evaluated_model, newer.evaluated_model, newer.benchmark, newer.part),
                        (older.evaluated_model, newer.evaluated_model, newer.benchmark))
HAVING newer.part IS NOT NULL OR newer.benchmark = 'bfcl'
ORDER BY ALL;
