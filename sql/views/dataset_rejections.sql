-- What a recipe left out, why, and what shows it; a near-duplicate names the trajectory it resembles.
CREATE VIEW dataset_rejections AS
SELECT recipe, record_id, parent_id AS trajectory_id, document_id, shard, corpus, reason, evidence, matched_id,
       similarity, generator, model, run_id
FROM trajectory_dataset_outcomes WHERE outcome = 'rejected';
