-- Ingested text as it came, one immutable file per shard.
CREATE TABLE raw_rows (
    document_id VARCHAR NOT NULL,  -- hash of corpus and place
    version     INTEGER NOT NULL,  -- grows when the text of a place changes
    shard       VARCHAR NOT NULL,
    position    INTEGER NOT NULL,  -- order within the shard
    corpus      VARCHAR NOT NULL,
    source      VARCHAR NOT NULL,
    place       VARCHAR NOT NULL,
    source_id   VARCHAR,
    title       VARCHAR,
    url         VARCHAR,
    license     VARCHAR,
    language    VARCHAR,
    text        VARCHAR NOT NULL,
    text_hash   VARCHAR NOT NULL,  -- of the text as it stands: has this place changed?
    duplicate_key VARCHAR NOT NULL,  -- of the text without case and white space: is it the same text?
    PRIMARY KEY (document_id, version)
);
