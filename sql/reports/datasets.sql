-- What each recipe chose out of the trajectories when its data set was last built.
SELECT recipe, asset, inputs, kept, rejected, reasons, splits,
       strftime(timezone('UTC', finished_at), '%Y-%m-%d %H:%M') AS finished_at
FROM latest_dataset_runs
ORDER BY recipe;
