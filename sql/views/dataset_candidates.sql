-- What a recipe may choose from: the kept trajectories of each stage that gives any, and those that nobody but the
-- judge rejected. A stage that judges writes nothing anew, so writer, model and prompt are those of the trajectory
-- it judged.
CREATE VIEW dataset_candidates AS
WITH trajectories AS (
    SELECT asset, regexp_replace(asset, '_trajectories$', '') AS stage, record_id, parent_id, document_id, shard, outcome,
           reason, generator, model, prompt_version, judge_status, content_hash, payload,
           stages.authorship = 'judges' AS judged, stages.reads
    FROM outcomes JOIN stages USING (asset)
    WHERE stages.gives = 'Trajectory' AND payload IS NOT NULL
      AND (outcome = 'kept' OR (outcome = 'rejected' AND starts_with(reason, 'judge_')))
), versions AS (
    SELECT document_id, shard, max(version) AS version,
           max(max(version)) OVER (PARTITION BY document_id) AS newest_version
    FROM raw_rows GROUP BY document_id, shard
)
SELECT trajectories.stage, trajectories.record_id, trajectories.document_id, trajectories.shard,
       coalesce(documents.corpus, regexp_replace(trajectories.shard, '-[0-9]{5}$', '')) AS corpus,
       documents.license, documents.language, coalesce(versions.version < versions.newest_version, false) AS superseded,
       coalesce(trajectories.generator, written.generator) AS generator,
       coalesce(written.model, trajectories.model) AS model,
       coalesce(written.prompt_version, trajectories.prompt_version) AS prompt_version,
       trajectories.judge_status, trajectories.reason AS judge_reason, trajectories.content_hash,
       trajectories.payload
FROM trajectories
LEFT JOIN documents_outcomes AS documents
    ON documents.record_id = trajectories.document_id AND documents.shard = trajectories.shard
LEFT JOIN versions
    ON versions.document_id = trajectories.document_id AND versions.shard = trajectories.shard
LEFT JOIN outcomes AS written
    ON written.asset = trajectories.reads AND written.record_id = trajectories.parent_id
   AND written.shard = trajectories.shard AND written.outcome = 'kept' AND trajectories.judged;
