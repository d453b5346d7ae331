-- The inputs whose outcome or reason is another: what was lost first, then what was gained, then other reasons.
SELECT shard, parent_id, document_id, outcome_before, outcome_after, reason_before, reason_after,
       count(*) OVER () AS all_changed
FROM paired
WHERE outcome_before <> outcome_after OR reason_before IS DISTINCT FROM reason_after AND outcome_after <> 'kept'
ORDER BY outcome_before = 'kept' DESC, outcome_after = 'kept' DESC, reason_after, parent_id
LIMIT 60;
