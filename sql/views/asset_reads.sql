-- What each asset of a shard reads: the stages in their order, and the Synthesizer's way beside them.
CREATE VIEW asset_reads AS
SELECT asset, reads FROM stage_order
UNION ALL
SELECT * FROM (VALUES
    ('synthesized_trajectories', 'procedural_documents'),
    ('validated_synthesized_trajectories', 'synthesized_trajectories')
) AS synthesis(asset, reads);
