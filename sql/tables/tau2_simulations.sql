-- A conversation of a model with tau2-bench's simulated user, as the harness scored it.
CREATE TABLE tau2_simulations (
    evaluated_model VARCHAR NOT NULL,
    domain          VARCHAR NOT NULL CHECK (domain IN ('airline', 'retail')),
    task_id         VARCHAR NOT NULL,
    trial           INTEGER NOT NULL,
    seed            BIGINT NOT NULL,
    reward          DOUBLE,             -- 1: solved; NULL where the simulation broke
    termination     VARCHAR,            -- user_stop, agent_stop, max_steps, too_many_errors; unreadable_answer: no JSON, or nothing
    database_right  BOOLEAN,            -- what it left in the database is what it should be
    told_all        BOOLEAN,            -- it told the user what had to be told
    calls           INTEGER NOT NULL,   -- of the model
    messages        JSON,
    error_kind      VARCHAR CHECK (error_kind IN ('failed', 'refused')),  -- failed: simulated again by the next run
    error           VARCHAR,
    settings_hash   VARCHAR NOT NULL,
    run_id          VARCHAR NOT NULL,
    PRIMARY KEY (evaluated_model, domain, task_id, trial),
    CHECK ((error_kind IS NULL) = (error IS NULL))
);
