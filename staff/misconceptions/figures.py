"""The figures of the catalogue: what the checks catch, and what is named rightly and wrongly."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from cs231n.checks.mistakes.recognise import diagnose
from staff.misconceptions import subject
from staff.misconceptions.catalogue import entries
from staff.misconceptions.measure import EXERCISES, trial

__all__ = ["figures"]


def figures(progress: Callable[..., Any] = iter) -> str:
    """Try every misconception, on all exercises, and every right alternative, and return the figures as text.

    Args:
        progress: wraps the iterations.
    """
    from tests.checks.alternatives import ALTERNATIVES  # they stay with the tests, which a release leaves out

    everything = [(one, form) for one in entries().values() for form in range(len(one.forms))]
    trials = [trial(one, form) for one, form in progress(everything)]
    flagged = {name: _flags(*alternative) for name, alternative in progress(ALTERNATIVES.items())}
    counts = Counter(one.exercise for one in entries().values())
    lines = [
        f"exercises            {len(EXERCISES):4}   each with {min(counts[name] for name in EXERCISES)} or more",
        f"misconceptions       {len(entries()):4}   in {len(trials)} forms",
        _line("caught", sum(one.caught for one in trials), [_form(one) for one in trials if not one.caught]),
        _line(
            "spoil another",
            sum(bool(one.spoiled) for one in trials),
            [_form(one) for one in trials if one.spoiled],
        ),
        _line("named", sum(one.named for one in trials), [_form(one) for one in trials if not one.named]),
        _line(
            "wrongly named",
            sum(bool(one.wrongly_named) for one in trials),
            [f"{_form(one)} as {one.wrongly_named}" for one in trials if one.wrongly_named],
        ),
        f"alternatives         {len(flagged):4}",
        _line(
            "wrongly flagged", sum(map(bool, flagged.values())), [name for name, found in flagged.items() if found]
        ),
    ]
    return "\n".join(lines)


def _flags(exercises, make):
    """Return what a right solution is taken for, a list that should be empty."""
    transport = subject.transport({subject.NAMES.get(name, name): module for name, module in make().items()})
    return [found for exercise in exercises if (found := diagnose(transport, exercise))]


def _line(what, count, exceptions):
    text = f"{what:20} {count:4}"
    return f"{text}   {', '.join(exceptions)}" if exceptions else text


def _form(one):
    return f"{one.misconception.name}[{one.form}]" if one.form else one.misconception.name
