-- One row for each time a recipe's data set was built.
CREATE TABLE dataset_runs (
    recipe          VARCHAR NOT NULL,
    run_id          VARCHAR NOT NULL,
    started_at      TIMESTAMPTZ NOT NULL,
    finished_at     TIMESTAMPTZ NOT NULL,
    asset           VARCHAR NOT NULL,  -- where it took trajectories from
    inputs          INTEGER NOT NULL,  -- inputs = kept + rejected
    kept            INTEGER NOT NULL,
    rejected        INTEGER NOT NULL,
    reasons         JSON NOT NULL,     -- rows by reason
    splits          JSON NOT NULL,     -- rows by split
    contamination   JSON NOT NULL,     -- per benchmark: checked against what, or not checked and why
    recipe_json     JSON NOT NULL,     -- the recipe as it was
    input_version   VARCHAR NOT NULL,  -- of the trajectories it could choose from
    data_version    VARCHAR NOT NULL,  -- of what it chose; equal rows, equal version
    PRIMARY KEY (recipe, run_id)
);
