-- Asset 9: what rules and judge concluded of synthesized trajectories.
CREATE TABLE validated_synthesized_trajectories_outcomes (
    record_id      VARCHAR NOT NULL,     -- hash(stage, parent_id, ordinal)
    parent_id      VARCHAR NOT NULL,     -- the input this row judges
    ordinal        INTEGER NOT NULL,     -- which child of the input; 0 where the input itself was judged
    document_id    VARCHAR NOT NULL,
    shard          VARCHAR NOT NULL,
    outcome        VARCHAR NOT NULL CHECK (outcome IN ('kept', 'rejected', 'failed')),
    reason         VARCHAR,
    evidence       VARCHAR,
    message_count  INTEGER,              -- all messages but the system's, as the paper counts turns
    tool_count     INTEGER,              -- distinct tools called
    offered_tool_count INTEGER,
    call_count     INTEGER,
    patterns       VARCHAR[],
    judge_status   VARCHAR,              -- passed, failed, not run (no model), not asked (stopped by a rule)
    judgement      JSON,
    findings       JSON,                 -- of all checks; the first error rejects
    error_findings INTEGER,
    warning_findings INTEGER,
    grounded_share DOUBLE,               -- argument values whose source is known; see argument_sources
    sourced_share  DOUBLE,               -- rules of the system message that stand in the source
    refinement_fallback VARCHAR,         -- always NULL: nothing was refined
    prompt_version VARCHAR,              -- name@hash of the prompt file
    model          VARCHAR,              -- the model that answered
    generator      VARCHAR,              -- 'model' or 'offline/procedural'
    recovered      BOOLEAN NOT NULL,     -- read only after a repair turn
    call_keys      VARCHAR[] NOT NULL,   -- keys in the journal
    input_tokens   BIGINT NOT NULL,
    output_tokens  BIGINT NOT NULL,
    cost           DOUBLE,               -- US dollars; NULL is unknown, not free
    seconds        DOUBLE NOT NULL,
    run_id         VARCHAR NOT NULL,
    code_version   VARCHAR NOT NULL,
    content_hash   VARCHAR,
    payload        JSON,                 -- the record; on a rejected row, as far as it came
    PRIMARY KEY (shard, record_id),      -- a superseded version keeps its id, in another shard
    UNIQUE (shard, parent_id, ordinal),
    CHECK (outcome <> 'kept' OR payload IS NOT NULL),
    CHECK ((outcome = 'kept') = (reason IS NULL))
);
