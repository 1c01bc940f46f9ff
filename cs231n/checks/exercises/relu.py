"""relu_forward and relu_backward."""

import numpy as np

from cs231n.checks.exercises.common import Case, Layer, backward_checks, check_backward, forward_checks
from cs231n.checks.registry import check
from cs231n.checks.subject.client import Subject

SHAPES = {"images": (3, 2, 4, 5), "rows": (4, 7), "one example": (1, 6), "one number": (1, 1)}


def draw(rng: np.random.Generator, kind: str) -> Case:
    """Return a call of the rectifier, away from its kink."""
    x = rng.standard_normal(SHAPES[kind])
    x += 0.01 * np.sign(x)
    return Case((x,), (), _torch, cache=x)


def draw_at_the_kink(rng: np.random.Generator) -> Case:
    """Return a call in which some x are exactly 0."""
    x = rng.integers(-1, 2, (4, 5)).astype(np.float64)
    x[0, 0] = 0.0
    return Case((x,), (), _torch, cache=x)


def _torch(x):
    import torch

    return torch.nn.functional.relu(x)


LAYER = Layer(
    "relu_forward",
    "relu_backward",
    names=("x",),
    gradients=("dx",),
    draw=draw,
    usual=("images", "rows"),
    awkward={"one example": "a batch of one", "one number": "a single number"},
)
forward_checks(LAYER)
backward_checks(LAYER)


@check("relu_backward", hint="At 0 the rectifier has a kink; by convention the gradient there is 0.", detail=True)
def zero_at_the_kink(subject: Subject, rng: np.random.Generator) -> None:
    """where x is exactly 0, the gradient is 0"""
    check_backward(subject, LAYER, draw_at_the_kink(rng), rng, LAYER.backward)
