-- Up to five examples of every reason, with what shows it and where the text stands. Ids are hashes, so that
-- taking the lowest is as good as drawing lots, and the same at every reading.
WITH examples AS (
    SELECT 'rejected' AS pile, * FROM rejections
    UNION ALL
    SELECT 'failed', * FROM failures
)
SELECT examples.asset, examples.pile, examples.reason, examples.record_id, examples.shard,
       left(coalesce(examples.evidence, ''), 2000) AS evidence,
       coalesce(documents.title, '') AS title,
       concat_ws(', ', documents.source, documents.place) AS place
FROM examples
LEFT JOIN documents_outcomes AS documents
    ON documents.record_id = examples.document_id AND documents.shard = examples.shard
QUALIFY row_number() OVER (
    PARTITION BY examples.asset, examples.pile, examples.reason ORDER BY examples.record_id, examples.shard) <= 5
ORDER BY examples.asset, examples.reason, examples.record_id;
