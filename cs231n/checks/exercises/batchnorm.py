"""batchnorm_forward, batchnorm_backward and batchnorm_backward_alt."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.exercises.common import Case, Layer, backward_checks, check_forward, forward_checks
from cs231n.checks.registry import check
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.verdicts import Failure

SHAPES = {"wide": (4, 6), "tall": (9, 3), "one example": (1, 4), "one feature": (5, 1)}


def draw_statistics(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x of a shape, each feature with a mean and a scale of its own, and gamma and beta."""
    features = shape[1]
    wide = (1, features) + (1,) * (len(shape) - 2)
    x = 3 * rng.standard_normal(wide) + rng.uniform(0.2, 3, wide) * rng.standard_normal(shape)
    return x, rng.uniform(0.5, 2, features) * rng.choice([-1, 1], features), rng.standard_normal(features)


def train_function(eps: float) -> Callable:
    """Return what torch does in training mode."""

    def function(x, gamma, beta):
        import torch

        # Unlike its namesake in nn.functional, this one takes a single value per channel.
        return torch.batch_norm(x, gamma, beta, None, None, True, 0.0, eps, False)

    return function


def train_case(rng: np.random.Generator, shape: tuple[int, ...]) -> Case:
    """Return a call in mode 'train', with an eps so large that its place in the formula shows."""
    x, gamma, beta = draw_statistics(rng, shape)
    eps = rng.uniform(0.05, 0.5)
    return Case((x, gamma, beta), ({"mode": "train", "eps": eps},), train_function(eps))


def draw(rng: np.random.Generator, kind: str) -> Case:
    """Return a call of batch normalisation in mode 'train'."""
    return train_case(rng, SHAPES[kind])


def linked(rng: np.random.Generator, case: Case) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return other inputs, one entry of each feature changed, and what depends on it: the rest of the feature."""
    x, *parameters = case.inputs
    place: tuple[Any, ...] = (0, slice(None), *[0] * (x.ndim - 2))
    x, others = x.copy(), np.ones(x.shape, bool)
    x[place] += rng.uniform(1, 2, x.shape[1])
    others[place] = False
    return (x, *parameters), others


LAYER = Layer(
    "batchnorm_forward",
    "batchnorm_backward",
    names=("x", "gamma", "beta"),
    gradients=("dx", "dgamma", "dbeta"),
    draw=draw,
    usual=("wide", "tall"),
    awkward={"one example": "a batch of one", "one feature": "a single feature"},
    linked=linked,
    trivial=("dbeta",),
)


def mode_checks(layer: Layer, shapes: Sequence[tuple[int, ...]]) -> None:
    """Register what holds for the two modes and the running statistics, of rows or of images, and the rest."""
    exercise, function = layer.forward, f"layers.{layer.forward}"

    def values(subject, rng):
        """mode 'train' normalises with the mean and variance of the minibatch"""
        for kind in layer.usual:
            case = layer.draw(rng, kind)
            check_forward(subject, layer, case)
            other = case.settings[0] | {"mode": "test"} | _draw_running(rng, case.inputs[0].shape[1])
            _check_modes_differ(subject, layer, case, other, case.out())

    forward_checks(layer, values)

    @check(exercise)
    def test_mode(subject, rng):
        """mode 'test' normalises with the running mean and variance, whatever the minibatch"""
        for shape in shapes:
            case = train_case(rng, shape)
            stats, eps = _draw_running(rng, shape[1]), case.settings[0]["eps"]
            bn_param = {"mode": "test", "eps": eps} | stats
            right = _test_value(*case.inputs, stats, eps)
            with compare.during(f"{layer.words(case)}".replace("'train'", "'test'")):
                result = subject.call(function, *case.inputs, dict(bn_param), hold=1)
                out, _ = compare.tuple_of(2, exercise, result)
                compare.close("out", out, right)
            _check_modes_differ(subject, layer, case, bn_param | {"mode": "train"}, right)

    _parameter_checks(exercise, function, shapes)

    @check(exercise, detail=True, of_dict=True)
    def test_mode_learns_nothing(subject, rng):
        """mode 'test' does not change the running statistics"""
        x, gamma, beta = draw_statistics(rng, shapes[0])
        stats = _draw_running(rng, shapes[0][1])
        bn_param = {"mode": "test"} | stats
        subject.call(function, x, gamma, beta, bn_param, hold=1)
        compare.close("running_mean", bn_param.get("running_mean"), stats["running_mean"], ones=True)
        compare.close("running_var", bn_param.get("running_var"), stats["running_var"], ones=True)


def _parameter_checks(exercise, function, shapes):
    """Register what holds for bn_param: the running statistics that it collects, and its defaults."""

    @check(exercise, counts_with=("values", "test_mode"), of_dict=True)
    def running_statistics(subject, rng):
        """the running mean and variance follow several minibatches, starting at zero"""
        momentum = rng.uniform(0.3, 0.8)
        bn_param = {"mode": "train", "momentum": momentum}
        batches = [draw_statistics(rng, shapes[0]) for _ in range(3)]
        with compare.during(f"x {shapes[0]}, momentum {momentum:.3g}, three minibatches"):
            for x, gamma, beta in batches:
                subject.call(function, x, gamma, beta, bn_param, hold=1)
            _check_running(bn_param, [x for x, _, _ in batches], momentum)

    @check(exercise, detail=True, of_dict=True)
    def default_momentum(subject, rng):
        """without momentum in bn_param, momentum is 0.9"""
        x, gamma, beta = draw_statistics(rng, shapes[0])
        bn_param = {"mode": "train"}
        subject.call(function, x, gamma, beta, bn_param, hold=1)
        _check_running(bn_param, [x], 0.9)

    @check(exercise, detail=True)
    def default_eps(subject, rng):
        """without eps in bn_param, eps is 1e-5"""
        x, gamma, beta = draw_statistics(rng, shapes[0])
        x *= 3e-3
        out, _ = compare.tuple_of(2, exercise, subject.call(function, x, gamma, beta, {"mode": "train"}, hold=1))
        compare.close("out", out, oracle.value(train_function(1e-5), x, gamma, beta))

    @check(exercise, detail=True, of_dict=True)
    def running_var_without_eps(subject, rng):
        """the running variance averages the variance itself, without eps"""
        x, gamma, beta = draw_statistics(rng, shapes[0])
        bn_param = {"mode": "train", "momentum": 0.5, "eps": 0.5}
        subject.call(function, x, gamma, beta, bn_param, hold=1)
        mean, var = _running([x], 0.5)
        found = compare.array("running_var", bn_param.get("running_var"), var.shape, ones=True)
        if np.allclose(found, var + 0.25, rtol=0, atol=1e-4):
            compare.fail("running_var includes eps", "a mean of var over the minibatches", "a mean of var + eps")
        compare.close("running_var", found, var)

    @check(exercise, hint="keepdims=True keeps an axis of length 1.", detail=True, of_dict=True)
    def running_shapes(subject, rng):
        """the running mean and variance have shape (D,), not (1, D)"""
        bn_param = {"mode": "train"}
        subject.call(function, *draw_statistics(rng, shapes[0]), bn_param, hold=1)
        for name in ("running_mean", "running_var"):
            compare.array(name, bn_param.get(name), (shapes[0][1],))


def _check_modes_differ(subject, layer, case, bn_param, out):
    """Check that a call in the other mode gives something else than `out`, whether that is right or not."""
    try:
        result = subject.call(f"layers.{layer.forward}", *case.inputs, dict(bn_param), hold=1)
        other, _ = compare.tuple_of(2, layer.forward, result)
        compare.close("out", other, out)
    except (Failure, SubjectFailure) as failure:
        if isinstance(failure, SubjectFailure) and failure.verdict not in ("error", "not_implemented"):
            raise
        return
    compare.fail("bn_param['mode'] is ignored", "different values in mode 'train' and in mode 'test'", "the same")


def _check_running(bn_param, batches, momentum):
    mean, var = _running(batches, momentum)
    compare.close("running_mean", bn_param.get("running_mean"), mean, ones=True)
    compare.close("running_var", bn_param.get("running_var"), var, ones=True)


def _draw_running(rng, features):
    return {"running_mean": rng.standard_normal(features), "running_var": rng.uniform(0.3, 3, features)}


def _running(batches, momentum):
    """Return the running mean and (biased) variance that several minibatches leave behind, from zero."""
    import torch

    features = batches[0].shape[1]
    mean, var = torch.zeros(features, dtype=torch.float64), torch.zeros(features, dtype=torch.float64)
    for (x,) in map(oracle.tensors, zip(batches)):
        new_var, new_mean = torch.var_mean(x.transpose(0, 1).flatten(1), 1, correction=0)
        mean.lerp_(new_mean, 1 - momentum)
        var.lerp_(new_var, 1 - momentum)
    return mean.numpy(), var.numpy()


def _test_value(x, gamma, beta, stats, eps):
    import torch

    def function(x, gamma, beta, mean, var):
        return torch.nn.functional.batch_norm(x, mean, var, gamma, beta, False, 0.0, eps)

    return oracle.value(function, x, gamma, beta, stats["running_mean"], stats["running_var"])


mode_checks(LAYER, [(4, 6), (9, 3)])
backward_checks(LAYER)
backward_checks(LAYER, "batchnorm_backward_alt")
