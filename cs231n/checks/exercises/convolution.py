"""conv_forward_naive and conv_backward_naive."""

import copy

import numpy as np

from cs231n.checks.exercises.common import Case, Layer, backward_checks, forward_checks

# x, w, stride, pad
SHAPES = {
    "padded": ((2, 3, 4, 5), (2, 3, 3, 2), 1, 1),
    "strided": ((2, 2, 6, 7), (3, 2, 2, 3), 2, 1),
    "no padding": ((2, 2, 4, 5), (3, 2, 3, 2), 1, 0),
    "rounded down": ((2, 2, 6, 7), (2, 2, 3, 2), 2, 1),
    "one example": ((1, 2, 4, 3), (2, 2, 2, 2), 1, 1),
    "one channel": ((2, 1, 4, 5), (1, 1, 3, 3), 1, 2),
    "large stride": ((2, 2, 5, 6), (2, 2, 1, 2), 3, 1),
}


def draw(rng: np.random.Generator, kind: str) -> Case:
    """Return a call of the convolution."""
    x_shape, w_shape, stride, pad = SHAPES[kind]
    x, w, b = rng.standard_normal(x_shape), rng.standard_normal(w_shape), rng.standard_normal(w_shape[0])
    conv_param = {"stride": stride, "pad": pad}
    return Case((x, w, b), (conv_param,), _torch(stride, pad), cache=(x, w, b, copy.copy(conv_param)))


def _torch(stride, pad):
    def function(x, w, b):
        import torch

        return torch.nn.functional.conv2d(x, w, b, stride=stride, padding=pad)

    return function


LAYER = Layer(
    "conv_forward_naive",
    "conv_backward_naive",
    names=("x", "w", "b", "conv_param"),
    gradients=("dx", "dw", "db"),
    draw=draw,
    usual=("padded", "strided"),
    trivial=("db",),
    awkward={
        "no padding": "pad = 0",
        "rounded down": "a size that the stride does not divide",
        "one example": "a batch of one",
        "one channel": "one channel and one filter",
        "large stride": "pixels that no window reaches",
    },
)
forward_checks(LAYER)
backward_checks(LAYER)
