-- Rows in = accepted + rejected + blank for every file of every ingest, and every rejected row stands in a table.
WITH told AS (
    SELECT ingest, source, count(*) AS rejections
    FROM ingest_rejections WHERE NOT passed_over GROUP BY ingest, source
), counted AS (
    SELECT ingest, source, sum(rows_read) AS rows_read, sum(accepted) AS accepted, sum(added) AS added,
           sum(changed) AS changed, sum(rejected) AS rejected, sum(blank) AS blank
    FROM ingested_files GROUP BY ingest, source
)
SELECT coalesce(counted.ingest, told.ingest) AS ingest, coalesce(counted.source, told.source) AS source,
       rows_read, accepted, rejected, blank, rejections
FROM counted
FULL JOIN told ON told.ingest = counted.ingest AND told.source = counted.source
WHERE rows_read IS DISTINCT FROM accepted + rejected + blank
   OR coalesce(rejected, 0) <> coalesce(rejections, 0)
   OR added > accepted
   OR changed > added;
