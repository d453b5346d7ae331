-- How often a model solved a task of tau2-bench.
CREATE TABLE tau2_scores (
    evaluated_model VARCHAR NOT NULL,
    domain          VARCHAR NOT NULL CHECK (domain IN ('airline', 'retail')),
    task_id         VARCHAR NOT NULL,
    trials          INTEGER NOT NULL,
    solved          INTEGER NOT NULL,   -- trials with the full reward
    mean_reward     DOUBLE NOT NULL,
    floor           DOUBLE NOT NULL,    -- reward of doing nothing
    gold_actions    INTEGER NOT NULL,
    calls           DOUBLE NOT NULL,    -- of the model, per trial
    run_id          VARCHAR NOT NULL,
    PRIMARY KEY (evaluated_model, domain, task_id),
    CHECK (solved <= trials)
);
