-- What the checks found in trajectories, by stage: how often, and in how many of them.
SELECT asset, coalesce(kind, 'rule') AS kind, coalesce(level, 'error') AS level, reason,
       count(*) AS findings, count(DISTINCT (trajectory_id, shard)) AS trajectories,
       min_by(trajectory_id, trajectory_id || shard) AS record_id, min_by(shard, trajectory_id || shard) AS shard
FROM findings
GROUP BY ALL
ORDER BY findings DESC, reason, asset;
