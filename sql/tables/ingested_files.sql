-- What became of the rows of each file of each ingest. A file that was refused as a whole is one row.
CREATE TABLE ingested_files (
    ingest     VARCHAR NOT NULL,
    corpus     VARCHAR NOT NULL,
    source     VARCHAR NOT NULL,   -- file, relative to what was named
    kind       VARCHAR NOT NULL,   -- its suffix
    size       BIGINT NOT NULL,    -- bytes on disk
    modified   BIGINT NOT NULL,    -- nanoseconds since 1970
    rows_read  BIGINT NOT NULL,    -- counted while reading
    accepted   BIGINT NOT NULL,    -- counted while storing, like those below
    added      BIGINT NOT NULL,
    changed    BIGINT,             -- of those added: new versions; NULL before they were counted
    rejected   BIGINT NOT NULL,
    blank      BIGINT NOT NULL
);
