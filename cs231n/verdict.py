"""Verdicts of the notebooks' checks: a value, its bound, and whether it holds, shown where it was computed.

A verdict travels in the notebook's output as data too (MIME type `MIME`), so that whoever executes a notebook
can count what passed.
"""

import html
import operator

import numpy as np
from IPython.display import display

__all__ = ["MIME", "check", "check_accuracy", "failed"]

MIME = "application/vnd.cs231n.check+json"


def check(what, value, *, below=None, above=None, equals=None):
    """Show whether a value keeps its bound. The notebook goes on either way.

    Args:
        what: what was computed, a few words.
        value: a number, or anything comparable for `equals`.
        below, above, equals: the bound, exactly one of them; NaN keeps no bound.

    Raises:
        ValueError: not exactly one bound is given.
    """
    bounds = ((operator.lt, "<", below), (operator.gt, ">", above), (operator.eq, "==", equals))
    given = [bound for bound in bounds if bound[2] is not None]
    if len(given) != 1:
        raise ValueError(f"check({what!r}) has {len(given)} bounds, expected one of below, above and equals")
    [(compare, sign, bound)] = given
    passed = bool(compare(value, bound))
    came = _number(value) if passed else f"{_number(value)}, expected"
    display(_Verdict("check", what, passed, f"{came} {sign} {_number(bound)}"))


def check_accuracy(what, value, at_least):
    """Show whether an accuracy reaches its bound, which holds for CIFAR-10 and the default training budget.

    Args:
        what: which model on which images.
        value: accuracy, 0 to 1.
        at_least: bound, 0 to 1.
    """
    passed = bool(value >= at_least)
    display(_Verdict("accuracy", what, passed, f"{value:.1%} (bound on CIFAR-10: {at_least:.0%})", float(value)))


def failed(what, why):
    """Show that something does not hold, where there is no number to say by how much.

    Args:
        what: what was looked at, a few words.
        why: the reason, a few words.
    """
    display(_Verdict("check", what, False, why))


def _number(value):
    """Return a number in three digits, and anything else as it prints."""
    if isinstance(value, (bool, np.bool)):
        return str(value)
    try:
        return f"{value:.3g}"
    except (TypeError, ValueError):
        return str(value)


class _Verdict:
    """One line that a notebook shows in colour and a terminal as text."""

    def __init__(self, kind, what, passed, detail, value=None):
        self.data = {"kind": kind, "what": what, "passed": passed, "detail": detail, "value": value}

    def __repr__(self):
        mark = "✓" if self.data["passed"] else "✗"
        return f"{mark} {self.data['what']}: {self.data['detail']}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        colour = "#1a7f37" if self.data["passed"] else "#cf222e"
        return {
            "text/plain": repr(self),
            "text/html": f'<div style="color: {colour}; font-family: monospace">{html.escape(repr(self))}</div>',
            MIME: self.data,
        }
