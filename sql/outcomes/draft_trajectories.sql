-- Stage 3: a dialogue for each workflow.
{trajectory_shape}
