-- The stages in the order a document passes them.
CREATE VIEW stage_order AS
SELECT * FROM (VALUES
    (0, 'documents', 'raw_rows'),
    (1, 'procedural_documents', 'documents'),
    (2, 'workflows', 'procedural_documents'),
    (3, 'draft_trajectories', 'workflows'),
    (4, 'refined_trajectories', 'draft_trajectories'),
    (5, 'validated_trajectories', 'refined_trajectories')
) AS stages(number, asset, reads);
