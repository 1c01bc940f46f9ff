"""What becomes of points: lateness, manual points, the gradebook and the files of a run."""
