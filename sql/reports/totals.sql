-- From end to end: how many texts there are, how many of them became at least one validated trajectory, on any way.
WITH results AS (
    SELECT document_id FROM outcomes WHERE outcome = 'kept' AND asset IN (SELECT asset FROM stages WHERE ends_way)
)
SELECT (SELECT count(DISTINCT document_id) FROM documents_outcomes) AS documents,
       (SELECT count(DISTINCT document_id) FROM results) AS fruitful_documents,
       (SELECT count(*) FROM results) AS trajectories,
       (SELECT coalesce(list_sort(list(DISTINCT corpus)), []) FROM documents_outcomes) AS corpora,
       count(DISTINCT shard) AS shards,
       strftime(timezone('UTC', max(finished_at)), '%Y-%m-%d %H:%M') AS finished_at
FROM latest_stage_runs;
