-- Ingested text as it came, one immutable file per shard.
CREATE TABLE raw_rows (
    document_id VARCHAR NOT NULL,  -- hash of corpus and id, or of corpus, file and place
    version     INTEGER NOT NULL,  -- grows when the text of a document changes
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
    text_hash   VARCHAR NOT NULL,  -- of the text as it stands: has this document changed?
    duplicate_key VARCHAR NOT NULL,  -- of the text without case, white space and what is hidden: is it the same text?
    original    VARCHAR,           -- the file's own text, where markup or front matter was taken off
    control_count   INTEGER,       -- control characters in the text; normalising strips them
    invisible_count INTEGER,       -- invisible, direction and tag characters in the text; likewise
    note        VARCHAR,           -- anything odd about the row that did not keep it out
    ingest      VARCHAR,           -- the ingest that added it
    PRIMARY KEY (document_id, version)
);
