-- The inputs that two versions of a stage have both judged, with what each made of them.
CREATE OR REPLACE TEMP TABLE paired AS
WITH rows AS (
    SELECT 'before' AS side, * FROM older
    UNION ALL
    SELECT 'after', * FROM newer
), inputs AS (
    SELECT shard, parent_id, side, any_value(document_id) AS document_id,
           CASE WHEN bool_or(outcome = 'kept') THEN 'kept' WHEN bool_or(outcome = 'failed') THEN 'failed'
                ELSE 'rejected' END AS outcome,
           count(*) FILTER (outcome = 'kept') AS records,
           min(reason) FILTER (outcome <> 'kept') AS reason
    FROM rows GROUP BY ALL
)
SELECT shard, parent_id, before.document_id,
       before.outcome AS outcome_before, after.outcome AS outcome_after,
       before.reason AS reason_before, after.reason AS reason_after,
       before.records AS records_before, after.records AS records_after
FROM (FROM inputs WHERE side = 'before') AS before JOIN (FROM inputs WHERE side = 'after') AS after USING (shard, parent_id);
