-- Every row an ingest added is in `raw_rows`, or was dropped since.
WITH stored AS (
    SELECT ingest, count(*) AS rows_stored FROM raw_rows GROUP BY ingest
), dropped AS (
    SELECT corpus, count(*) AS dropped FROM dropped_documents GROUP BY corpus
)
SELECT ingests.ingest, ingests.added, stored.rows_stored
FROM ingests
LEFT JOIN stored USING (ingest)
LEFT JOIN dropped USING (corpus)
WHERE ingests.added > coalesce(stored.rows_stored, 0) AND dropped.dropped IS NULL;
