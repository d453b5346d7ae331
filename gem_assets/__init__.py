"""Text into verified tool-use trajectories: start at pipeline.py."""
