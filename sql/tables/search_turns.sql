-- Turns that the policy wrote during a search, with what each earned.
CREATE TABLE search_turns (
    shard    VARCHAR NOT NULL,         -- the round: campaign-00001
    item_id  VARCHAR NOT NULL,
    turn     INTEGER NOT NULL,         -- in the order of writing
    node     INTEGER NOT NULL,         -- where its path ends in search_nodes
    text     VARCHAR NOT NULL,
    finished BOOLEAN NOT NULL,         -- false: it ran into the limit of tokens
    reward   DOUBLE NOT NULL,          -- 0 to 1
    credit   DOUBLE NOT NULL,          -- structure against gold, 0 to 1
    grade    DOUBLE,                   -- the policy's own opinion, 0 to 1; NULL where it was not asked
    errors   VARCHAR[] NOT NULL,       -- kinds of error against gold
    faults   VARCHAR[] NOT NULL,       -- reasons of the errors that checks find
    PRIMARY KEY (shard, item_id, turn)
);
