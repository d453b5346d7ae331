-- What rules and verification found, one row per finding; the first decidable one of a trajectory rejected it.
CREATE VIEW findings AS
SELECT asset, trajectory_id, document_id, shard, outcome, generator, unnest(finding)
FROM (
    SELECT asset, record_id AS trajectory_id, document_id, shard, outcome, generator,
           unnest(from_json(findings, '[{
               "reason": "VARCHAR", "evidence": "VARCHAR", "message": "INTEGER", "kind": "VARCHAR",
               "level": "VARCHAR", "other_message": "INTEGER", "path": "VARCHAR", "span": "INTEGER[]"}]')) AS finding
    FROM outcomes
    WHERE findings IS NOT NULL
);
