-- The run that wrote what a shard holds now.
CREATE VIEW latest_stage_runs AS
SELECT * FROM stage_runs
QUALIFY row_number() OVER (PARTITION BY asset, shard ORDER BY finished_at DESC, run_id DESC) = 1;
