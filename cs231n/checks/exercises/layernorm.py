"""layernorm_forward and layernorm_backward."""

from collections.abc import Callable

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.exercises.batchnorm import draw_statistics
from cs231n.checks.exercises.common import Case, Layer, backward_checks, forward_checks
from cs231n.checks.registry import check
from cs231n.checks.subject.client import Subject

SHAPES = {"wide": (3, 7), "tall": (8, 4), "one example": (1, 5), "one feature": (4, 1)}


def torch_function(eps: float) -> Callable:
    """Return torch's layer normalisation."""

    def function(x, gamma, beta):
        import torch

        return torch.nn.functional.layer_norm(x, x.shape[1:], gamma, beta, eps)

    return function


def draw(rng: np.random.Generator, kind: str) -> Case:
    """Return a call of layer normalisation."""
    eps = rng.uniform(0.05, 0.5)
    return Case(draw_statistics(rng, SHAPES[kind]), ({"eps": eps},), torch_function(eps))


def linked(rng: np.random.Generator, case: Case) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return other inputs, a feature of each row changed, and what depends on it: the rest of the row."""
    x, *parameters = case.inputs
    x, others = x.copy(), np.ones(x.shape, bool)
    x[:, 0] += rng.uniform(1, 2, len(x))
    others[:, 0] = False
    return (x, *parameters), others


LAYER = Layer(
    "layernorm_forward",
    "layernorm_backward",
    names=("x", "gamma", "beta"),
    gradients=("dx", "dgamma", "dbeta"),
    draw=draw,
    usual=("wide", "tall"),
    awkward={"one example": "a batch of one", "one feature": "a single feature"},
    linked=linked,
    trivial=("dbeta",),
)
forward_checks(LAYER)
backward_checks(LAYER)


@check("layernorm_forward", detail=True)
def default_eps(subject: Subject, rng: np.random.Generator) -> None:
    """without eps in ln_param, eps is 1e-5"""
    x, gamma, beta = draw_statistics(rng, (3, 7))
    x = 3e-3 * x
    out, _ = compare.tuple_of(
        2, "layernorm_forward", subject.call("layers.layernorm_forward", x, gamma, beta, {}, hold=1)
    )
    compare.close("out", out, oracle.value(torch_function(1e-5), x, gamma, beta))
