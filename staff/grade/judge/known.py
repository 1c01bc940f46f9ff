"""Whether a wrong forward pass is a known mistake under secret seeds too, and not for public inputs alone.

The grader has the code of the known mistakes, and runs it on the inputs that it drew: nothing of a submission runs
here.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from cs231n.checks.subject.client import Subject, SubjectFailure
from staff.misconceptions.catalogue import entries

__all__ = ["makes"]

TOLERANCE = 1e-3  # of the largest number


def makes(mistake: str, exercise: str, answers: Iterable[Any]) -> bool:
    """Return whether answers of a forward pass are those of a known mistake.

    Args:
        mistake: its name.
        exercise: name of a forward pass.
        answers: (arguments, out) of calls; None for one that is a random draw, which is not looked at.
    """
    one = entries()[mistake]
    subjects = [Subject(one.transport(form)) for form in range(len(one.forms))]
    return all(any(_agrees(subject, exercise, *answer) for subject in subjects) for answer in answers if answer)


def _agrees(subject, exercise, arguments, out):
    """Return whether a mistake gives an output for some arguments."""
    subject.reset(0, exercise=exercise)
    try:
        right, _ = subject.call(f"layers.{exercise}", *arguments, hold=1)
    except SubjectFailure:
        return False  # a form that raises an exception gives no output
    return np.allclose(out, right, rtol=0, atol=TOLERANCE * max(1.0, np.abs(right).max(initial=0.0)))
