-- The journal, and what processes that share it agree upon. Bodies are zlib-compressed JSON; times are seconds
-- since 1970, money US dollars. Every statement may be run again.

-- One row per question that was put to a model.
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('started', 'done', 'refused')),
    task TEXT NOT NULL,
    role TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    model TEXT NOT NULL,            -- asked for
    answered_by TEXT,               -- as the provider named it; of a refusal, the last model asked
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
-- A started row is a place taken at the model.
CREATE INDEX IF NOT EXISTS calls_under_way ON calls (model, base_url, owner, pid) WHERE status = 'started';

-- How many calls may be in flight at a model, as its answers taught. `version` counts the changes.
CREATE TABLE IF NOT EXISTS windows (
    pool TEXT PRIMARY KEY,
    places REAL NOT NULL,
    version INTEGER NOT NULL,
    changed_at REAL NOT NULL
);

-- How many calls each process has in flight or waiting at a model, so that none takes all the places.
CREATE TABLE IF NOT EXISTS demand (
    pool TEXT NOT NULL,
    owner TEXT NOT NULL,
    pid INTEGER NOT NULL,
    wants INTEGER NOT NULL,
    PRIMARY KEY (pool, owner)
);

-- Requests and tokens a minute: what is left to spend, at a moment.
CREATE TABLE IF NOT EXISTS rates (
    name TEXT PRIMARY KEY,
    level REAL NOT NULL,
    at REAL NOT NULL
);

-- What was spent for good, in all ('all') and within each budget of its own.
CREATE TABLE IF NOT EXISTS spent (
    scope TEXT PRIMARY KEY,
    cost REAL NOT NULL
);

-- What a call under way may cost at most. Gone once the call is settled or its process has ended.
CREATE TABLE IF NOT EXISTS reservations (
    key TEXT PRIMARY KEY,
    scope TEXT NOT NULL,
    amount REAL NOT NULL,
    owner TEXT NOT NULL,
    pid INTEGER NOT NULL
);

-- Requests that go through a provider's batch interface, from the moment they are decided upon.
CREATE TABLE IF NOT EXISTS batches (
    name TEXT PRIMARY KEY,          -- ours; the provider is told it, so that a lost batch is found again
    role TEXT NOT NULL,
    pool TEXT NOT NULL,
    provider_id TEXT,               -- NULL: not known to have been accepted
    status TEXT NOT NULL CHECK (status IN ('submitting', 'submitted', 'collected', 'failed')),
    problem TEXT,
    created_at REAL NOT NULL,
    owner TEXT NOT NULL,
    pid INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS batch_requests (
    key TEXT PRIMARY KEY,
    batch TEXT,                     -- NULL: waits to be submitted
    question BLOB NOT NULL,
    request BLOB NOT NULL,
    allowance INTEGER NOT NULL
);

-- Journals of before this table had no sum.
INSERT OR IGNORE INTO spent SELECT 'all', total(cost) FROM calls;

PRAGMA user_version = 2;
