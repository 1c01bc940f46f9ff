"""Handing in: `python -m cs231n.submit` looks everything over and makes a2.zip and assignment.pdf."""
