-- Training rows for the Trajectory Synthesizer: instruction and text, then tools and trajectory in the paper's tags.
CREATE TABLE synthesizer_examples (
    recipe        VARCHAR NOT NULL,
    example_id    VARCHAR NOT NULL,   -- the trajectory's row in trajectory_dataset_outcomes
    shard         VARCHAR NOT NULL,
    document_id   VARCHAR NOT NULL,
    split         VARCHAR NOT NULL CHECK (split IN ('train', 'validation', 'test')),
    instruction   VARCHAR NOT NULL,
    text          VARCHAR NOT NULL,   -- of the document
    answer        VARCHAR NOT NULL,   -- <toolsets>, then the dialogue
    token_count   INTEGER NOT NULL,   -- of instruction, text and answer as a chat
    token_counter VARCHAR NOT NULL,
    corpus        VARCHAR NOT NULL,
    license       VARCHAR,
    generator     VARCHAR,
    model         VARCHAR,
    judge_status  VARCHAR,
    content_hash  VARCHAR NOT NULL,   -- of text and answer
    run_id        VARCHAR NOT NULL,
    PRIMARY KEY (recipe, shard, example_id)
);
