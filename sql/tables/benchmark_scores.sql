-- What a model scored on a part of a benchmark, one row per metric.
CREATE TABLE benchmark_scores (
    evaluated_model VARCHAR NOT NULL,
    benchmark       VARCHAR NOT NULL CHECK (benchmark IN ('bfcl', 'tau2')),
    part            VARCHAR NOT NULL,
    metric          VARCHAR NOT NULL,   -- accuracy, strict_accuracy; avg_at_4, pass_at_k, pass_hat_k
    value           DOUBLE NOT NULL CHECK (value BETWEEN 0 AND 1),
    low             DOUBLE,             -- 95 % interval; NULL where none is defined
    high            DOUBLE,
    entries         INTEGER NOT NULL,
    run_id          VARCHAR NOT NULL,
    PRIMARY KEY (evaluated_model, benchmark, part, metric)
);
