-- One row per workflow of a document, as far as it came: from the place of the text to the last verdict.
CREATE VIEW lineage AS
SELECT documents.document_id, documents.shard, documents.corpus, documents.source, documents.place, documents.title,
       documents.outcome AS document_outcome, documents.reason AS document_reason,
       procedures.record_id AS procedural_document_id, procedures.outcome AS filter_outcome,
       procedures.reason AS filter_reason,
       workflows.record_id AS workflow_id, workflows.outcome AS workflow_outcome, workflows.reason AS workflow_reason,
       drafts.record_id AS draft_trajectory_id, drafts.outcome AS draft_outcome, drafts.reason AS draft_reason,
       refined.record_id AS refined_trajectory_id, refined.outcome AS refined_outcome, refined.reason AS refined_reason,
       validated.record_id AS validated_trajectory_id, validated.outcome AS validated_outcome,
       validated.reason AS validated_reason
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
    ON validated.parent_id = refined.record_id AND validated.shard = refined.shard;
