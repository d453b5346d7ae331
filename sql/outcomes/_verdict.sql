-- What rules and judge concluded, of every stage that validates.
judge_status   VARCHAR,              -- passed, failed, not run (no model), not asked (stopped by a rule)
judgement      JSON,
findings       JSON,                 -- of all checks; the first error rejects
error_findings INTEGER,
warning_findings INTEGER,
grounded_share DOUBLE,               -- argument values whose source is known; see argument_sources
sourced_share  DOUBLE,               -- rules of the system message that stand in the source
