-- Every row and file that an ingest did not take in, and why.
CREATE TABLE ingest_rejections (
    ingest      VARCHAR NOT NULL,
    corpus      VARCHAR NOT NULL,
    source      VARCHAR NOT NULL,
    place       VARCHAR NOT NULL,   -- line or row in the file, or `whole file`
    passed_over BOOLEAN NOT NULL,   -- no row: a file nobody meant to be read
    reason      VARCHAR NOT NULL,
    found       VARCHAR NOT NULL,
    remedy      VARCHAR NOT NULL,
    excerpt     VARCHAR NOT NULL,   -- how it begins, control characters spelled out
    document_id VARCHAR             -- of the row, where it has one: on `duplicate_id` that of the row kept
);
