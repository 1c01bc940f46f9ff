"""Measure the checks and the fingerprints with the catalogue."""

import dataclasses
from collections.abc import Iterable

from cs231n.checks.rubric import load_rubric
from cs231n.checks.session import Session
from cs231n.checks.verdicts import Verdict
from staff.misconceptions.catalogue import Misconception

__all__ = ["EXERCISES", "Detection", "dependents", "trial"]

EXERCISES = tuple(name for name, exercise in load_rubric().exercises.items() if not exercise.in_notebook)

WRONG = (Verdict.FAILED, Verdict.ERROR, Verdict.CORE_PASSED)  # of what runs and is not right


@dataclasses.dataclass(frozen=True)
class Detection:
    """What the checks make of a misconception.

    Attributes:
        misconception: the Misconception.
        form: which of its forms.
        verdicts: exercise -> verdict.
        names: exercise -> the mistake that it is taken for, or None; of those that failed.
    """

    misconception: Misconception
    form: int
    verdicts: dict
    names: dict

    @property
    def caught(self) -> bool:
        """Whether a check of its own exercise fails."""
        return self.verdicts[self.misconception.exercise] in WRONG

    @property
    def named(self) -> bool:
        """Whether it is recognised."""
        return self.names.get(self.misconception.exercise) == self.misconception.name

    @property
    def wrongly_named(self) -> list[tuple[str, str]]:
        """The (exercise, name) that it is taken for without being it."""
        wrong = [(exercise, name) for exercise, name in self.names.items() if name]
        return [(exercise, name) for exercise, name in wrong if name != self.misconception.name]

    @property
    def spoiled(self) -> list[str]:
        """The exercises that fail untouched: neither its own, nor judged by it, nor sharing its block.

        What builds on it may be blocked, or show the same detail: the grader's layer stands in for it there.
        """
        own = self.misconception.exercise
        touched = {own, *self.misconception.also, *backward_passes(own)}
        follows = {Verdict.BLOCKED}
        if self.verdicts[own] == Verdict.CORE_PASSED:
            follows.add(Verdict.CORE_PASSED)
        needing = dependents(own)
        return [
            exercise
            for exercise, verdict in self.verdicts.items()
            if exercise not in touched
            and verdict != Verdict.PASSED
            and not (verdict in follows and exercise in needing)
        ]


def trial(misconception: Misconception, form: int = 0, exercises: Iterable[str] = EXERCISES) -> Detection:
    """Check some exercises of a package with the misconception in it, and return the Detection."""
    session = Session(misconception.transport(form))
    outcomes = {name: session.outcome(name) for name in exercises}
    names = {
        name: outcome.looks_like.name if outcome.looks_like else None
        for name, outcome in outcomes.items()
        if outcome.verdict in WRONG
    }
    return Detection(misconception, form, {name: outcome.verdict for name, outcome in outcomes.items()}, names)


def backward_passes(name: str) -> set[str]:
    """Return the exercises that are judged by the slopes of this one, if it is a forward pass."""
    layer, forward, _ = name.partition("_forward")
    return {other for other in EXERCISES if forward and other.startswith(f"{layer}_backward")}


def dependents(name: str) -> set[str]:
    """Return the exercises that call this one, directly or not."""
    direct = {other for other in EXERCISES if name in load_rubric().exercises[other].needs}
    return direct.union(*map(dependents, direct))
