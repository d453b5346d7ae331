-- Stage 4: the dialogue made harder and more real, with its shape before and after.
{trajectory_shape}
{draft_shape}
findings       JSON,                 -- of all checks, where the refinement is rejected; else validation has them
error_findings INTEGER,
warning_findings INTEGER,
