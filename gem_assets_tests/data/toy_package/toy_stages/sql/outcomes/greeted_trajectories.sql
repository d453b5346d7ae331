-- Dialogues whose last word greets.
{trajectory_shape}
{draft_shape}
last_length    INTEGER,              -- characters of the last message
ungreeted_length INTEGER,            -- the same without the greeting
