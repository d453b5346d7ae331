-- The same per stage and shard, with the run that wrote it.
SELECT stages.number, runs.asset, runs.shard, runs.inputs, runs.kept, runs.rejected, runs.failed,
       runs.kept / nullif(runs.kept + runs.rejected, 0) AS yield_share,
       runs.cost, runs.seconds, runs.run_id,
       strftime(timezone('UTC', runs.finished_at), '%Y-%m-%d %H:%M') AS finished_at,
       runs.prompt_versions, runs.model, runs.code_version
FROM latest_stage_runs AS runs JOIN stages USING (asset)
ORDER BY runs.shard, stages.number;
