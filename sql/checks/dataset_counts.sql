-- A recipe's data set holds what its run says: inputs = kept + rejected, and so many rows of each.
SELECT runs.recipe, runs.inputs, runs.kept, runs.rejected, held.kept AS held_kept, held.rejected AS held_rejected
FROM latest_dataset_runs AS runs
LEFT JOIN (
    SELECT recipe, count(*) FILTER (outcome = 'kept') AS kept, count(*) FILTER (outcome = 'rejected') AS rejected
    FROM trajectory_dataset_outcomes GROUP BY recipe
) AS held USING (recipe)
WHERE runs.inputs <> runs.kept + runs.rejected
   OR runs.kept <> coalesce(held.kept, 0)
   OR runs.rejected <> coalesce(held.rejected, 0);
