-- What of a trajectory stands in a benchmark, quoted.
CREATE TABLE contamination_hits (
    recipe      VARCHAR NOT NULL,
    record_id   VARCHAR NOT NULL,   -- the trajectory's row in trajectory_dataset_outcomes
    shard       VARCHAR NOT NULL,
    document_id VARCHAR NOT NULL,
    position    INTEGER NOT NULL,   -- order within the trajectory
    benchmark   VARCHAR NOT NULL,
    kind        VARCHAR NOT NULL CHECK (kind IN ('user_text', 'policy_text', 'tool_signature', 'tool_description')),
    blocking    BOOLEAN NOT NULL,   -- texts block, tools warn
    place       VARCHAR NOT NULL,
    quote       VARCHAR NOT NULL,   -- of the trajectory
    run_id      VARCHAR NOT NULL,
    PRIMARY KEY (recipe, shard, record_id, position)
);
