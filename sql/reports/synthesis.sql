-- The Synthesizer beside the pipeline, over the shards both were run on: from the same procedural documents to
-- trajectories that passed the same rules, verification and judge. Tokens, seconds and cost are of the calls of every
-- stage after the filter, which both ways share. cost is NULL where any of it is unknown. missing_tool counts the
-- validated trajectories in which the assistant says that no tool serves: the skill "miss function" of BFCL V3.
WITH both_ways AS (
    SELECT DISTINCT shard FROM validated_synthesized_trajectories_outcomes
    INTERSECT
    SELECT DISTINCT shard FROM validated_trajectories_outcomes
), asked AS (
    -- A pilot leaves inputs for later; only what was reached counts, for either way.
    SELECT shard, parent_id AS procedure_id FROM synthesized_trajectories_outcomes SEMI JOIN both_ways USING (shard)
    WHERE reason IS DISTINCT FROM 'cancelled'
), reached AS (
    SELECT shard, record_id AS procedure_id, document_id
    FROM procedural_documents_outcomes AS procedures
    SEMI JOIN asked ON asked.shard = procedures.shard AND asked.procedure_id = procedures.record_id
), spent AS (
    SELECT 'pipeline' AS way, shard, document_id, outcome, reason, input_tokens, output_tokens, cost, seconds
    FROM workflows_outcomes
    UNION ALL SELECT 'pipeline', shard, document_id, outcome, reason, input_tokens, output_tokens, cost, seconds
    FROM draft_trajectories_outcomes
    UNION ALL SELECT 'pipeline', shard, document_id, outcome, reason, input_tokens, output_tokens, cost, seconds
    FROM refined_trajectories_outcomes
    UNION ALL SELECT 'pipeline', shard, document_id, outcome, reason, input_tokens, output_tokens, cost, seconds
    FROM validated_trajectories_outcomes
    UNION ALL SELECT 'synthesizer', shard, document_id, outcome, reason, input_tokens, output_tokens, cost, seconds
    FROM synthesized_trajectories_outcomes
    UNION ALL SELECT 'synthesizer', shard, document_id, outcome, reason, input_tokens, output_tokens, cost, seconds
    FROM validated_synthesized_trajectories_outcomes
), validated AS (
    SELECT 'pipeline' AS way, shard, document_id, payload FROM validated_trajectories_outcomes WHERE outcome = 'kept'
    UNION ALL
    SELECT 'synthesizer', shard, document_id, payload
    FROM validated_synthesized_trajectories_outcomes WHERE outcome = 'kept'
), missing AS (
    SELECT way, len(list_filter((payload->'messages')::JSON[], lambda message:
               message->>'role' = 'assistant' AND json_array_length(message->'tool_calls') = 0 AND regexp_matches(
                   message->>'content',
                   '\b(no|(not|\w+n.t) have (an?|any|the)|none of (my|the|these)|without an?|lack an?) ([a-z-]+ ){0,3}tools?\b',
                   'i'))) > 0 AS says_so, shard, document_id
    FROM validated
)
SELECT ways.way, (SELECT count(*) FROM reached) AS documents,
       coalesce((SELECT count(*) FROM validated SEMI JOIN reached USING (shard, document_id)
                 WHERE validated.way = ways.way), 0) AS validated,
       coalesce((SELECT count(DISTINCT (shard, document_id)) FROM validated SEMI JOIN reached USING (shard, document_id)
                 WHERE validated.way = ways.way), 0) AS fruitful_documents,
       coalesce((SELECT count(*) FROM missing SEMI JOIN reached USING (shard, document_id)
                 WHERE missing.way = ways.way AND says_so), 0) AS missing_tool,
       coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens, coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
       coalesce(sum(seconds), 0) AS seconds,
       CASE WHEN count(cost) = count(*) THEN coalesce(sum(cost), 0) END AS cost,
       coalesce(sum((outcome = 'rejected')::INTEGER), 0)::BIGINT AS rejected,
       coalesce(sum((outcome = 'failed')::INTEGER), 0)::BIGINT AS failed,
       coalesce(mode(reason) FILTER (outcome = 'rejected'), '') AS commonest_reason
FROM (VALUES ('pipeline'), ('synthesizer')) AS ways(way)
LEFT JOIN (SELECT * FROM spent SEMI JOIN reached USING (shard, document_id)) AS spent USING (way)
WHERE EXISTS (SELECT 1 FROM reached)
GROUP BY ways.way
ORDER BY ways.way;
