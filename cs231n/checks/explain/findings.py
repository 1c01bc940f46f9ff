"""What the microscope found, as data: `text` and `plot` show it."""

import dataclasses

import numpy as np

__all__ = ["Explanation", "Finding", "VERDICTS"]

# From harmless to not: what an explanation says is the last of these that one of its findings says.
VERDICTS = ("right", "precision", "kink", "mistake")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One array that the code returned, beside the right one.

    Attributes:
        name: what it is called, such as "dx".
        verdict: one of VERDICTS.
        error: largest difference, relative to the largest entry of the right array (or to 1, if that is larger).
        got: what the code returned, a float64 array, or None where that is no array of numbers.
        expected: the right array, float64.
        axes: a word for each axis of it.
        where: in which entries they differ, lines.
        why: what the difference looks like, lines.
        steps: step sizes h; empty where there is nothing to differentiate.
        errors: for each step, the error of it against central differences; NaN where there is none.
        best: for each step, the error of a right gradient.
    """

    name: str
    verdict: str
    error: float
    got: np.ndarray | None
    expected: np.ndarray
    axes: tuple[str, ...]
    where: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    steps: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    best: tuple[float, ...] = ()

    @property
    def has_curve(self) -> bool:
        """Whether there are errors to draw against step sizes."""
        return bool(self.steps) and bool(np.isfinite(self.errors).all())

    @property
    def difference(self) -> np.ndarray | None:
        """What the code returned minus what is right, or None where the shapes differ."""
        if self.got is None or self.got.shape != self.expected.shape:
            return None
        with np.errstate(invalid="ignore"):
            return self.got - self.expected


@dataclasses.dataclass(frozen=True)
class Explanation:
    """What there is to say about an exercise.

    Attributes:
        exercise: its name.
        verdict: one of VERDICTS, or that of `verdicts.VERDICTS` which kept the microscope from looking.
        summary: what it comes to, one line.
        setting: what was called with what, one line; empty where nothing could be.
        findings: a Finding for each array.
        notes: what else there is to know, lines.
    """

    exercise: str
    verdict: str
    summary: str
    setting: str = ""
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
