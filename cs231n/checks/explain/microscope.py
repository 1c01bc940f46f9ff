"""Compare what the code returned with what is right: the error for each step size, its places, its pattern."""

from typing import Any

import numpy as np

from cs231n.checks import compare, patterns, places
from cs231n.checks.explain.findings import Finding
from cs231n.checks.explain.settings import Part, Setting

__all__ = ["STEPS", "examine"]

STEPS = tuple(10.0**-k for k in range(1, 13))
SIDE_STEP, FIVE_POINT_STEP = 1e-5, 2e-4
SAMPLE = 3  # entries with the largest error, and as many spread evenly, that the curve is drawn of
EXACT, BY_SLOPES = 1e-7, 1e-5  # error allowed where autograd knows the answer, and where only slopes do
ROUNDING = 1e-5  # a smaller error is what single precision leaves


def examine(setting: Setting, part: Part, curve: bool = True) -> Finding:
    """Return the Finding for one part of a Setting.

    Args:
        setting: Setting.
        part: one of its parts.
        curve: whether to take slopes where autograd knows the answer already.

    Raises:
        SubjectFailure, Failure: the forward pass gave no answer to a moved input.
    """
    differentiate = part.of is not None and (curve or part.right is None)
    slopes: Any = _slopes(setting, part.of) if differentiate and part.right is None else None
    right = part.right if part.right is not None else slopes[0]
    tolerance = EXACT if part.right is not None else BY_SLOPES
    got = _numbers(part.got)
    scale = max(1.0, np.abs(right).max(initial=0.0))
    measured = _curves(setting, part.of, got, right, scale) if differentiate else {}
    if got is None or got.shape != right.shape:
        axes = part.context.axes
        why = _unlike(part.got, got, right, part.context)
        return Finding(part.name, "mistake", np.nan, got, right, axes, why=why, **measured)
    with np.errstate(invalid="ignore"):
        error = np.abs(got - right) / scale
    wrong = ~(error <= tolerance)
    largest = float(np.max(np.where(np.isnan(error), np.inf, error), initial=0.0))
    if not wrong.any():
        dtype = getattr(part.got, "dtype", got.dtype)
        verdict, why = ("precision", (_precision(dtype, largest),)) if dtype != got.dtype else ("right", ())
        return Finding(part.name, verdict, largest, got, right, part.context.axes, why=why, **measured)
    if differentiate and slopes is None:
        slopes = _slopes(setting, part.of)
    verdict, sentence = _judge(part, got, right, wrong, slopes, largest)
    why = (sentence,) if sentence else ()
    where = tuple(places.places_of(wrong, part.context.axes, part.masks))
    return Finding(part.name, verdict, largest, got, right, part.context.axes, where, why, **measured)


def _numbers(got):
    """Return a result as a float64 array, or None."""
    if isinstance(got, (float, np.number)):
        got = np.asarray(got)
    return got.astype(np.float64) if type(got) is np.ndarray and got.dtype.kind in "fiu" else None


def _unlike(raw, got, right, context):
    """Return what is to be said about what is no array of the right shape."""
    if got is None:
        return (f"Expected an array of numbers, got {compare.describe(raw)}.",)
    sentence = patterns.explain_shape(got, right, context)
    return (f"It has shape {got.shape}, expected {right.shape}.", *filter(None, [sentence]))


def _judge(part, got, right, wrong, slopes, largest):
    """Return the verdict on a wrong array, and a sentence."""
    if slopes is not None and np.isfinite(got).all():
        _, left, right_hand = slopes
        jump = np.abs(left - right_hand) > 1e-3 * max(1.0, np.abs(right).max())
        # Where windows overlap, each may have settled its tie in its own way: no more than the size is certain.
        plausible = np.abs(got) <= 2 * max(np.abs(left).max(), np.abs(right_hand).max())
        if not (wrong & ~(jump & plausible)).any():
            return "kink", _KINK
    if largest <= ROUNDING:
        return "precision", _precision(part.got.dtype, largest)
    return "mistake", patterns.explain_values(got, right, part.context)


_KINK = (
    "There the forward pass has a kink: the slopes to the left and to the right differ, and no step size "
    "decides which one is the gradient. The exercise says which one to use."
)


def _precision(dtype, largest):
    known = f" It has dtype {dtype}, and the inputs float64." if dtype != np.float64 else ""
    return (
        f"The largest error is {largest:.1g}: too small for a wrong formula. Single precision may cause it, or "
        f"a small number added in the wrong place.{known}"
    )


# --- slopes -------------------------------------------------------------------------------------------------


def _slopes(setting, name):
    """Return the slopes of an input, and those to its left and to its right.

    The first are of five points, (8 * (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12h: exact enough to hold
    the usual differences of two points against.
    """
    x = setting.inputs[name]
    found = np.zeros((3, *x.shape))
    middle = setting.value(setting.inputs)
    for index in np.ndindex(x.shape):
        above, below, step = _sides(setting, name, index, SIDE_STEP)
        left, right = 2 * (middle - below) / step, 2 * (above - middle) / step
        near, far = (_central(setting, name, index, h) for h in (FIVE_POINT_STEP, 2 * FIVE_POINT_STEP))
        found[(slice(None), *index)] = (4 * near - far) / 3, left, right
    return found


def _curves(setting, name, got, right, scale):
    """Return for each step size the error of the result and that of the right gradient, over some entries."""
    comparable = got is not None and got.shape == right.shape
    chosen = _sample(np.abs(got - right) if comparable else np.zeros(right.shape))
    errors, best = [], []
    for h in STEPS:
        numeric = [_central(setting, name, index, h) for index in chosen]
        for values, kept in ((got if comparable else np.full(right.shape, np.nan), errors), (right, best)):
            kept.append(float(np.max(np.abs(np.array([values[i] for i in chosen]) - numeric)) / scale))
    return {"steps": STEPS, "errors": tuple(errors), "best": tuple(best)}


def _sample(error):
    """Return the indices of the entries with the largest errors, and of some spread evenly."""
    size = error.size
    worst = np.argsort(np.where(np.isnan(error), -1, error), axis=None)[::-1][:SAMPLE]
    spread = np.linspace(0, size - 1, min(SAMPLE, size)).astype(int)
    return [np.unravel_index(k, error.shape) for k in sorted({*worst.tolist(), *spread.tolist()})]


def _central(setting, name, index, h):
    above, below, step = _sides(setting, name, index, h)
    return (above - below) / step


def _sides(setting, name, index, h):
    """Return the value with an entry of an input moved up by h and down by h, and the step between them."""
    moved = {key: array.copy() if key == name else array for key, array in setting.inputs.items()}
    x = moved[name]
    old = x[index]
    x[index] = old + h
    above, top = setting.value(moved), x[index]
    x[index] = old - h
    return above, setting.value(moved), top - x[index]
