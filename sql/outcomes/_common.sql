-- What every table of outcomes has. `{columns}`: a stage's own; `{NAME}` in its file: those of `_NAME.sql`.
CREATE TABLE {table} (
    record_id      VARCHAR NOT NULL,     -- hash(stage, parent_id, ordinal)
    parent_id      VARCHAR NOT NULL,     -- the input this row judges
    ordinal        INTEGER NOT NULL,     -- which child of the input; 0 where the input itself was judged
    document_id    VARCHAR NOT NULL,
    shard          VARCHAR NOT NULL,
    outcome        VARCHAR NOT NULL CHECK (outcome IN ('kept', 'rejected', 'failed')),
    reason         VARCHAR,
    evidence       VARCHAR,
{columns}
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
