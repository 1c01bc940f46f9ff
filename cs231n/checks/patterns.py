"""What explains the difference between two arrays: a factor, another order, a term too few.

Each pattern is a function of what the code returned, what is right (float64 arrays) and a Context; it returns a
sentence, or an empty text where it does not fit.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping

import numpy as np

__all__ = ["Context", "constant_factor", "explain_shape", "explain_values", "factor_sentence", "fitting_names"]

NEAR = 1e-5  # relative to the largest entry; slopes by central differences are that good


@dataclasses.dataclass(frozen=True)
class Context:
    """What a wrong array may have to do with.

    Attributes:
        sizes: letter -> length, such as N -> 4.
        numbers: name -> number: probabilities, rates.
        axes: a word for each axis of the right array; () where none is known.
        inputs: name -> array that may stand in it as a factor or a term.
        variants: sentence -> array: right answers to other questions.
        lines: function that lays an array of the shape of x out as (lines, entries), where each line is normalised
            by itself; None where nothing is.
        line: what a line is, such as "each feature"; the statistics are taken over its entries.
        x: the array that is normalised.
        gradient: whether the right array is a gradient.
    """

    sizes: dict = dataclasses.field(default_factory=dict)
    numbers: dict = dataclasses.field(default_factory=dict)
    axes: tuple = ()
    inputs: dict = dataclasses.field(default_factory=dict)
    variants: dict = dataclasses.field(default_factory=dict)
    lines: Callable | None = None
    line: str = ""
    x: np.ndarray | None = None
    gradient: bool = False


def near(one: np.ndarray, two: np.ndarray) -> bool:
    """Return whether two arrays of a shape are equal up to rounding."""
    scale = max(np.abs(two).max(initial=0), 1e-12)
    return one.shape == two.shape and bool(np.abs(one - two).max(initial=0) <= NEAR * scale)


# --- another shape ------------------------------------------------------------------------------------------


def explain_shape(got: np.ndarray, right: np.ndarray, context: Context) -> str:
    """Return what makes another shape of the right array, as a sentence, or an empty text."""
    for pattern in (_transposed, _not_summed, _summed_too_far, _not_reshaped):
        if sentence := pattern(got, right, context):
            return sentence
    letters = [[letter for letter, size in context.sizes.items() if size == length] for length in got.shape]
    if got.ndim and all(len(found) == 1 for found in letters):
        return f"That is ({', '.join(found[0] for found in letters)}{',' * (got.ndim == 1)})."
    return ""


def _transposed(got, right, context):
    if got.ndim != right.ndim or sorted(got.shape) != sorted(right.shape):
        return ""
    for order in itertools.permutations(range(right.ndim)):
        if right.transpose(order).shape == got.shape and near(got, right.transpose(order)):
            return "It is transposed: the numbers are right" + (
                "." if right.ndim == 2 else f", with the axes in the order {order}."
            )
    return "The lengths are right but in another order, and a transpose alone does not make it right."


def _not_summed(got, right, context):
    for axes in _subsets(got.ndim):
        total = got.sum(axis=axes)
        if total.shape == right.shape and near(total, right):
            return f"A sum is missing: added up over {_axes(axes)}, it is right."
        if total.size == right.size and near(total.reshape(right.shape), right):
            return f"A sum is missing: added up over {_axes(axes)}, it has the right numbers."
    return ""


def _summed_too_far(got, right, context):
    for axes in _subsets(right.ndim):
        for keepdims in (False, True):
            total = right.sum(axis=axes, keepdims=keepdims)
            if total.shape == got.shape and near(got, total):
                return f"It is summed over too many axes: it is the right array, added up over {_axes(axes)}."
    return ""


def _not_reshaped(got, right, context):
    if got.size == right.size and near(got.reshape(right.shape), right):
        return "The numbers are right and in the right order: only a reshape is missing."
    return ""


# --- the right shape, other values --------------------------------------------------------------------------


def explain_values(got: np.ndarray, right: np.ndarray, context: Context) -> str:
    """Return what the difference looks like, as a sentence, or an empty text."""
    if not np.isfinite(got).all():
        return _not_finite(got)
    if not got.any():
        return "Everything is zero."
    return next(filter(None, (pattern(got, right, context) for pattern in _VALUES)), "")


def _not_finite(got):
    kinds = [word for word, test in (("NaN", np.isnan), ("infinity", np.isinf)) if test(got).any()]
    count = np.count_nonzero(~np.isfinite(got))
    share = "everywhere" if count == got.size else f"in {count} of {got.size} entries"
    return (
        f"{' and '.join(kinds)} {share}: look for a division by zero, the root or logarithm of a number that is "
        "not positive, and np.empty."
    )


def constant_factor(got: np.ndarray, right: np.ndarray) -> float | None:
    """Return the number c with got = c * right, or None."""
    if got is None or got.shape != right.shape or not np.isfinite(got).all():
        return None
    clear = np.abs(right) > 1e-3 * max(np.abs(right).max(initial=0), 1e-12)
    if np.count_nonzero(clear) < min(2, right.size) or not clear.any():
        return None
    c = float(np.median(got[clear] / right[clear]))
    return c if abs(c) > 1e-12 and near(got, c * right) else None


def fitting_names(c: float, context: Context) -> dict[str, float]:
    """Return the names of the sizes and numbers that |c| may be: name -> value, the simplest first."""
    return {name: value for name, value in _magnitudes(context).items() if abs(abs(c) - value) <= NEAR * value}


def _magnitudes(context):
    """name -> positive number that a gradient is easily wrong by."""
    found = {"1": 1.0, "2": 2.0, "1/2": 0.5}
    for name, number in context.numbers.items():
        if number > 0:
            found |= {name: number, f"1/{name}": 1 / number}
        if 0 < number < 1:
            found |= {f"(1 - {name})": 1 - number, f"1/(1 - {name})": 1 / (1 - number)}
    for count in (1, 2, 3, 4):
        for names in itertools.combinations(context.sizes, count):
            product, value = "*".join(names), float(np.prod([context.sizes[name] for name in names]))
            if value > 0:
                found |= {product: value, f"1/{product}" if count == 1 else f"1/({product})": 1 / value}
            if count == 1 and value > 1:
                found |= {f"{product}/({product} - 1)": value / (value - 1)}
                found |= {f"({product} - 1)/{product}": (value - 1) / value}
    return found | {"4": 4.0, "1/4": 0.25}


def factor_sentence(c: float, names: Mapping[str, float]) -> str:
    """Return a factor as a sentence; `names` are those that fit, the simplest first."""
    sign = "The sign is wrong" if c < 0 else ""
    if abs(abs(c) - 1) <= NEAR:
        return f"{sign}: everything is -1 times the right value." if sign else ""
    if not names:
        return f"Everything is {c:.6g} times the right value."
    name, value = next(iter(names.items()))
    plain = name.removeprefix("1/").removeprefix("(").removesuffix(")") if name.startswith("1/") else name
    length = 1 / value if name.startswith("1/") else value
    here = "" if plain.isdigit() else f" ({plain} is {length:.6g} here)"
    if length >= 2 and abs(length - round(length)) < NEAR:
        text = f"Everything is exactly {plain} times too {'small' if value < 1 else 'large'}{here}"
    else:
        text = f"Everything is exactly {name} times the right value{here}"
    return f"{text}, and has the wrong sign." if sign else f"{text}."


def _factor(got, right, context):
    c = constant_factor(got, right)
    if c is None:
        return ""
    return factor_sentence(c, fitting_names(c, context))


def _variant(got, right, context):
    for sentence, other in context.variants.items():
        if other.any() and near(got, other):
            return sentence
    return ""


def _other_order(got, right, context):
    if right.size < 3 or right.ndim < 2:
        return _flipped(got, right) if right.ndim else ""
    for order in itertools.permutations(range(right.ndim)):
        if order == tuple(range(right.ndim)):
            continue
        swapped = right.transpose(order)
        if swapped.shape == right.shape and near(got, swapped):
            return f"It is transposed: the right numbers, with the axes in the order {order}."
        if near(got, swapped.reshape(right.shape)):
            return (
                f"The right numbers in another order: as if transposed to {_names(order, context)} and reshaped. "
                "A reshape never moves numbers between axes; that takes a transpose before it."
            )
        back = right.reshape(swapped.shape).transpose(np.argsort(order))
        if near(got, back):
            return (
                f"The right numbers in another order: as if reshaped to {_names(order, context)} and transposed "
                "back. A reshape never moves numbers between axes; that takes a transpose before it."
            )
    return _flipped(got, right) or _shifted(got, right, context) or _shuffled(got, right)


def _flipped(got, right):
    for axes in _subsets(right.ndim):
        if near(got, np.flip(right, axes)):
            return f"It runs backwards along {_axes(axes)}."
    return ""


def _shifted(got, right, context):
    """A slice that begins at the wrong place: only images have room for that."""
    if right.ndim != 4:
        return ""
    for down, across in itertools.product(range(-2, 3), repeat=2):
        if (down, across) == (0, 0):
            continue
        one, two = got[:, :, *_overlap(down, across)], right[:, :, *_overlap(-down, -across)]
        if one.size >= right.size / 3 and one.any() and near(one, two):
            ways = [f"{abs(n)} {way[n < 0]}" for n, way in ((down, ("down", "up")), (across, _SIDES)) if n]
            return f"It is shifted by {' and '.join(ways)}: look at where a slice begins, and at the padding."
    return ""


_SIDES = ("to the right", "to the left")


def _overlap(down, across):
    """Return the slices of height and width that remain after a shift."""
    return tuple(slice(max(n, 0), n if n < 0 else None) for n in (down, across))


def _shuffled(got, right):
    if right.size > 3 and near(np.sort(got, axis=None), np.sort(right, axis=None)):
        return "All the right numbers are there, but in the wrong places."
    return ""


def _factor_of_an_input(got, right, context):
    """Each entry is multiplied or divided by an input that has no business there, or lacks one."""
    for name, value in context.inputs.items():
        value = _fit(value, right.shape)
        if value is None or np.ptp(value) < 1e-9:
            continue
        if near(got, right * value):
            return (
                f"Each entry is {name} times the right value: {name} is there once too often, or in the "
                "wrong place."
            )
        if value.all() and near(got * value, right):
            return f"Each entry lacks the factor {name}: multiplied by {name}, it is right."
    return ""


def _factor_along_an_axis(got, right, context):
    for axis in range(right.ndim):
        others = tuple(k for k in range(right.ndim) if k != axis)
        if right.shape[axis] < 2 or right.size // right.shape[axis] < 2:
            continue
        bottom = (right * right).sum(axis=others, keepdims=True)
        if not bottom.all():
            continue
        factors = (got * right).sum(axis=others, keepdims=True) / bottom
        if near(got, factors * right):
            shown = ", ".join(f"{value:.4g}" for value in factors.ravel()[:4])
            word = context.axes[axis] if context.axes else f"index of axis {axis}"
            return f"Each {word} is wrong by a different factor: {shown}{_dots(factors)}"
    return ""


def _multiple_of_an_input(got, right, context):
    """A term with an input is missing, or too much."""
    difference = got - right
    for name, value in context.inputs.items():
        value = _fit(value, right.shape)
        if value is None or not value.any() or np.ptp(value) < 1e-9:
            continue
        c = float((difference * value).sum() / (value * value).sum())
        if abs(c) > 1e-9 and near(difference, c * value):
            verb = "too much" if c > 0 else "missing"
            known = [text for text, number in context.numbers.items() if abs(abs(c) - number) <= NEAR * number]
            known += [
                f"0.5 * {text}" for text, number in context.numbers.items() if abs(2 * abs(c) - number) <= NEAR
            ]
            times = "" if abs(abs(c) - 1) <= NEAR else f"{known[0] if known else f'{abs(c):.5g}'} * "
            return f"A term is {verb}: the difference is {'' if c > 0 else '-'}{times}{name}."
    return ""


def _statistics(got, right, context):
    """The gradient through the mean or the variance of each line."""
    if context.lines is None or context.x is None or context.x.shape != right.shape:
        return ""
    difference, x = context.lines(got - right), context.lines(context.x)
    if x.shape[1] < 3:
        return ""
    flat = difference - difference.mean(axis=1, keepdims=True)
    scale = NEAR * np.abs(difference).max()
    if np.abs(flat).max() <= scale:
        what = "the gradient through the mean is missing or has a wrong factor" if context.gradient else "a shift"
        return f"Within {context.line}, all entries are wrong by the same amount: {what}."
    x = x - x.mean(axis=1, keepdims=True)
    slope = (flat * x).sum(axis=1, keepdims=True) / (x * x).sum(axis=1, keepdims=True)
    if x.shape[1] == 3 or np.abs(flat - slope * x).max() > scale:
        return ""
    both = np.abs(difference.mean(axis=1)).max() > scale
    if not context.gradient:
        return (
            f"Within {context.line}, the difference is a multiple of x - mean: x is divided by the wrong number."
        )
    way = "the mean and the variance" if both else "the variance"
    return (
        f"Within {context.line}, the difference is a multiple of x - mean{' and a constant' if both else ''}: "
        f"the gradient through {way} is missing or has a wrong factor."
    )


def _constant_along_an_axis(got, right, context):
    shift = got - right
    scale = np.abs(shift).max()
    if right.size > 1 and np.ptp(shift) <= NEAR * scale:
        return f"Everything is the right value plus {shift.mean():.5g}."
    for axis in range(right.ndim):
        if right.shape[axis] > 2 and np.ptp(shift, axis=axis).max() <= NEAR * scale:
            words = f", from {context.axes[axis]} to {context.axes[axis]}" if context.axes else ""
            return f"Along axis {axis}{words}, all are wrong by the same amount."
    return ""


_VALUES = (
    _variant,
    _factor,
    _other_order,
    _multiple_of_an_input,
    _statistics,
    _factor_of_an_input,
    _factor_along_an_axis,
    _constant_along_an_axis,
)


# --- words --------------------------------------------------------------------------------------------------


def _fit(value, shape):
    """Return a value with the shape given, where broadcasting has one meaning only, or None."""
    if value.shape == shape:
        return value
    if value.ndim == 1 and len(shape) == 4 and value.shape[0] == shape[1]:
        value = value.reshape(-1, 1, 1)
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        return None


def _subsets(count):
    """Return the axes to sum over: one, then several."""
    return [axes for size in range(1, count + 1) for axes in itertools.combinations(range(count), size)]


def _axes(axes):
    return f"axis {axes[0]}" if len(axes) == 1 else f"the axes {axes}"


def _names(order, context):
    return f"({', '.join(context.axes[k] for k in order)})" if context.axes else str(order)


def _dots(values):
    return ", ..." if values.size > 4 else "."
