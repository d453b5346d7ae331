-- One row per input of a stage: kept where any child was kept, else failed where any failed, else rejected.
CREATE VIEW stage_inputs AS
SELECT asset, shard, parent_id,
       CASE WHEN bool_or(outcome = 'kept') THEN 'kept'
            WHEN bool_or(outcome = 'failed') THEN 'failed'
            ELSE 'rejected' END AS outcome,
       count(*) FILTER (outcome = 'kept') AS kept_children,
       min(reason) FILTER (outcome <> 'kept') AS reason
FROM outcomes
GROUP BY asset, shard, parent_id;
