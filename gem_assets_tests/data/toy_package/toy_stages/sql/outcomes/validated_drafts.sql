-- What rules and judge concluded of drafts that nobody refined.
{trajectory_shape}
{draft_shape}
{verdict}
refinement_fallback VARCHAR,         -- why the draft stands in for its refinement
