"""dropout_forward and dropout_backward.

No mask is expected in particular: a mask is judged by its two values, by how many elements it keeps, and by
whether a seed repeats it.
"""

import numpy as np

from cs231n.checks import compare
from cs231n.checks.exercises.common import layouts
from cs231n.checks.registry import check
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.verdicts import Failure

FORWARD, BACKWARD = "layers.dropout_forward", "layers.dropout_backward"
SHAPES = ((6, 9), (4, 2, 3, 5), (1, 30))
SIGMAS = 6  # how far from its mean a fraction may lie


def draw(rng, shape):
    """Return x without zeros, so that a zero in the output was dropped, and a probability to keep."""
    x = rng.standard_normal(shape)
    return x + 0.1 * np.sign(x), rng.uniform(0.3, 0.8)


def forward(subject, x, **dropout_param):
    """Call the forward pass and return out, as it came, and the handle of the cache."""
    return compare.tuple_of(2, "dropout_forward", subject.call(FORWARD, x, dropout_param, hold=1))


def mask_of(out, x, p):
    """Return which elements were kept, after checking that each is either 0 or x / p."""
    out = compare.array("out", out, x.shape, x.dtype)
    kept = out != 0
    compare.close("out", out, np.where(kept, x.astype(np.float64) / p, 0), x.dtype)
    return kept


def check_fraction(what, kept, p):
    """Check that a share p of many elements was kept, as far as chance allows."""
    fraction, slack = kept.mean(), SIGMAS * np.sqrt(p * (1 - p) / kept.size)
    if abs(fraction - p) > slack:
        hint = "p is the probability to keep an element." if abs(1 - fraction - p) <= slack else ""
        compare.fail(
            f"{what} keeps another share", f"{p:.3f}, {slack:.3f} more or less", f"{fraction:.3f}", hint=hint
        )


@check("dropout_forward")
def values(subject, rng):
    """in mode 'train' every element of the output is 0 or x / p"""
    for shape in SHAPES:
        x, p = draw(rng, shape)
        mask_of(forward(subject, x, mode="train", p=p)[0], x, p)


@check("dropout_forward")
def fraction(subject, rng):
    """in mode 'train' a share p of the elements is kept"""
    for p in (rng.uniform(0.1, 0.4), rng.uniform(0.6, 0.9)):
        x, _ = draw(rng, (80, 100))
        check_fraction("the mask", mask_of(forward(subject, x, mode="train", p=p)[0], x, p), p)


@check("dropout_forward")
def each_element_for_itself(subject, rng):
    """each element is kept or dropped by itself, not with its row, its column or its image"""
    x, _ = draw(rng, (40, 5, 6))
    kept = mask_of(forward(subject, x, mode="train", p=0.5)[0], x, 0.5)
    for axis in range(x.ndim):
        lines = np.moveaxis(kept, axis, -1).reshape(-1, x.shape[axis])
        if (lines == lines[0]).all() or (lines == lines[:, :1]).all():
            compare.fail(
                f"along axis {axis}, all are kept or dropped alike",
                "one random number for each element of x",
                f"the same pattern {kept.size // x.shape[axis]} times",
            )


@check("dropout_forward")
def seed(subject, rng):
    """with a seed in dropout_param the mask repeats; another seed, or none, gives another mask"""
    x, p = draw(rng, (10, 20))
    masks = [
        mask_of(forward(subject, x, mode="train", p=p, **chosen)[0], x, p)
        for chosen in ({"seed": 3}, {"seed": 3}, {"seed": 4}, {}, {})
    ]
    if (masks[0] != masks[1]).any():
        compare.fail("the mask does not repeat", "the same mask for the same seed", "two different masks")
    for other, what in ((masks[2], "seed 4"), (masks[3], "no seed")):
        if (masks[0] == other).all():
            compare.fail(f"the mask for {what} is that for seed 3", "another mask", "the same mask")
    if (masks[3] == masks[4]).all():
        compare.fail("two calls without a seed give the same mask", "two masks", "the same mask twice")


@check(
    "dropout_forward", hint="Draw from `random`, which the function has ready for you, and do not seed np.random."
)
def stream_kept(subject, rng):
    """with a seed, NumPy's global random stream is left alone"""
    x, p = draw(rng, (4, 5))
    before = subject.stream()
    forward(subject, x, mode="train", p=p, seed=7)
    if not all(np.array_equal(one, two) for one, two in zip(before, subject.stream())):
        compare.fail("np.random is in another state after the call", "the state before the call", "another one")


@check("dropout_forward")
def test_mode(subject, rng):
    """in mode 'test' nothing is dropped and nothing scaled"""
    for shape in SHAPES:
        x, p = draw(rng, shape)
        compare.close("out in mode 'test'", forward(subject, x, mode="test", p=p)[0], x, x.dtype)


@check("dropout_forward")
def keep_all(subject, rng):
    """p = 1 keeps everything"""
    x, _ = draw(rng, (5, 6))
    compare.close("out for p = 1", forward(subject, x, mode="train", p=1.0)[0], x, x.dtype)


@check("dropout_forward")
def dtype(subject, rng):
    """float32 stays float32, in both modes"""
    x, p = draw(rng, (5, 6))
    x = x.astype(np.float32)
    mask_of(forward(subject, x, mode="train", p=p)[0], x, p)
    compare.close("out in mode 'test'", forward(subject, x, mode="test", p=p)[0], x, x.dtype)


@check("dropout_forward")
def layout(subject, rng):
    """the order in memory does not matter: Fortran-ordered, strided and reversed inputs"""
    x, p = draw(rng, (4, 3, 5))
    for laid in layouts(x).values():
        mask_of(forward(subject, laid, mode="train", p=p)[0], x, p)


@check("dropout_forward")
def inputs_kept(subject, rng):
    """the arguments are left as they were, in both modes"""
    x, p = draw(rng, (5, 6))
    for mode in ("train", "test"):
        param = {"mode": mode, "p": p}
        after = subject.arguments_after(FORWARD, x, dict(param))
        compare.unchanged("x", x, after[0])
        compare.unchanged("dropout_param", param, after[1])


def check_backward(subject, rng, x, p, mode="train", layout=None):
    """Compare a backward pass with what the forward pass did to each element."""
    out, cache = forward(subject, x, mode=mode, p=p)
    try:
        out = compare.array("out", out, x.shape)
    except Failure as failure:
        raise SubjectFailure("blocked", f"needs dropout_forward first: {failure}") from failure
    dout = rng.standard_normal(x.shape).astype(x.dtype)
    dout = layouts(dout)[layout] if layout else dout
    dx = subject.call(BACKWARD, dout, cache)
    with np.errstate(all="ignore"):
        slope = out.astype(np.float64) / x  # every element of the output depends on one of the input
    compare.close(f"dx in mode {mode!r}", dx, np.nan_to_num(slope) * dout, x.dtype)
    return dout, cache, dx


@check("dropout_backward")
def gradients(subject, rng):
    """in mode 'train' each gradient is scaled, or dropped, as the forward pass did with its element"""
    for shape in SHAPES:
        check_backward(subject, rng, *draw(rng, shape))


@check("dropout_backward")
def gradients_test_mode(subject, rng):
    """in mode 'test' the gradient passes unchanged"""
    for shape in SHAPES:
        check_backward(subject, rng, *draw(rng, shape), mode="test")


@check("dropout_backward")
def dtype_backward(subject, rng):
    """float32 stays float32, in both modes"""
    x, p = draw(rng, (5, 6))
    for mode in ("train", "test"):
        check_backward(subject, rng, x.astype(np.float32), p, mode)


@check("dropout_backward")
def layout_backward(subject, rng):
    """the order in memory does not matter: Fortran-ordered, strided and reversed gradients"""
    x, p = draw(rng, (4, 3, 5))
    for layout in layouts(x):
        check_backward(subject, rng, x, p, layout=layout)


@check("dropout_backward")
def kept(subject, rng):
    """the upstream gradient is left as it was, and a second call with the same cache gives the same"""
    for mode in ("train", "test"):
        dout, cache, dx = check_backward(subject, rng, *draw(rng, (5, 6)), mode)
        compare.unchanged("dout", dout, subject.arguments_after(BACKWARD, dout, cache)[0])
        compare.close("dx of another call", subject.call(BACKWARD, dout, cache), dx)
