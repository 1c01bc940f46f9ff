"""The microscope: what is wrong with a gradient, how wrong, where, and what it looks like.

    python -m cs231n.checks batchnorm_backward --explain

`settings` and its kin call the student's code in the subject's process and gather what may explain its results,
`microscope` takes slopes and compares, `patterns` and `places` say what a difference looks like, `text` and `plot`
show it.
"""

from cs231n.checks.explain.explanation import explain
from cs231n.checks.explain.findings import Explanation, Finding
from cs231n.checks.explain.plot import as_png
from cs231n.checks.explain.text import as_text

__all__ = ["Explanation", "Finding", "as_png", "as_text", "explain"]
