-- Under which circumstances a model got its scores on a part of a benchmark.
CREATE TABLE benchmark_runs (
    evaluated_model  VARCHAR NOT NULL,
    benchmark        VARCHAR NOT NULL CHECK (benchmark IN ('bfcl', 'tau2')),
    part             VARCHAR NOT NULL,   -- BFCL's category, tau2's domain
    run_id           VARCHAR NOT NULL,
    finished_at      TIMESTAMPTZ NOT NULL,
    model            VARCHAR NOT NULL,
    base_url         VARCHAR,
    mode             VARCHAR NOT NULL,   -- fc: the server parses calls; prompt: the harness does
    thinking         VARCHAR NOT NULL,   -- on, off, or default: the server's
    settings         JSON NOT NULL,      -- of the evaluated model, whole
    settings_hash    VARCHAR NOT NULL,
    harness          VARCHAR NOT NULL,   -- package and version
    harness_hash     VARCHAR NOT NULL,   -- of its code and data
    data_hash        VARCHAR NOT NULL,   -- of this part's data
    python           VARCHAR NOT NULL,
    oracle           DOUBLE NOT NULL CHECK (oracle = 1),  -- share right of the benchmark's own answers
    floor            DOUBLE NOT NULL,    -- share right of doing nothing, in the same environment
    entries          INTEGER NOT NULL,   -- scored
    whole            INTEGER NOT NULL,   -- of the part; a score over fewer is no published score
    refused          INTEGER NOT NULL,   -- entries the server refused (too long, filtered): they count as wrong
    unparsed_calls   INTEGER NOT NULL,   -- answers with the marks of a call that the server did not parse
    requests         BIGINT NOT NULL,
    input_tokens     BIGINT NOT NULL,
    output_tokens    BIGINT NOT NULL,
    cost             DOUBLE,             -- US dollars; NULL: unknown
    seconds          DOUBLE NOT NULL,    -- wall clock of the answering
    user_model       VARCHAR,            -- tau2: who played the user
    judge_model      VARCHAR,            -- tau2 v1: who had a say in rewards
    incomparable     VARCHAR,            -- why it cannot stand beside the paper's scores even when whole; NULL: it can
    recipe           VARCHAR,            -- the data set it was trained on
    decontamination  VARCHAR NOT NULL,   -- the verdict on that data set
    PRIMARY KEY (evaluated_model, benchmark, part)
);
