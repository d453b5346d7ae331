-- What each round knew of each item: how hard it is for the policy, and whether the round searches it.
CREATE TABLE itool_items (
    shard          VARCHAR NOT NULL,   -- the round: campaign-00001
    item_id        VARCHAR NOT NULL,
    source         VARCHAR NOT NULL,   -- the training row, or the file with the place in it
    document_id    VARCHAR,
    trajectory_id  VARCHAR,
    turn           INTEGER NOT NULL,   -- the message's index
    split          VARCHAR NOT NULL CHECK (split IN ('train', 'validation', 'test')),
    with_tool      BOOLEAN NOT NULL,   -- gold calls a tool
    policy         VARCHAR NOT NULL,   -- the model that was asked
    perplexity     DOUBLE,             -- of gold, 1 is certain; NULL where there is no gold
    previous       DOUBLE,             -- under the policy of the round before
    difficulty     VARCHAR NOT NULL CHECK (difficulty IN ('easy', 'medium', 'hard')),
    selected       BOOLEAN NOT NULL,
    times_selected INTEGER NOT NULL,
    run_id         VARCHAR NOT NULL,
    PRIMARY KEY (shard, item_id)
);
