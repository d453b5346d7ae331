-- One row per record that nothing was made of, on every way: its document, and the path of records from there to it.
CREATE VIEW lineage AS
WITH RECURSIVE walked AS (
    SELECT outcomes.shard, outcomes.document_id, outcomes.asset, outcomes.record_id, outcomes.outcome, outcomes.reason,
           [{asset: outcomes.asset, record_id: outcomes.record_id, outcome: outcomes.outcome, reason: outcomes.reason}] AS path
    FROM outcomes JOIN stages USING (asset)
    WHERE stages.reads = 'raw_rows'
    UNION ALL
    SELECT child.shard, child.document_id, child.asset, child.record_id, child.outcome, child.reason,
           list_append(walked.path, {asset: child.asset, record_id: child.record_id, outcome: child.outcome, reason: child.reason})
    FROM walked
    JOIN outcomes AS child ON child.parent_id = walked.record_id AND child.shard = walked.shard
    JOIN stages ON stages.asset = child.asset AND stages.reads = walked.asset
)
SELECT walked.document_id, walked.shard, documents.corpus, documents.source, documents.place, documents.title,
       walked.asset, walked.record_id, walked.outcome, walked.reason, walked.path
FROM walked
JOIN documents_outcomes AS documents ON documents.record_id = walked.path[1].record_id AND documents.shard = walked.shard
WHERE NOT EXISTS (SELECT 1 FROM outcomes AS child JOIN stages ON stages.asset = child.asset
                  WHERE child.parent_id = walked.record_id AND child.shard = walked.shard AND stages.reads = walked.asset);
