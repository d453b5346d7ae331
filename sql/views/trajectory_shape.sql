-- Messages, tools and calls of every kept trajectory, in all its states.
CREATE VIEW trajectory_shape AS
SELECT regexp_replace(asset, '_trajectories$', '') AS state, record_id AS trajectory_id, shard, generator,
       message_count, tool_count, call_count, patterns
FROM outcomes JOIN stages USING (asset)
WHERE outcome = 'kept' AND stages.gives = 'Trajectory';
