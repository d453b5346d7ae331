-- What was counted: inputs of both versions, those that one could not judge, and the records kept.
SELECT count(*) AS inputs,
       count(*) FILTER (outcome_before = 'failed' OR outcome_after = 'failed') AS failed,
       coalesce(sum(records_before), 0)::BIGINT AS records_before,
       coalesce(sum(records_after), 0)::BIGINT AS records_after
FROM paired;
