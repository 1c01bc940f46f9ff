"""spatial_groupnorm_forward and spatial_groupnorm_backward."""

from collections.abc import Callable

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.exercises.batchnorm import draw_statistics
from cs231n.checks.exercises.common import Case, Layer, backward_checks, forward_checks
from cs231n.checks.registry import check
from cs231n.checks.subject.client import Subject

# x, groups; gamma and beta have shape (1, C, 1, 1)
SHAPES = {
    "two groups": ((2, 6, 3, 4), 2),
    "three groups": ((3, 6, 2, 5), 3),
    "one example": ((1, 4, 3, 2), 2),
    "one group": ((2, 4, 3, 2), 1),
    "single channels": ((2, 3, 3, 4), 3),
}


def torch_function(groups: int, eps: float) -> Callable:
    """Return torch's group normalisation."""

    def function(x, gamma, beta):
        import torch

        # Unlike its namesake in nn.functional, this one takes a single value per group.
        return torch.group_norm(x, groups, gamma.flatten(), beta.flatten(), eps, False)

    return function


def draw(rng: np.random.Generator, kind: str) -> Case:
    """Return a call of group normalisation."""
    shape, groups = SHAPES[kind]
    x, gamma, beta = draw_statistics(rng, shape)
    gamma, beta = gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)
    eps = rng.uniform(0.05, 0.5)
    return Case((x, gamma, beta), (groups, {"eps": eps}), torch_function(groups, eps))


def linked(rng: np.random.Generator, case: Case) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return other inputs, a pixel of each group changed, and what depends on it: the rest of the group."""
    x, *parameters = case.inputs
    place = (slice(None), slice(None, None, x.shape[1] // case.settings[0]), 0, 0)
    x, others = x.copy(), np.ones(x.shape, bool)
    x[place] += rng.uniform(1, 2, x[place].shape)
    others[place] = False
    return (x, *parameters), others


LAYER = Layer(
    "spatial_groupnorm_forward",
    "spatial_groupnorm_backward",
    names=("x", "gamma", "beta"),
    gradients=("dx", "dgamma", "dbeta"),
    draw=draw,
    usual=("two groups", "three groups"),
    awkward={
        "one example": "a batch of one",
        "one group": "a single group",
        "single channels": "as many groups as channels",
    },
    linked=linked,
    trivial=("dbeta",),
)
forward_checks(LAYER)
backward_checks(LAYER)


@check("spatial_groupnorm_forward", detail=True)
def default_eps(subject: Subject, rng: np.random.Generator) -> None:
    """without eps in gn_param, eps is 1e-5"""
    x, gamma, beta = draw_statistics(rng, (2, 4, 3, 2))
    x, gamma, beta = 3e-3 * x, gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)
    result = subject.call("layers.spatial_groupnorm_forward", x, gamma, beta, 2, {}, hold=1)
    out, _ = compare.tuple_of(2, "spatial_groupnorm_forward", result)
    compare.close("out", out, oracle.value(torch_function(2, 1e-5), x, gamma, beta))
