-- What a judge said of a trajectory of which it is known whether it holds a defect (`gem calibrate-judge`):
-- one row per judge, trajectory, planted kind and sample.
CREATE TABLE judge_verdicts (
    calibration_id VARCHAR NOT NULL,     -- hash of judge, prompt, cases and samples: measuring again replaces it
    measured_at    TIMESTAMPTZ NOT NULL,
    judge          VARCHAR NOT NULL,     -- identity asked for: name and sampling
    prompt_version VARCHAR NOT NULL,
    cases          VARCHAR NOT NULL CHECK (cases IN ('shipped', 'home')),
    trajectory_id  VARCHAR NOT NULL,
    kind           VARCHAR NOT NULL,     -- the defect planted; '' where the trajectory is clean
    is_error       BOOLEAN NOT NULL,     -- code alone rejects this kind; stage 5 shows it to no judge
    sample         INTEGER NOT NULL,
    verdict        VARCHAR NOT NULL CHECK (verdict IN ('passed', 'failed', 'none')),  -- none: not readable, or broken
    on_rubric      BOOLEAN NOT NULL,     -- failed, and on a rubric that covers the kind
    scores         JSON,
    evidence       VARCHAR NOT NULL,     -- the judge's words on what it faults, or why there is no verdict
    input_tokens   BIGINT NOT NULL,
    output_tokens  BIGINT NOT NULL,
    cost           DOUBLE,               -- US dollars; NULL is unknown, not free
    seconds        DOUBLE NOT NULL,
    call_keys      VARCHAR[] NOT NULL,   -- keys in the journal
    PRIMARY KEY (calibration_id, trajectory_id, kind, sample)
);
