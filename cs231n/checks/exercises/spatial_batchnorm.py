"""spatial_batchnorm_forward and spatial_batchnorm_backward."""

from cs231n.checks.exercises.batchnorm import linked, mode_checks, train_case
from cs231n.checks.exercises.common import Layer, backward_checks

SHAPES = {
    "usual": (2, 3, 4, 5),
    "many channels": (3, 5, 2, 3),
    "one example": (1, 2, 3, 4),
    "one channel": (2, 1, 4, 3),
    "one pixel": (5, 3, 1, 1),
}

LAYER = Layer(
    "spatial_batchnorm_forward",
    "spatial_batchnorm_backward",
    names=("x", "gamma", "beta"),
    gradients=("dx", "dgamma", "dbeta"),
    draw=lambda rng, kind: train_case(rng, SHAPES[kind]),
    usual=("usual", "many channels"),
    awkward={"one example": "a batch of one", "one channel": "a single channel", "one pixel": "a single pixel"},
    linked=linked,
    trivial=("dbeta",),
)
mode_checks(LAYER, [(2, 3, 4, 5), (3, 2, 3, 4)])
backward_checks(LAYER)
