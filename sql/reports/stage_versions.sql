-- Per stage, shard and version of what made it (code_version stands for prompt, model, sampling, schema and
-- logic), the last run with it, and whether the shard holds that run's rows now.
SELECT runs.asset, runs.shard, runs.code_version, runs.prompt_versions, runs.model, runs.input_version, runs.run_id,
       strftime(timezone('UTC', runs.finished_at), '%Y-%m-%d %H:%M:%S') AS finished_at,
       runs.run_id = latest.run_id AS is_current
FROM stage_runs AS runs JOIN latest_stage_runs AS latest USING (asset, shard) JOIN stages USING (asset)
QUALIFY row_number() OVER (
    PARTITION BY runs.asset, runs.shard, runs.code_version ORDER BY runs.finished_at DESC, runs.run_id DESC) = 1
ORDER BY stages.number, runs.shard, runs.finished_at;
