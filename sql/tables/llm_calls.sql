-- One row per question that was put to a model, as the journal holds it, without the texts.
CREATE TABLE llm_calls (
    key            VARCHAR PRIMARY KEY,  -- stands in call_keys of the records that came of it
    role           VARCHAR NOT NULL,     -- filter, teacher, judge …
    task           VARCHAR NOT NULL,     -- name of the prompt
    asset          VARCHAR,              -- the stage that asks this
    prompt_version VARCHAR NOT NULL,
    model          VARCHAR NOT NULL,     -- asked for
    answered_by    VARCHAR,              -- as the provider named it
    base_url       VARCHAR,
    sample         INTEGER NOT NULL,
    status         VARCHAR NOT NULL CHECK (status IN ('started', 'done', 'refused')),
    finish_reason  VARCHAR,
    refusal        VARCHAR,              -- too_long, refused, truncated, empty
    parse_result   VARCHAR,              -- 'ok', or what could not be read
    answers        INTEGER NOT NULL,     -- bought; tokens, cost and seconds are of all of them
    input_tokens   BIGINT NOT NULL,
    output_tokens  BIGINT NOT NULL,
    cost           DOUBLE,               -- US dollars; NULL: the price is not known
    seconds        DOUBLE NOT NULL,
    run_id         VARCHAR NOT NULL,     -- that bought the last answer
    started_at     TIMESTAMPTZ NOT NULL,
    finished_at    TIMESTAMPTZ
);
