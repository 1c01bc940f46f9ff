"""How the points of an exercise come about: the one place that the local checks and the grader compute them in.

Core checks share the larger part of an exercise's points equally. Details share the rest equally, each for itself,
and count once all core checks hold. Both shares stand in rubric.toml.
"""

from collections.abc import Collection, Iterable
from fractions import Fraction

from cs231n.checks.registry import Check
from cs231n.checks.rubric import Exercise

__all__ = ["ALL_OR_NOTHING", "SCHEMES", "core_holds", "earned"]

ALL_OR_NOTHING = "all-or-nothing"
SCHEMES = ("core-and-details", ALL_OR_NOTHING)  # the first is the one that rules unless another is asked for


def core_holds(checks: Iterable[Check], held: Collection[str]) -> bool:
    """Return whether every core check is among those that held; `held` has their names."""
    return all(check.name in held for check in checks if not check.detail)


def earned(
    exercise: Exercise, checks: Collection[Check], held: Collection[str], scheme: str = SCHEMES[0]
) -> float:
    """Return the points of an exercise, rounded half up to tenths.

    Args:
        exercise: of the rubric.
        checks: all checks of the exercise, also those that were not run.
        held: names of the checks that held.
        scheme: one of SCHEMES.
    """
    core = [check for check in checks if not check.detail]
    details = [check for check in checks if check.detail]
    if scheme == ALL_OR_NOTHING or not core:
        return float(exercise.points if checks and all(check.name in held for check in checks) else 0)
    share = Fraction(str(exercise.core)) if details else Fraction(1)
    reached = share * Fraction(sum(_counts(check, held) for check in core), len(core))
    if details and core_holds(checks, held):
        reached += (1 - share) * Fraction(sum(check.name in held for check in details), len(details))
    return int(10 * exercise.points * reached + Fraction(1, 2)) / 10


def _counts(check: Check, held: Collection[str]) -> bool:
    """Return whether a core check counts: it held, and so did one of those that trivial code cannot pass."""
    return check.name in held and (not check.counts_with or any(name in held for name in check.counts_with))
