"""A call of the student's code to look at, with all that may explain its results."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from cs231n.checks import (
    exercises,  # noqa: F401 - registers the checks
    registry,
)
from cs231n.checks.patterns import Context

__all__ = ["Part", "Setting", "draws", "shapes"]


@dataclasses.dataclass(frozen=True)
class Part:
    """One array that the code returned.

    Attributes:
        name: what it is called, such as "dx" or "grads['W1']".
        got: what the code returned.
        right: the right array, or None: the slopes of the student's own forward pass are.
        of: name of the input that it is the gradient of, or None where it is no gradient.
        context: what a wrong one may have to do with.
        masks: words -> boolean array of its shape: conditions worth naming.
    """

    name: str
    got: object
    right: np.ndarray | None
    of: str | None = None
    context: Context = dataclasses.field(default_factory=Context)
    masks: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Setting:
    """A call of the code under check.

    Attributes:
        words: what was called with what, a line.
        parts: the Part for each array that it returned.
        inputs: name -> float64 array: what is moved by h.
        value: function of such a dict that returns the number whose slopes are the gradients; None where there
            are no gradients.
        notes: what is odd about this call, lines.
    """

    words: str
    parts: tuple[Part, ...]
    inputs: dict = dataclasses.field(default_factory=dict)
    value: Callable | None = None
    notes: tuple[str, ...] = ()


def draws(exercise: str, kind: str) -> np.random.Generator:
    """Return the random numbers for a kind of call: always the same."""
    return registry.public_generator(f"{exercise}.explain.{kind}", 0)


def shapes(arrays: Mapping[str, np.ndarray]) -> str:
    """Return names and shapes in words."""
    return ", ".join(f"{name} {np.shape(array)}" for name, array in arrays.items())
