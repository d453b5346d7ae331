-- Asset 9: what rules and judge concluded of synthesized trajectories.
{trajectory_shape}
{verdict}
refinement_fallback VARCHAR,         -- always NULL: nothing was refined
