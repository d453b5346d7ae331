-- The errors behind rejections that name something else: which checks a refinement broke that lost its validity.
SELECT asset, rejected_for, reason, count(*) AS findings, count(DISTINCT (trajectory_id, shard)) AS trajectories,
       min_by(trajectory_id, trajectory_id || shard) AS record_id, min_by(shard, trajectory_id || shard) AS shard
FROM findings
WHERE outcome = 'rejected' AND coalesce(level, 'error') = 'error'
  AND NOT starts_with(rejected_for, 'rule_') AND NOT starts_with(rejected_for, 'verify_')
GROUP BY ALL
ORDER BY asset, rejected_for, trajectories DESC, reason;
