"""What each exercise must satisfy, and the runner that says how far a solution is: `python -m cs231n.checks`."""
