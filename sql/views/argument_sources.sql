-- Where every argument value of every judged trajectory comes from: lineage inside the dialogue.
CREATE VIEW argument_sources AS
SELECT asset, trajectory_id, document_id, shard, outcome, unnest(source)
FROM (
    SELECT asset, record_id AS trajectory_id, document_id, shard, outcome,
           unnest(from_json(payload->'argument_sources', '[{
               "call_message": "INTEGER", "call_id": "VARCHAR", "tool": "VARCHAR", "path": "VARCHAR",
               "value": "VARCHAR", "kind": "VARCHAR", "message": "INTEGER", "source_path": "VARCHAR",
               "span": "INTEGER[]", "derivation": "VARCHAR"}]')) AS source
    FROM outcomes
    WHERE payload IS NOT NULL AND asset IN (SELECT asset FROM stages WHERE gives = 'Trajectory' AND authorship = 'judges')
);
