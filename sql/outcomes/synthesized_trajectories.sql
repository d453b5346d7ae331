-- Asset 9: tools and dialogue as the trained Synthesizer wrote them in one call.
{trajectory_shape}
