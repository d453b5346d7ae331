-- One row per branch of a document, as far as it came, with what the viewer shows of each stage. Read over the
-- files of some shards. The dialogue is that of the last stage that has one; the draft stands beside a later one.
SELECT documents.shard, documents.document_id, documents.corpus, documents.source, documents.place, documents.title, documents.url,
       documents.license, documents.language, documents.payload->>'text' AS text,
       procedures.summary, procedures.platform, procedures.domains, procedures.task_category,
       [documents.record_id, procedures.record_id, workflows.record_id, drafts.record_id, refined.record_id,
        validated.record_id] AS record_ids,
       [documents.outcome, procedures.outcome, workflows.outcome, drafts.outcome, refined.outcome, validated.outcome]
           AS outcomes,
       [documents.reason, procedures.reason, workflows.reason, drafts.reason, refined.reason, validated.reason] AS reasons,
       [documents.evidence, procedures.evidence, workflows.evidence, drafts.evidence, refined.evidence,
        validated.evidence] AS evidences,
       [documents.prompt_version, procedures.prompt_version, workflows.prompt_version, drafts.prompt_version,
        refined.prompt_version, validated.prompt_version] AS prompt_versions,
       [documents.model, procedures.model, workflows.model, drafts.model, refined.model, validated.model] AS models,
       coalesce(validated.generator, refined.generator, drafts.generator, workflows.generator, procedures.generator)
           AS generator,
       coalesce(validated.payload, refined.payload, drafts.payload) AS trajectory,
       CASE WHEN coalesce(validated.payload, refined.payload) IS NOT NULL THEN drafts.payload END AS draft,
       CASE WHEN coalesce(validated.payload, refined.payload, drafts.payload) IS NULL THEN workflows.payload END AS workflow
FROM documents_outcomes AS documents
LEFT JOIN procedural_documents_outcomes AS procedures
    ON procedures.parent_id = documents.record_id AND procedures.shard = documents.shard
LEFT JOIN workflows_outcomes AS workflows
    ON workflows.parent_id = procedures.record_id AND workflows.shard = procedures.shard
LEFT JOIN draft_trajectories_outcomes AS drafts
    ON drafts.parent_id = workflows.record_id AND drafts.shard = workflows.shard
LEFT JOIN refined_trajectories_outcomes AS refined
    ON refined.parent_id = drafts.record_id AND refined.shard = drafts.shard
LEFT JOIN validated_trajectories_outcomes AS validated
    ON validated.parent_id = refined.record_id AND validated.shard = refined.shard
ORDER BY documents.shard, documents.record_id, workflows.ordinal, drafts.ordinal;
