-- Kept records that stand on a document taken out with `gem drop`: they go when their shard is materialised again.
CREATE VIEW dropped_records AS
SELECT asset, shard, record_id, document_id FROM outcomes
WHERE outcome = 'kept'
  AND document_id IN (SELECT document_id FROM dropped_documents)
  AND NOT EXISTS (SELECT 1 FROM raw_rows WHERE raw_rows.document_id = outcomes.document_id AND raw_rows.shard = outcomes.shard);
