"""spatial_groupnorm_forward and spatial_groupnorm_backward."""

from cs231n.checks import compare, oracle
from cs231n.checks.exercises.batchnorm import draw_statistics
from cs231n.checks.exercises.common import Case, Layer, backward_checks, forward_checks
from cs231n.checks.registry import check

# x, groups, whether gamma and beta have shape (1, C, 1, 1)
SHAPES = {
    "wide parameters": ((2, 6, 3, 4), 2, True),
    "flat parameters": ((3, 6, 2, 5), 3, False),
    "one example": ((1, 4, 3, 2), 2, True),
    "one group": ((2, 4, 3, 2), 1, True),
    "single channels": ((2, 3, 3, 4), 3, True),
}


def torch_function(groups, eps):
    """Return torch's group normalisation."""

    def function(x, gamma, beta):
        import torch

        # Unlike its namesake in nn.functional, this one takes a single value per group.
        return torch.group_norm(x, groups, gamma.flatten(), beta.flatten(), eps, False)

    return function


def draw(rng, kind):
    """Return a call of group normalisation."""
    shape, groups, wide = SHAPES[kind]
    x, gamma, beta = draw_statistics(rng, shape)
    if wide:
        gamma, beta = gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)
    eps = rng.uniform(0.05, 0.5)
    return Case((x, gamma, beta), (groups, {"eps": eps}), torch_function(groups, eps))


LAYER = Layer(
    "spatial_groupnorm_forward",
    "spatial_groupnorm_backward",
    names=("x", "gamma", "beta", "G", "gn_param"),
    gradients=("dx", "dgamma", "dbeta"),
    draw=draw,
    usual=("wide parameters", "flat parameters"),
    awkward={
        "one example": "a batch of one",
        "one group": "a single group",
        "single channels": "as many groups as channels",
    },
)
forward_checks(LAYER)
backward_checks(LAYER)


@check("spatial_groupnorm_forward")
def default_eps(subject, rng):
    """without eps in gn_param, eps is 1e-5"""
    x, gamma, beta = draw_statistics(rng, (2, 4, 3, 2))
    x = 3e-3 * x
    result = subject.call("layers.spatial_groupnorm_forward", x, gamma, beta, 2, {}, hold=1)
    out, _ = compare.tuple_of(2, "spatial_groupnorm_forward", result)
    compare.close("out", out, oracle.value(torch_function(2, 1e-5), x, gamma, beta))
