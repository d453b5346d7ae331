-- Per document, its inputs that both versions judged: kept by both, by one alone, by neither.
SELECT count(*) FILTER (outcome_before = 'kept' AND outcome_after = 'kept') AS both,
       count(*) FILTER (outcome_before <> 'kept' AND outcome_after = 'kept') AS gained,
       count(*) FILTER (outcome_before = 'kept' AND outcome_after <> 'kept') AS lost,
       count(*) FILTER (outcome_before <> 'kept' AND outcome_after <> 'kept') AS neither
FROM paired WHERE outcome_before <> 'failed' AND outcome_after <> 'failed'
GROUP BY document_id, shard;
