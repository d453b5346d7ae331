-- The run that chose what a recipe's data set holds now.
CREATE VIEW latest_dataset_runs AS
SELECT * FROM dataset_runs
QUALIFY row_number() OVER (PARTITION BY recipe ORDER BY finished_at DESC, run_id DESC) = 1;
