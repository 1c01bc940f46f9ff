"""layernorm_forward and layernorm_backward."""

from cs231n.checks import compare, oracle
from cs231n.checks.exercises.batchnorm import draw_statistics
from cs231n.checks.exercises.common import Case, Layer, backward_checks, forward_checks
from cs231n.checks.registry import check

SHAPES = {"wide": (3, 7), "tall": (8, 4), "one example": (1, 5), "one feature": (4, 1)}


def torch_function(eps):
    """Return torch's layer normalisation."""

    def function(x, gamma, beta):
        import torch

        return torch.nn.functional.layer_norm(x, x.shape[1:], gamma, beta, eps)

    return function


def draw(rng, kind):
    """Return a call of layer normalisation."""
    eps = rng.uniform(0.05, 0.5)
    return Case(draw_statistics(rng, SHAPES[kind]), ({"eps": eps},), torch_function(eps))


LAYER = Layer(
    "layernorm_forward",
    "layernorm_backward",
    names=("x", "gamma", "beta", "ln_param"),
    gradients=("dx", "dgamma", "dbeta"),
    draw=draw,
    usual=("wide", "tall"),
    awkward={"one example": "a batch of one", "one feature": "a single feature"},
)
forward_checks(LAYER)
backward_checks(LAYER)


@check("layernorm_forward")
def default_eps(subject, rng):
    """without eps in ln_param, eps is 1e-5"""
    x, gamma, beta = draw_statistics(rng, (3, 7))
    x = 3e-3 * x
    out, _ = compare.tuple_of(
        2, "layernorm_forward", subject.call("layers.layernorm_forward", x, gamma, beta, {}, hold=1)
    )
    compare.close("out", out, oracle.value(torch_function(1e-5), x, gamma, beta))


@check("layernorm_forward")
def no_modes(subject, rng):
    """training and test are the same: ln_param may name a mode, and nothing is kept in it"""
    x, gamma, beta = draw_statistics(rng, (3, 7))
    right = oracle.value(torch_function(1e-5), x, gamma, beta)
    for mode in ("train", "test"):
        ln_param = {"mode": mode}
        out, _ = compare.tuple_of(
            2, "layernorm_forward", subject.call("layers.layernorm_forward", x, gamma, beta, ln_param, hold=1)
        )
        compare.close(f"out in mode {mode!r}", out, right)
        compare.unchanged("ln_param", {"mode": mode}, ln_param)
