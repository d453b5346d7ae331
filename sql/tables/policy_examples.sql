-- Training rows for an agent: messages and tools in the OpenAI shape.
CREATE TABLE policy_examples (
    recipe        VARCHAR NOT NULL,
    example_id    VARCHAR NOT NULL,   -- the trajectory's row in trajectory_dataset_outcomes
    shard         VARCHAR NOT NULL,
    document_id   VARCHAR NOT NULL,
    split         VARCHAR NOT NULL CHECK (split IN ('train', 'validation', 'test')),
    messages      JSON NOT NULL,      -- arguments as JSON text, content never null
    tools         JSON NOT NULL,
    unlearned     INTEGER[] NOT NULL, -- messages with a wrong call that is repaired later: no loss on them
    token_count   INTEGER NOT NULL,   -- of the text rendered with the Qwen3 non-thinking template
    token_counter VARCHAR NOT NULL,
    corpus        VARCHAR NOT NULL,
    license       VARCHAR,
    generator     VARCHAR,
    model         VARCHAR,
    judge_status  VARCHAR,
    content_hash  VARCHAR NOT NULL,   -- of messages and tools
    run_id        VARCHAR NOT NULL,   -- the run that chose the data set
    PRIMARY KEY (recipe, shard, example_id)
);
