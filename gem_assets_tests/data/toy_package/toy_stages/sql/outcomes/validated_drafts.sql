-- What rules and judge concluded of drafts that nobody refined.
message_count  INTEGER,              -- all messages but the system's, as the paper counts turns
tool_count     INTEGER,              -- distinct tools called
offered_tool_count INTEGER,
call_count     INTEGER,
patterns       VARCHAR[],
draft_message_count INTEGER,         -- the same before refinement
draft_tool_count INTEGER,
draft_call_count INTEGER,
draft_patterns VARCHAR[],
judge_status   VARCHAR,              -- passed, failed, not run (no model), not asked (stopped by a rule)
judgement      JSON,
findings       JSON,                 -- of all checks; the first error rejects
error_findings INTEGER,
warning_findings INTEGER,
grounded_share DOUBLE,               -- argument values whose source is known; see argument_sources
sourced_share  DOUBLE,               -- rules of the system message that stand in the source
refinement_fallback VARCHAR,         -- why the draft stands in for its refinement
