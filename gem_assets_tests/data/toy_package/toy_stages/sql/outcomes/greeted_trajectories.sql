-- Dialogues whose last word greets.
message_count  INTEGER,
tool_count     INTEGER,
offered_tool_count INTEGER,
call_count     INTEGER,
patterns       VARCHAR[],
draft_message_count INTEGER,
draft_tool_count INTEGER,
draft_call_count INTEGER,
draft_patterns VARCHAR[],
last_length    INTEGER,              -- characters of the last message
ungreeted_length INTEGER,            -- the same without the greeting
