-- Append-only: one row for each time a stage wrote a shard.
CREATE TABLE stage_runs (
    asset           VARCHAR NOT NULL,
    shard           VARCHAR NOT NULL,
    run_id          VARCHAR NOT NULL,
    started_at      TIMESTAMPTZ NOT NULL,
    finished_at     TIMESTAMPTZ NOT NULL,
    inputs          INTEGER NOT NULL,
    kept            INTEGER NOT NULL,  -- inputs with at least one kept child
    rejected        INTEGER NOT NULL,
    failed          INTEGER NOT NULL,
    kept_rows       INTEGER NOT NULL,
    rejected_rows   INTEGER NOT NULL,
    reasons         MAP(VARCHAR, INTEGER) NOT NULL,  -- rows by reason, rejected and failed alike
    input_tokens    BIGINT NOT NULL,
    output_tokens   BIGINT NOT NULL,
    cost            DOUBLE,
    seconds         DOUBLE NOT NULL,
    prompt_versions VARCHAR[] NOT NULL,
    model           VARCHAR,           -- identity asked for: name and sampling
    code_version    VARCHAR NOT NULL,  -- hash of made_with
    made_with       MAP(VARCHAR, VARCHAR),  -- prompts, model, settings, code and libraries; NULL in runs older than the column
    input_version   VARCHAR NOT NULL,  -- data version of what was read
    data_version    VARCHAR NOT NULL,  -- of what was written; equal rows, equal version
    PRIMARY KEY (asset, shard, run_id)
);
