-- Documents taken out with `gem drop`: they do not come back unless an ingest says `--again`.
CREATE TABLE dropped_documents (
    document_id VARCHAR NOT NULL,
    corpus      VARCHAR NOT NULL,
    version     INTEGER NOT NULL,   -- the newest there was; one that comes back goes on from it
    dropped_at  TIMESTAMPTZ NOT NULL
);
