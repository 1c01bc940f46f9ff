"""The checks there are, by exercise.

A check is a function `check(subject, rng)` that calls the code under check through the subject, draws its inputs
from the generator, and raises `Failure` where the exercise's promise is not kept. Its docstring is the line that
a student reads. It depends on nothing else, so that whoever has a subject and a seed can run it.

This module knows no exercise: importing `cs231n.checks.exercises` fills it.
"""

import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Check", "check", "checks_of", "exercises", "public_generator"]


@dataclasses.dataclass(frozen=True)
class Check:
    """A property of an exercise.

    Attributes:
        exercise: name of the exercise.
        name: name of the function.
        line: what holds, in a line.
        hint: the next thing to try where it does not hold.
        function: `function(subject, rng)`.
        detail: whether it is a detail, and no part of the exercise's core: see `points`.
        counts_with: names of checks that trivial code cannot pass; without one of them this one earns nothing.
        alone: whether it holds or not, whatever the exercises do that this one needs.
        framework: name of the framework whose notebook alone has it, or None.
        of_dict: whether it is about what the code leaves in a dict that it was given, and not about its result.
    """

    exercise: str
    name: str
    line: str
    hint: str
    function: Callable
    detail: bool = False
    counts_with: tuple[str, ...] = ()
    alone: bool = False
    framework: str | None = None
    of_dict: bool = False

    @property
    def id(self) -> str:
        """EXERCISE.NAME, unique."""
        return f"{self.exercise}.{self.name}"


_REGISTRY: dict[str, list[Check]] = {}


def check(exercise: str, hint: str = "", **more: Any) -> Callable:
    """Register the decorated function as a check of an exercise; `more` are further attributes of Check."""

    def register(function):
        line = " ".join((function.__doc__ or "").split())
        if not line:
            raise ValueError(f"{function.__name__} of {exercise} has no docstring, the line that a student reads")
        new = Check(exercise, function.__name__, line, hint, function, **more)
        if new.id in {known.id for known in _REGISTRY.get(exercise, [])}:
            raise ValueError(f"there are two checks {new.id}")
        _REGISTRY.setdefault(exercise, []).append(new)
        return function

    return register


def checks_of(exercise: str) -> tuple[Check, ...]:
    """Return the checks of an exercise, in the order in which they are worth reading."""
    return tuple(_REGISTRY.get(exercise, ()))


def exercises() -> set[str]:
    """Return the names of all that checks are registered for."""
    return set(_REGISTRY)


def public_generator(check_id: str, seed: int) -> np.random.Generator:
    """Return the random numbers of a check for a public seed: other numbers for each check and seed."""
    return np.random.default_rng([zlib.crc32(check_id.encode()), seed])
