"""dropout_forward and dropout_backward.

No mask is expected in particular: a mask is judged by its two values, by how many elements it keeps, and by
whether a seed repeats it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cs231n.checks import compare
from cs231n.checks.exercises.common import layouts
from cs231n.checks.registry import check
from cs231n.checks.subject.client import Subject, SubjectFailure
from cs231n.checks.verdicts import Failure

FORWARD, BACKWARD = "layers.dropout_forward", "layers.dropout_backward"
SHAPES = ((6, 9), (12, 5))
IMAGES = (4, 2, 3, 5)
SIGMAS = 6  # how far from its mean a fraction may lie


def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """Return x without zeros, so that a zero in the output was dropped, and a probability to keep."""
    x = rng.standard_normal(shape)
    return x + 0.1 * np.sign(x), rng.uniform(0.3, 0.8)


def forward(subject: Subject, x: np.ndarray, **dropout_param: Any) -> Sequence[Any]:
    """Call the forward pass and return out and the handle of the cache."""
    return compare.tuple_of(2, "dropout_forward", subject.call(FORWARD, x, dropout_param, hold=1))


def mask_of(out: np.ndarray, x: np.ndarray, p: float) -> np.ndarray:
    """Return which elements were kept, after checking that each is either 0 or x / p."""
    out = compare.array("out", out, x.shape)
    kept = out != 0
    compare.close("out", out, np.where(kept, x / p, 0))
    return kept


def words(x: np.ndarray, p: float, mode: str) -> str:
    """Return a call in words."""
    return f"x {x.shape}, p {p:.3g}, mode {mode!r}"


def check_fraction(what: str, kept: np.ndarray, p: float) -> None:
    """Check that a share p of many elements was kept, as far as chance allows."""
    fraction, slack = kept.mean(), SIGMAS * np.sqrt(p * (1 - p) / kept.size)
    if abs(fraction - p) > slack:
        hint = "p is the probability to keep an element." if abs(1 - fraction - p) <= slack else ""
        compare.fail(
            f"{what} keeps the wrong share", f"{p:.3f}, {slack:.3f} more or less", f"{fraction:.3f}", hint=hint
        )


def modes_differ(subject: Subject, x: np.ndarray, p: float, train: bool) -> None:
    """Check that the modes are two: mode 'train' drops something, and mode 'test' nothing, right or not."""
    mode = "test" if train else "train"
    try:
        out, _ = forward(subject, x, mode=mode, p=p)
        zeros = (compare.array("out", out, x.shape) == 0).any()
    except (Failure, SubjectFailure) as failure:
        if isinstance(failure, SubjectFailure) and failure.verdict not in ("error", "not_implemented"):
            raise
        return
    if zeros == train:
        compare.fail("dropout_param['mode'] is ignored", "elements dropped in mode 'train' only", "no difference")


@check("dropout_forward")
def values(subject: Subject, rng: np.random.Generator) -> None:
    """in mode 'train' every element of the output is 0 or x / p"""
    for shape in SHAPES:
        x, p = draw(rng, shape)
        with compare.during(words(x, p, "train")):
            kept = mask_of(forward(subject, x, mode="train", p=p)[0], x, p)
        if kept.all() or not kept.any():
            compare.fail("the mask drops all or nothing", f"a share {p:.3f} that is kept", f"{kept.mean():.3f}")
        modes_differ(subject, x, p, train=True)


@check("dropout_forward", counts_with=("values",))
def fraction(subject: Subject, rng: np.random.Generator) -> None:
    """in mode 'train' a share p of the elements is kept"""
    for p in (rng.uniform(0.1, 0.4), rng.uniform(0.6, 0.9)):
        x, _ = draw(rng, (80, 100))
        check_fraction("the mask", mask_of(forward(subject, x, mode="train", p=p)[0], x, p), p)


@check("dropout_forward", counts_with=("values",))
def each_element_for_itself(subject: Subject, rng: np.random.Generator) -> None:
    """each element is kept or dropped by itself, not with its row or its column"""
    check_independence(subject, rng, (40, 30))


@check("dropout_forward", detail=True)
def images(subject: Subject, rng: np.random.Generator) -> None:
    """inputs may have any number of axes, each element is kept or dropped by itself"""
    check_independence(subject, rng, (40, 5, 3, 6))


def check_independence(subject: Subject, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    """Check that a mask has no two rows alike along all of an axis."""
    x, _ = draw(rng, shape)
    with compare.during(words(x, 0.5, "train")):
        kept = mask_of(forward(subject, x, mode="train", p=0.5)[0], x, 0.5)
    for axis in range(x.ndim):
        lines = np.moveaxis(kept, axis, -1).reshape(-1, x.shape[axis])
        if (lines == lines[0]).all() or (lines == lines[:, :1]).all():
            compare.fail(
                f"along axis {axis}, all elements are kept or dropped together",
                "one random number for each element of x",
                f"the same pattern {kept.size // x.shape[axis]} times",
            )


def masks_of(subject: Subject, rng: np.random.Generator, *seeds: int | None) -> list[np.ndarray]:
    """Return the masks of calls with these seeds, on the same input; None: no seed."""
    x, p = draw(rng, (10, 20))
    settings = [{} if seed is None else {"seed": seed} for seed in seeds]
    return [mask_of(forward(subject, x, mode="train", p=p, **more)[0], x, p) for more in settings]


@check("dropout_forward", detail=True)
def seed(subject: Subject, rng: np.random.Generator) -> None:
    """with the same seed in dropout_param the mask repeats"""
    one, two = masks_of(subject, rng, 3, 3)
    if (one != two).any():
        compare.fail("the mask does not repeat", "the same mask for the same seed", "two different masks")


@check("dropout_forward", detail=True)
def other_masks(subject: Subject, rng: np.random.Generator) -> None:
    """a different seed gives a different mask, and so does each call without a seed"""
    for what, seeds in (("two seeds", (3, 4)), ("two calls without a seed", (None, None))):
        one, two = masks_of(subject, rng, *seeds)
        if (one == two).all():
            compare.fail(f"{what} give the same mask", "two masks", "the same mask twice")


@check("dropout_forward", counts_with=("values",))
def test_mode(subject: Subject, rng: np.random.Generator) -> None:
    """in mode 'test' nothing is dropped or scaled"""
    for shape in SHAPES:
        x, p = draw(rng, shape)
        with compare.during(words(x, p, "test")):
            compare.close("out", forward(subject, x, mode="test", p=p)[0], x)


@check("dropout_forward", detail=True)
def one_example(subject: Subject, rng: np.random.Generator) -> None:
    """right for a batch of one too"""
    x, p = draw(rng, (1, 30))
    mask_of(forward(subject, x, mode="train", p=p)[0], x, p)
    compare.close("out in mode 'test'", forward(subject, x, mode="test", p=p)[0], x)


@check("dropout_forward", detail=True)
def keep_all(subject: Subject, rng: np.random.Generator) -> None:
    """p = 1 keeps everything"""
    x, _ = draw(rng, (5, 6))
    compare.close("out for p = 1", forward(subject, x, mode="train", p=1.0)[0], x)


@check("dropout_forward", detail=True)
def layout(subject: Subject, rng: np.random.Generator) -> None:
    """the order in memory does not matter: Fortran-ordered, strided and reversed inputs"""
    x, p = draw(rng, (4, 3, 5))
    for laid in layouts(x).values():
        mask_of(forward(subject, laid, mode="train", p=p)[0], x, p)


@check("dropout_forward", detail=True)
def inputs_kept(subject: Subject, rng: np.random.Generator) -> None:
    """the arguments are not changed, in both modes"""
    x, p = draw(rng, (5, 6))
    for mode in ("train", "test"):
        param = {"mode": mode, "p": p}
        after = subject.arguments_after(FORWARD, x, dict(param))
        compare.unchanged("x", x, after[0])
        compare.unchanged("dropout_param", param, after[1])


def check_backward(
    subject: Subject,
    rng: np.random.Generator,
    x: np.ndarray,
    p: float,
    mode: str = "train",
    layout: str | None = None,
) -> tuple[np.ndarray, Any, np.ndarray]:
    """Compare a backward pass with what the forward pass did to each element."""
    out, cache = forward(subject, x, mode=mode, p=p)
    try:
        out = compare.array("out", out, x.shape)
        if not np.isfinite(out).all():
            compare.fail("out has NaN or infinity in it")
    except Failure as failure:
        raise SubjectFailure("blocked", f"needs dropout_forward first: {failure}") from failure
    right = _is_right(out, x, p, mode)
    if not right or mode == "train":
        _check_mask(out, x, mode)
    subject.by_slopes += [] if right else [None]
    dout = rng.standard_normal(x.shape)
    dout = layouts(dout)[layout] if layout else dout
    with compare.during(words(x, p, mode)):
        dx = subject.call(BACKWARD, dout, cache)
        compare.close("dx", dx, out / x * dout)  # every element of the output depends on one of the input
    return dout, cache, dx


def _is_right(out, x, p, mode):
    """Return whether the output is what dropout may give, up to the draw of the mask."""
    kept = out != 0
    right = np.where(kept, x / p, 0) if mode == "train" else x
    return np.allclose(out, right, rtol=0, atol=compare.TOLERANCE * np.abs(right).max(initial=1.0))


def _check_mask(out, x, mode):
    """Check that a forward pass drops some elements and keeps others; else its slopes say nothing."""
    kept = out != 0
    some = kept.any() and (not kept.all() or mode == "test")
    if not some or np.ptp((out / x)[kept]) > 1e-3 * np.abs((out / x)[kept]).max():
        raise SubjectFailure(
            "blocked", "needs dropout_forward first: it does not drop some elements and keep others"
        )


@check("dropout_backward")
def gradients(subject: Subject, rng: np.random.Generator) -> None:
    """in mode 'train' each gradient is scaled or dropped like its element in the forward pass"""
    for shape in SHAPES:
        check_backward(subject, rng, *draw(rng, shape))


@check("dropout_backward", counts_with=("gradients",))
def gradients_test_mode(subject: Subject, rng: np.random.Generator) -> None:
    """in mode 'test' the gradient passes unchanged"""
    for shape in SHAPES:
        check_backward(subject, rng, *draw(rng, shape), mode="test")


@check("dropout_backward", detail=True)
def images_backward(subject: Subject, rng: np.random.Generator) -> None:
    """gradients may have any number of axes"""
    check_backward(subject, rng, *draw(rng, IMAGES))


@check("dropout_backward", detail=True)
def layout_backward(subject: Subject, rng: np.random.Generator) -> None:
    """the order in memory does not matter: Fortran-ordered, strided and reversed gradients"""
    x, p = draw(rng, (14, 15))
    for layout in layouts(x):
        check_backward(subject, rng, x, p, layout=layout)


@check("dropout_backward", detail=True)
def kept(subject: Subject, rng: np.random.Generator) -> None:
    """the upstream gradient is not changed, and a second call with the same cache gives the same result"""
    for mode in ("train", "test"):
        dout, cache, dx = check_backward(subject, rng, *draw(rng, (5, 6)), mode)
        compare.unchanged("dout", dout, subject.arguments_after(BACKWARD, dout, cache)[0])
        compare.close("dx of another call", subject.call(BACKWARD, dout, cache), dx)
