-- One row per finished `gem ingest`. A killed one leaves none; doing it again finishes it under the same key.
CREATE TABLE ingests (
    ingest       VARCHAR NOT NULL PRIMARY KEY,  -- corpus and number
    corpus       VARCHAR NOT NULL,
    started_at   TIMESTAMPTZ NOT NULL,
    finished_at  TIMESTAMPTZ NOT NULL,
    files        BIGINT NOT NULL,      -- read, wholly or in part
    passed_over  BIGINT NOT NULL,      -- files nobody meant to be read: hidden, temporary, links
    rows_read    BIGINT NOT NULL,
    accepted     BIGINT NOT NULL,      -- added or there already
    added        BIGINT NOT NULL,      -- of these: new, or a new version
    changed      BIGINT,               -- of these: new versions; NULL before they were counted
    rejected     BIGINT NOT NULL,
    blank        BIGINT NOT NULL,
    shards       VARCHAR[] NOT NULL,   -- that it wrote
    CHECK (rows_read = accepted + rejected + blank),
    CHECK (added <= accepted),
    CHECK (changed <= added)
);
