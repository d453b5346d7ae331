-- A recipe's choice: every trajectory it could take, kept with its split or rejected with what shows why.
CREATE TABLE trajectory_dataset_outcomes (
    recipe         VARCHAR NOT NULL,
    record_id      VARCHAR NOT NULL,     -- hash(stage, parent_id, ordinal)
    parent_id      VARCHAR NOT NULL,     -- the trajectory this row judges
    ordinal        INTEGER NOT NULL,     -- always 0
    document_id    VARCHAR NOT NULL,
    shard          VARCHAR NOT NULL,     -- where the trajectory stands
    outcome        VARCHAR NOT NULL CHECK (outcome IN ('kept', 'rejected')),
    reason         VARCHAR,
    evidence       VARCHAR,              -- for a duplicate or contamination: what it matches
    matched_id     VARCHAR,              -- the trajectory it is a near-duplicate of
    similarity     DOUBLE,               -- Jaccard similarity to it
    split          VARCHAR CHECK (split IN ('train', 'validation', 'test')),
    document_group VARCHAR,              -- documents that resemble each other share one, and so a split
    corpus         VARCHAR NOT NULL,
    license        VARCHAR,
    judge_status   VARCHAR,              -- passed, failed, not run (no model); NULL where the stage has none
    platform       VARCHAR,
    domains        VARCHAR[],
    task_category  VARCHAR,
    message_count  INTEGER,              -- all messages but the system's, as the paper counts turns
    tool_count     INTEGER,              -- distinct tools called
    offered_tool_count INTEGER,
    call_count     INTEGER,
    patterns       VARCHAR[],
    prompt_version VARCHAR,
    model          VARCHAR,
    generator      VARCHAR,
    recovered      BOOLEAN NOT NULL,
    call_keys      VARCHAR[] NOT NULL,
    input_tokens   BIGINT NOT NULL,
    output_tokens  BIGINT NOT NULL,
    cost           DOUBLE,
    seconds        DOUBLE NOT NULL,
    run_id         VARCHAR NOT NULL,
    code_version   VARCHAR NOT NULL,     -- hash of the recipe and of this step's logic
    content_hash   VARCHAR,
    payload        JSON,                 -- the trajectory; only on kept rows
    PRIMARY KEY (recipe, shard, record_id),
    CHECK (outcome <> 'kept' OR payload IS NOT NULL),
    CHECK ((outcome = 'kept') = (reason IS NULL)),
    CHECK ((outcome = 'kept') = (split IS NOT NULL))
);
