-- Raw rows with what other rows say of them: the newest version, and the first row that has the same text.
-- A superseded version takes no part in finding duplicates, so that its old text may live on elsewhere.
-- "First" is by ingest, then by place in it, so that adding text never changes which of two texts is kept.
CREATE VIEW raw_row_status AS
WITH versions AS (
    SELECT raw_rows.*, max(version) OVER (PARTITION BY document_id) AS newest_version, ingests.started_at AS added_at
    FROM raw_rows LEFT JOIN ingests USING (ingest)
), compared AS (
    SELECT *, first(document_id) OVER same AS first_id, first(text_hash) OVER same AS first_hash
    FROM versions
    WINDOW same AS (
        PARTITION BY duplicate_key, version = newest_version ORDER BY added_at NULLS LAST, shard, position
    )
)
SELECT * EXCLUDE (first_id, first_hash, added_at),
       version < newest_version AS superseded,
       CASE WHEN version = newest_version THEN first_id END AS first_document_id,
       text_hash = first_hash AS exact
FROM compared;
