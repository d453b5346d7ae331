-- What each policy of a campaign answers to held-out turns, at temperature 0. Round 0 is the warmed-up policy.
CREATE TABLE itool_evaluations (
    shard       VARCHAR NOT NULL,      -- the round whose policy answered: campaign-00001
    item_id     VARCHAR NOT NULL,
    policy      VARCHAR NOT NULL,
    with_tool   BOOLEAN NOT NULL,      -- gold calls a tool
    text        VARCHAR NOT NULL,
    finished    BOOLEAN NOT NULL,      -- false: it ran into the limit of tokens
    exact       BOOLEAN NOT NULL,      -- every call is gold's, or none is made where gold makes none
    credit      DOUBLE NOT NULL,       -- structure against gold, 0 to 1
    errors      VARCHAR[] NOT NULL,    -- kinds of error
    run_id      VARCHAR NOT NULL,
    PRIMARY KEY (shard, item_id)
);
