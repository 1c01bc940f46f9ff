"""Looking over this machine: `python -m cs231n.doctor` answers why something does not run.

It has to start where packages are missing or Python is too old, so its modules import the standard library alone
at their top, and keep to the syntax of Python 3.8.
"""
