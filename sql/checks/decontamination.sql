-- Nothing that was chosen has words of a benchmark's user messages, tasks or policies.
SELECT hits.recipe, hits.shard, hits.record_id, hits.benchmark, hits.place, hits.quote
FROM contamination_hits AS hits
JOIN trajectory_dataset_outcomes AS chosen USING (recipe, shard, record_id)
WHERE hits.blocking AND chosen.outcome = 'kept';
