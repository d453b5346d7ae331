-- Preference pairs at forks of search trees. The prompt ends inside the assistant's turn, where the two diverge.
CREATE TABLE preference_pairs (
    shard             VARCHAR NOT NULL,   -- the round: campaign-00001
    pair_id           VARCHAR NOT NULL,   -- hash of prompt, chosen and rejected
    item_id           VARCHAR NOT NULL,
    document_id       VARCHAR,
    trajectory_id     VARCHAR,
    kind              VARCHAR NOT NULL,   -- of the diverging fragment
    error_type        VARCHAR NOT NULL
        CHECK (error_type IN ('syntax', 'tool_count', 'tool_choice', 'name', 'count', 'value', 'other')),
    prompt            VARCHAR NOT NULL,
    chosen            VARCHAR NOT NULL,
    rejected          VARCHAR NOT NULL,
    chosen_fragment   VARCHAR NOT NULL,
    rejected_fragment VARCHAR NOT NULL,
    chosen_node       INTEGER NOT NULL,   -- in search_nodes
    rejected_node     INTEGER NOT NULL,
    chosen_value      DOUBLE NOT NULL,    -- mean reward of the turns through the fragment
    rejected_value    DOUBLE NOT NULL,
    chosen_reward     DOUBLE NOT NULL,    -- of the turn that is learnt
    rejected_reward   DOUBLE NOT NULL,
    run_id            VARCHAR NOT NULL,
    PRIMARY KEY (shard, pair_id),
    CHECK (chosen <> rejected)
);
