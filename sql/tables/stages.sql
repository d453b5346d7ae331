-- The stages as they are declared (`gem_assets/stages/`), in the order of the ways. Written anew when that changes.
CREATE TABLE stages (
    asset         VARCHAR PRIMARY KEY,
    number        INTEGER NOT NULL,    -- place in the order in which all are listed, from 0
    title         VARCHAR NOT NULL,    -- short name
    description   VARCHAR NOT NULL,
    reads         VARCHAR NOT NULL,    -- the asset before it; raw_rows for the first
    ways          VARCHAR[] NOT NULL,  -- chains of stages it is part of; the first is the default one
    ends_way      BOOLEAN NOT NULL,    -- what it keeps is a way's result
    by_default    BOOLEAN NOT NULL,    -- part of the default way
    gives         VARCHAR NOT NULL,    -- record type: Document, ProceduralDocument, Workflow, Trajectory …
    role          VARCHAR,             -- of the model it asks; NULL: it asks none
    prompts       VARCHAR[] NOT NULL,
    authorship    VARCHAR NOT NULL CHECK (authorship IN ('reads', 'writes', 'rewrites', 'judges')),
    measures      STRUCT(name VARCHAR, "column" VARCHAR, before VARCHAR)[] NOT NULL
);
