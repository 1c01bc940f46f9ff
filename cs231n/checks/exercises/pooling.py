"""max_pool_forward_naive and max_pool_backward_naive."""

import copy

import numpy as np

from cs231n.checks.exercises.common import Case, Layer, backward_checks, check_backward, forward_checks
from cs231n.checks.registry import check
from cs231n.checks.subject.client import Subject

# x, height, width, stride
SHAPES = {
    "usual": ((2, 3, 4, 6), 2, 2, 2),
    "tall": ((3, 2, 8, 4), 2, 2, 2),
    "overlapping": ((2, 2, 5, 7), 3, 2, 1),
    "not square": ((2, 2, 6, 6), 2, 3, 2),
    "one example": ((1, 2, 4, 4), 2, 2, 2),
    "one channel": ((2, 1, 4, 6), 2, 2, 2),
    "rounded down": ((1, 2, 5, 7), 2, 2, 2),
    "large stride": ((2, 2, 7, 5), 1, 2, 3),
}


def draw(rng: np.random.Generator, kind: str) -> Case:
    """Return a call of max pooling with clear maxima, all of them negative in one image."""
    shape, height, width, stride = SHAPES[kind]
    x = rng.permutation(int(np.prod(shape))).reshape(shape) * 0.1
    x[0] -= x.max() + 1
    return _case(x, height, width, stride)


def draw_ties(rng: np.random.Generator) -> Case:
    """Return a call in which several pixels of a window are its maximum."""
    x = rng.integers(0, 2, (2, 2, 6, 4)).astype(np.float64)
    x[0, 0] = 1.0
    return _case(x, 2, 2, 2)


def _case(x, height, width, stride):
    pool_param = {"pool_height": height, "pool_width": width, "stride": stride}

    def function(x):
        import torch

        return torch.nn.functional.max_pool2d(x, (height, width), stride=stride)

    return Case((x,), (pool_param,), function, cache=(x, copy.copy(pool_param)))


LAYER = Layer(
    "max_pool_forward_naive",
    "max_pool_backward_naive",
    names=("x", "pool_param"),
    gradients=("dx",),
    draw=draw,
    usual=("usual", "tall"),
    awkward={
        "overlapping": "windows that overlap",
        "not square": "windows that are not square",
        "one example": "a batch of one",
        "one channel": "a single channel",
        "rounded down": "a size that the stride does not divide",
        "large stride": "pixels that no window reaches",
    },
)
forward_checks(LAYER)
backward_checks(LAYER)


@check(
    "max_pool_backward_naive",
    hint="Each window gives its gradient to one pixel. Which one, if several are equal?",
    detail=True,
)
def ties(subject: Subject, rng: np.random.Generator) -> None:
    """where several pixels are the maximum of a window, the first in row order gets the gradient"""
    check_backward(subject, LAYER, draw_ties(rng), rng, LAYER.backward)
