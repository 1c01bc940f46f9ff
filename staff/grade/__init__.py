"""Grading submissions that nobody trusts: `python -m staff.grade`."""
