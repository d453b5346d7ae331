-- What changed from one version of a shard to the next, record by record; `older` and `newer` are its rows.
SELECT coalesce(newer.record_id, older.record_id) AS record_id,
       older.outcome AS outcome_before, older.reason AS reason_before,
       newer.outcome AS outcome_after, newer.reason AS reason_after,
       CASE WHEN older.record_id IS NULL THEN 'new'
            WHEN newer.record_id IS NULL THEN 'gone'
            WHEN older.outcome <> newer.outcome THEN 'outcome'
            WHEN older.reason IS DISTINCT FROM newer.reason THEN 'reason'
            WHEN older.content_hash IS DISTINCT FROM newer.content_hash THEN 'content'
            ELSE 'same' END AS change
FROM older FULL JOIN newer ON newer.record_id = older.record_id AND newer.shard = older.shard
ORDER BY change, record_id;
