-- What a recipe may choose from: the kept trajectories of three stages, and those that nobody but the judge rejected.
-- Validation writes nothing anew, so writer, model and prompt are those of the refinement it judged.
CREATE VIEW dataset_candidates AS
WITH trajectories AS (
    SELECT 'draft' AS stage, record_id, parent_id, document_id, shard, outcome, reason, generator, model, prompt_version,
           NULL::VARCHAR AS judge_status, content_hash, payload
    FROM draft_trajectories_outcomes
    WHERE outcome = 'kept'
    UNION ALL
    SELECT 'refined' AS stage, record_id, parent_id, document_id, shard, outcome, reason, generator, model, prompt_version,
           NULL::VARCHAR AS judge_status, content_hash, payload
    FROM refined_trajectories_outcomes
    WHERE outcome = 'kept'
    UNION ALL
    SELECT 'validated' AS stage, record_id, parent_id, document_id, shard, outcome, reason, generator, model, prompt_version,
           judge_status AS judge_status, content_hash, payload
    FROM validated_trajectories_outcomes
    WHERE outcome = 'kept' OR (outcome = 'rejected' AND starts_with(reason, 'judge_') AND payload IS NOT NULL)
), versions AS (
    SELECT document_id, shard, max(version) AS version,
           max(max(version)) OVER (PARTITION BY document_id) AS newest_version
    FROM raw_rows GROUP BY document_id, shard
)
SELECT trajectories.stage, trajectories.record_id, trajectories.document_id, trajectories.shard,
       coalesce(documents.corpus, regexp_replace(trajectories.shard, '-[0-9]{5}$', '')) AS corpus,
       documents.license, documents.language, coalesce(versions.version < versions.newest_version, false) AS superseded,
       coalesce(trajectories.generator, refined.generator) AS generator,
       coalesce(refined.model, trajectories.model) AS model,
       coalesce(refined.prompt_version, trajectories.prompt_version) AS prompt_version,
       trajectories.judge_status, trajectories.reason AS judge_reason, trajectories.content_hash,
       trajectories.payload
FROM trajectories
LEFT JOIN documents_outcomes AS documents
    ON documents.record_id = trajectories.document_id AND documents.shard = trajectories.shard
LEFT JOIN versions
    ON versions.document_id = trajectories.document_id AND versions.shard = trajectories.shard
LEFT JOIN refined_trajectories_outcomes AS refined
    ON refined.record_id = trajectories.parent_id AND refined.shard = trajectories.shard
   AND refined.outcome = 'kept' AND trajectories.stage = 'validated';
