-- Stage 4: the dialogue made harder and more real, with its shape before and after.
message_count  INTEGER,              -- all messages but the system's, as the paper counts turns
tool_count     INTEGER,              -- distinct tools called
offered_tool_count INTEGER,
call_count     INTEGER,
patterns       VARCHAR[],
draft_message_count INTEGER,         -- the same before refinement
draft_tool_count INTEGER,
draft_call_count INTEGER,
draft_patterns VARCHAR[],
findings       JSON,                 -- of all checks, where the refinement is rejected; else validation has them
error_findings INTEGER,
warning_findings INTEGER,
