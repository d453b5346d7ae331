-- One row per question that was put to a model. Bodies are zlib-compressed JSON; times are seconds since 1970.
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('started', 'done', 'refused')),
    task TEXT NOT NULL,
    role TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    model TEXT NOT NULL,            -- asked for
    answered_by TEXT,               -- as the provider named it
    base_url TEXT,
    sample INTEGER NOT NULL,
    request BLOB NOT NULL,          -- as it was sent, without address and key
    response BLOB,                  -- as it came, before anything read it
    finish_reason TEXT,
    refusal_kind TEXT,
    refusal_evidence TEXT,
    parse_result TEXT,              -- 'ok', or what could not be read
    answers INTEGER NOT NULL DEFAULT 0,   -- bought so far; the last one is kept
    allowance INTEGER,              -- tokens the last answer was allowed
    input_tokens INTEGER NOT NULL DEFAULT 0,   -- of all answers bought
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost REAL DEFAULT 0,            -- NULL: unknown
    seconds REAL NOT NULL DEFAULT 0,
    owner TEXT NOT NULL,            -- the process that started it, told apart from a later one of the same pid
    pid INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL,
    CHECK (status <> 'done' OR response IS NOT NULL),
    CHECK (status <> 'refused' OR refusal_kind IS NOT NULL)
);

CREATE INDEX IF NOT EXISTS calls_by_run ON calls (run_id);

PRAGMA user_version = 1;
