"""affine_forward and affine_backward."""

import numpy as np

from cs231n.checks.exercises.common import Case, Layer, backward_checks, forward_checks

SHAPES = {
    "images": ((3, 2, 3, 4), 5),
    "rows": ((4, 7), 3),
    "one example": ((1, 2, 3), 4),
    "one output": ((3, 5), 1),
}


def draw(rng: np.random.Generator, kind: str) -> Case:
    """Return a call of the affine layer."""
    shape, outputs = SHAPES[kind]
    x = rng.standard_normal(shape)
    w, b = rng.standard_normal((x[0].size, outputs)), rng.standard_normal(outputs)
    return Case((x, w, b), (), _torch, cache=(x, w, b))


def _torch(x, w, b):
    import torch

    return torch.nn.functional.linear(x.flatten(1), w.T, b)


LAYER = Layer(
    "affine_forward",
    "affine_backward",
    names=("x", "w", "b"),
    gradients=("dx", "dw", "db"),
    draw=draw,
    usual=("images", "rows"),
    trivial=("db",),
    awkward={"one example": "a batch of one", "one output": "a single output"},
)
forward_checks(LAYER)
backward_checks(LAYER)
