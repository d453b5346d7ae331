-- How BFCL's checker judged an entry, with what one slices by.
CREATE TABLE bfcl_scores (
    evaluated_model VARCHAR NOT NULL,
    category        VARCHAR NOT NULL CHECK (category IN ('base', 'miss_func', 'miss_param', 'long_context')),
    entry_id        VARCHAR NOT NULL,
    correct         BOOLEAN NOT NULL,   -- the official verdict
    strict_correct  BOOLEAN NOT NULL,   -- and no call in a turn that lacks a tool or a value
    error_type      VARCHAR,            -- the checker's
    error_message   VARCHAR,
    wrong_turn      INTEGER,            -- of a wrong entry: the first, from 1, that departs from the true calls; NULL: none does
    fragment_errors VARCHAR[] NOT NULL, -- of a wrong entry: iTool's kinds of error in that turn
    error_kind      VARCHAR,            -- refused: the server took no such request (too long, filtered)
    turns           INTEGER NOT NULL,
    tools           INTEGER NOT NULL,   -- offered over all turns
    truth_calls     INTEGER NOT NULL,
    classes         VARCHAR[] NOT NULL, -- of the backends involved
    steps           INTEGER NOT NULL,   -- of the model, with calls
    calls           INTEGER NOT NULL,   -- of the model
    input_tokens    BIGINT NOT NULL,
    output_tokens   BIGINT NOT NULL,
    run_id          VARCHAR NOT NULL,
    PRIMARY KEY (evaluated_model, category, entry_id),
    CHECK (correct OR NOT strict_correct),
    CHECK (correct = (error_type IS NULL)),
    CHECK (correct = (len(fragment_errors) = 0))
);
