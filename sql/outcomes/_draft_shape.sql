-- Its shape before refinement, of every stage behind one.
draft_message_count INTEGER,         -- the same before refinement
draft_tool_count INTEGER,
draft_call_count INTEGER,
draft_patterns VARCHAR[],
