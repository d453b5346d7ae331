-- Stage 5: what rules and judge concluded.
{trajectory_shape}
{draft_shape}
{verdict}
refinement_fallback VARCHAR,         -- why the draft stands in for its refinement
