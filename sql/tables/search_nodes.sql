-- Search trees, a fragment per row. A node's path from the root (node 0) is the text of the turn so far.
CREATE TABLE search_nodes (
    shard       VARCHAR NOT NULL,      -- the round: campaign-00001
    item_id     VARCHAR NOT NULL,
    node        INTEGER NOT NULL,
    parent      INTEGER,
    depth       INTEGER NOT NULL,
    kind        VARCHAR NOT NULL CHECK (kind IN ('root', 'sentence', 'name', 'key', 'value', 'end')),
    fragment    VARCHAR NOT NULL,
    prior       DOUBLE NOT NULL,       -- mean probability of the fragment's tokens under the policy
    probability DOUBLE NOT NULL,       -- of the whole fragment
    visits      INTEGER NOT NULL,      -- written turns that pass here
    value       DOUBLE NOT NULL,       -- their mean reward
    attempts    INTEGER NOT NULL,      -- how often the policy was asked to go on from here
    chosen      BOOLEAN NOT NULL,      -- a preference pair prefers it
    rejected    BOOLEAN NOT NULL,      -- a preference pair turns it down
    PRIMARY KEY (shard, item_id, node),
    CHECK ((parent IS NULL) = (kind = 'root'))
);
