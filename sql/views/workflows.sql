-- Workflows with tools and constraints.
CREATE VIEW workflows AS
SELECT record_id AS workflow_id, parent_id AS procedural_document_id, document_id, shard, ordinal, description,
       step_count, tool_count, constraint_count, predicate_count,
       payload->'steps' AS steps, payload->'execution_graph' AS execution_graph, payload->'tools' AS tools,
       payload->'constraints' AS constraints,
       prompt_version, model, generator, content_hash, run_id
FROM workflows_outcomes WHERE outcome = 'kept';
