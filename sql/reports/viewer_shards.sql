-- Every shard with what its viewer files are made from: they are written again when one of these changes.
SELECT runs.shard,
       md5(string_agg(concat_ws('|', runs.asset, runs.data_version, runs.prompt_versions::VARCHAR, runs.model), ';'
           ORDER BY stages.number)) AS content,
       (SELECT md5(string_agg(logged.asset || logged.run_id, ';' ORDER BY logged.asset, logged.run_id))
        FROM stage_runs AS logged WHERE logged.shard = runs.shard) AS history
FROM latest_stage_runs AS runs JOIN stages USING (asset)
GROUP BY runs.shard
ORDER BY runs.shard;
