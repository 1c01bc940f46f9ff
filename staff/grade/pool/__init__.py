"""Processes and machines that grade at the same time."""
