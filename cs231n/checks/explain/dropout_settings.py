"""Calls of dropout, with a seed that makes the mask repeat."""

import dataclasses

import numpy as np

from cs231n.checks import compare
from cs231n.checks.exercises import dropout
from cs231n.checks.explain.layer_context import ROWS
from cs231n.checks.explain.settings import Part, Setting, draws
from cs231n.checks.patterns import Context
from cs231n.checks.subject.client import Subject, SubjectFailure

__all__ = ["kinds", "setting"]


def kinds(exercise: str) -> dict[str, str]:
    """Return kind -> words."""
    return {mode: f"mode {mode!r}" for mode in ("train", "test")}


def setting(subject: Subject, exercise: str, mode: str) -> Setting:
    """Return the Setting of a call of dropout, with a seed that makes the mask repeat."""
    rng = draws(exercise, mode)
    x, p = dropout.draw(rng, (4, 6))
    param = {"mode": mode, "p": p, "seed": 3}
    words = f"dropout_forward with x {x.shape}, p {p:.3f}, mode {mode!r}, seed 3"

    def forward(x):
        out, cache = compare.tuple_of(2, "dropout_forward", subject.call(dropout.FORWARD, x, dict(param), hold=1))
        out = compare.array("out", out, x.shape).astype(np.float64)
        if not np.isfinite(out).all():
            compare.fail("out has NaN or infinity in it")
        return out, cache

    out, cache = forward(x)
    kept = out != 0
    context = Context(dict(zip("ND", x.shape)), {"p": p if mode == "train" else 1.0}, ROWS, {"x": x})
    masks = {"the element was dropped": ~kept, "the element was kept": kept}
    if exercise == "dropout_forward":
        right = np.where(kept, x / p, 0) if mode == "train" else x
        part = Part("out", out, right, context=context, masks=masks)
        share = f"{np.count_nonzero(kept)} of {kept.size} elements were kept."
        return Setting(words, (part,), notes=(share,) if mode == "train" else ())
    if not np.array_equal(out, forward(x)[0]):
        raise SubjectFailure("blocked", "needs dropout_forward first: with a seed, the mask does not repeat")
    dout = rng.standard_normal(x.shape)
    got = subject.call(dropout.BACKWARD, dout, cache)
    context = dataclasses.replace(
        context,
        inputs={"x": x, "dout": dout},
        variants={"The mask is forgotten: the result is dout.": dout} if mode == "train" else {},
    )
    part = Part("dx", got, out / x * dout, "x", context, masks)
    words += f", then dropout_backward with a random dout {dout.shape}"
    value = lambda moved: float(np.sum(forward(moved["x"])[0] * dout))  # noqa: E731
    return Setting(words, (part,), {"x": x}, value)
