"""Compare a result with what was expected: shapes first, then values.

Each function raises `Failure` with both sides, where they differ, and what the difference looks like.
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from cs231n.checks import patterns, places
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.subject.wire import Unknown
from cs231n.checks.verdicts import Failure, Message

__all__ = [
    "SINGLE",
    "TOLERANCE",
    "array",
    "close",
    "describe",
    "during",
    "fail",
    "number",
    "same",
    "share",
    "tuple_of",
    "unchanged",
]

# Error allowed, relative to the largest entry of the expected array (or to 1, where that is larger): room for
# what is computed in single precision and for another order of the sums, but not for another formula. Right layers
# in float32 differ by 4e-6 at most. What single precision cannot hold is allowed a fourth of it.
TOLERANCE = 2e-5
SINGLE = 2e-4  # where inputs are float32 too, and go through a net


def fail(summary: str, expected: str = "", got: str = "", where: Sequence[str] = (), hint: str = "") -> NoReturn:
    """Raise a Failure."""
    raise Failure(Message(summary, expected, got, tuple(where), hint))


@contextlib.contextmanager
def during(case: str) -> Iterator[None]:
    """Let whatever fails in the block say in which case that happened: its shapes, stride, mode."""
    try:
        yield
    except Failure as failure:
        where = (f"for {case}", *failure.message.where)
        raise Failure(dataclasses.replace(failure.message, where=where)) from None
    except SubjectFailure as failure:
        failure.case = failure.case or case
        raise


def array(name: str, value: Any, shape: tuple[int, ...], ones: bool = False) -> np.ndarray:
    """Check that a value is an array of numbers of this shape; return it.

    Args:
        name: what it is called in the exercise.
        value: the result.
        shape: tuple.
        ones: whether axes of length 1 may be missing or too many; the array comes back with the right shape then.
    """
    if type(value) is not np.ndarray:
        if not (isinstance(value, np.generic) and shape == ()):
            fail(f"{name} is not an array", f"an array of shape {shape}", describe(value), hint=_no_array(value))
        value = np.asarray(value)
    if value.dtype.kind not in "fiub":
        fail(f"{name} does not hold real numbers", "an array of floats", describe(value))
    if ones and np.squeeze(value).shape == tuple(size for size in shape if size != 1):
        value = value.reshape(shape)
    if value.shape != tuple(shape):
        fail(f"{name} has the wrong shape", f"{tuple(shape)}", f"{value.shape}", hint=_shapes(value, shape))
    return value


def close(name: str, value: Any, expected: np.ndarray, tolerance: float = TOLERANCE, ones: bool = False) -> None:
    """Check shape and values of an array; its dtype may be any.

    Args:
        name: what it is called in the exercise.
        value: the result.
        expected: float64 array.
        tolerance: error allowed, see TOLERANCE.
        ones: as for `array`.
    """
    expected = np.asarray(expected, np.float64)
    value = array(name, value, expected.shape, ones)
    bound = share(value) * tolerance * max(1.0, np.abs(expected).max(initial=0.0))
    with np.errstate(all="ignore"):
        error = np.abs(value.astype(np.float64) - expected)
    wrong = ~(error <= bound)
    if wrong.any():
        _report(name, value, expected, wrong, error, bound)


def share(value: np.ndarray) -> float:
    """Return the share of a tolerance that an array may use: all of it if single precision holds each entry."""
    with np.errstate(all="ignore"):
        return 1.0 if np.array_equal(value, np.asarray(value, np.float32), equal_nan=True) else 0.25


def number(name: str, value: Any, expected: float, tolerance: float = TOLERANCE) -> None:
    """Check that a value is a single number close to the expected one."""
    if type(value) is np.ndarray and value.shape == ():
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        fail(f"{name} is not a number", f"{expected:.8g}", describe(value))
    if not abs(float(value) - expected) <= tolerance * max(1.0, abs(expected)):
        pattern = _pattern(np.array([float(value)]), np.array([expected]))
        fail(f"{name} is wrong", f"{expected:.8g}", f"{float(value):.8g}", [pattern] if pattern else [])


def same(name: str, value: Any, expected: Any, hint: str = "") -> None:
    """Check that two values, no arrays, are equal."""
    if type(value) is not type(expected) or value != expected:
        fail(f"{name} is wrong", describe(expected), describe(value), hint=hint)


def unchanged(name: str, before: Any, after: Any) -> None:
    """Check that an argument, an array or a dict of anything, is as it was before the call."""
    if isinstance(before, dict):
        keys = sorted(after) if isinstance(after, dict) else describe(after)
        if keys != sorted(before):
            fail(f"{name} was changed", f"the keys {sorted(before)}", f"{keys}", hint=_COPY)
        for key in before:
            unchanged(f"{name}[{key!r}]", before[key], after[key])
    elif isinstance(before, np.ndarray):
        after = array(name, after, before.shape)
        wrong = ~((before == after) | (np.isnan(before) & np.isnan(after)))
        if wrong.any():
            where = f"{wrong.sum()} of {wrong.size} entries; the first at {_index(wrong)}"
            fail(f"{name} was changed in place", "the values it had before the call", where, hint=_COPY)
    else:
        same(name, after, before)


_COPY = "Do not change the arguments: write into a new array. Look for +=, *= and x[...] = on an argument."


def tuple_of(count: int, name: str, value: Any) -> tuple | list:
    """Check that a result is a tuple of so many parts; return it."""
    if not isinstance(value, (tuple, list)) or len(value) != count:
        got = f"{len(value)} values" if isinstance(value, (tuple, list)) else describe(value)
        hint = "There is a return below the blank: leave it as it is, and assign the names that it uses."
        fail(f"{name} returns the wrong kind of result", f"{count} values", got, hint=hint)
    return value


def describe(value: Any) -> str:
    """Return a value in a few words."""
    if isinstance(value, Unknown):
        return value.type
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, {value.dtype}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict with the keys {sorted(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{type(value).__name__} {text[:50]}..."


def _no_array(value):
    if value is None:
        return "Is there a return, and is every result assigned?"
    if isinstance(value, list):
        return (
            "Do not return a list: compute with whole arrays, or make an array before the loop and write into it."
        )
    return ""


def _shapes(value, shape):
    """Return a hint on a wrong shape."""
    if value.ndim == len(shape) and sorted(value.shape) == sorted(shape):
        return (
            "The lengths are right, but in the wrong order: look at the last transpose, or at the "
            "order of a product."
        )
    if value.size == np.prod(shape, dtype=int):
        return "The number of entries is right: a reshape is missing."
    return "Write the shape of each intermediate result beside its line, and find the first wrong one."


def _report(name, value, expected, wrong, error, bound):
    """Raise a Failure that shows where two arrays of the same shape differ."""
    index = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
    where = [f"{wrong.sum()} of {wrong.size} entries differ by more than {bound:.2g}"]
    if wrong.size > 1:
        where.append(f"most at {_text(index)}: expected {_short(expected[index])}, got {_short(value[index])}")
    where += filter(None, [_pattern(value.astype(np.float64), expected)])
    if wrong.ndim > 1 and not wrong.all():
        where += places.indices(wrong)
    fail(f"{name} has wrong values", _preview(expected), _preview(value), where)


def _pattern(value, expected):
    """Return in words what a difference looks like, or an empty text."""
    if expected.size > 1 or not np.isfinite(value).all():
        return patterns.explain_values(value, expected, patterns.Context())
    factor = patterns.constant_factor(value, expected)  # of one number only a simple factor says something
    names = patterns.fitting_names(factor, patterns.Context()) if factor is not None else {}
    return patterns.factor_sentence(factor, names) if names else ""


def _index(wrong):
    return _text(np.unravel_index(np.argmax(wrong), wrong.shape))


def _text(index):
    return f"[{', '.join(str(int(k)) for k in index)}]"


def _short(number):
    return f"{number:.6g}"


def _preview(values):
    """Return the first entries of an array."""
    flat = values.ravel()
    shown = ", ".join(_short(value) for value in flat[:4])
    return f"{shown}, ..." if flat.size > 4 else shown
