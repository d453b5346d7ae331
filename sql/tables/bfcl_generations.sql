-- What a model answered to an entry of BFCL, as the harness wrote it down.
CREATE TABLE bfcl_generations (
    evaluated_model VARCHAR NOT NULL,
    category        VARCHAR NOT NULL CHECK (category IN ('base', 'miss_func', 'miss_param', 'long_context')),
    entry_id        VARCHAR NOT NULL,
    result          JSON NOT NULL,      -- per turn its steps: calls, or words
    error_kind      VARCHAR CHECK (error_kind IN ('failed', 'refused')),  -- failed: asked again by the next run
    error           VARCHAR,
    input_tokens    BIGINT NOT NULL,
    output_tokens   BIGINT NOT NULL,
    seconds         DOUBLE NOT NULL,    -- the model's, over all steps
    settings_hash   VARCHAR NOT NULL,
    run_id          VARCHAR NOT NULL,
    PRIMARY KEY (evaluated_model, category, entry_id),
    CHECK ((error_kind IS NULL) = (error IS NULL))
);
