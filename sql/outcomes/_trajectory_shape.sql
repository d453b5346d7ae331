-- The shape of a trajectory, of every stage that gives one.
message_count  INTEGER,              -- all messages but the system's, as the paper counts turns
tool_count     INTEGER,              -- distinct tools called
offered_tool_count INTEGER,
call_count     INTEGER,
patterns       VARCHAR[],
