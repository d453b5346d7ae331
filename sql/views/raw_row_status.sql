-- Raw rows with what other rows say of them: the newest version, and the first row that has the same text.
-- A superseded version takes no part in finding duplicates, so that its old text may live on elsewhere.
CREATE VIEW raw_row_status AS
WITH versions AS (
    SELECT *, max(version) OVER (PARTITION BY document_id) AS newest_version FROM raw_rows
)
SELECT *,
       version < newest_version AS superseded,
       CASE WHEN version = newest_version
            THEN first(document_id) OVER (
                PARTITION BY duplicate_key, version = newest_version ORDER BY shard, position)
       END AS first_document_id
FROM versions;
