-- What the checks found, one row per finding, of every stage that keeps findings. The first error of a trajectory
-- rejected it, in refinement under a reason of its own (`rejected_for`). Old rows call errors decidable, warnings advisory.
CREATE VIEW findings AS
WITH found AS (
    SELECT record_id AS trajectory_id, document_id, shard, asset, outcome, reason AS rejected_for, generator,
           unnest(from_json(findings, '[{
               "reason": "VARCHAR", "evidence": "VARCHAR", "message": "INTEGER", "kind": "VARCHAR",
               "level": "VARCHAR", "other_message": "INTEGER", "path": "VARCHAR", "span": "INTEGER[]"}]')) AS finding
    FROM outcomes
    WHERE findings IS NOT NULL
), columns AS (
    SELECT trajectory_id, document_id, shard, asset, outcome, rejected_for, generator, unnest(finding)
    FROM found
)
SELECT * REPLACE (CASE level WHEN 'decidable' THEN 'error' WHEN 'advisory' THEN 'warning' ELSE level END AS level)
FROM columns;
