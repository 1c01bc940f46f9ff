"""batchnorm_forward, batchnorm_backward and batchnorm_backward_alt."""

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.exercises.common import Case, Layer, backward_checks, forward_checks
from cs231n.checks.registry import check

SHAPES = {"wide": (4, 6), "tall": (9, 3), "one example": (1, 4), "one feature": (5, 1)}


def draw_statistics(rng, shape):
    """Return x of a shape, each feature with a mean and a scale of its own, and gamma and beta."""
    features = shape[1]
    wide = (1, features) + (1,) * (len(shape) - 2)
    x = 3 * rng.standard_normal(wide) + rng.uniform(0.2, 3, wide) * rng.standard_normal(shape)
    return x, rng.uniform(0.5, 2, features) * rng.choice([-1, 1], features), rng.standard_normal(features)


def train_function(eps):
    """Return what torch does in training mode."""

    def function(x, gamma, beta):
        import torch

        # Unlike its namesake in nn.functional, this one takes a single value per channel.
        return torch.batch_norm(x, gamma, beta, None, None, True, 0.0, eps, False)

    return function


def train_case(rng, shape):
    """Return a call in mode 'train', with an eps so large that its place in the formula shows."""
    x, gamma, beta = draw_statistics(rng, shape)
    eps = rng.uniform(0.05, 0.5)
    return Case((x, gamma, beta), ({"mode": "train", "eps": eps},), train_function(eps))


def draw(rng, kind):
    """Return a call of batch normalisation in mode 'train'."""
    return train_case(rng, SHAPES[kind])


LAYER = Layer(
    "batchnorm_forward",
    "batchnorm_backward",
    names=("x", "gamma", "beta"),
    gradients=("dx", "dgamma", "dbeta"),
    draw=draw,
    usual=("wide", "tall"),
    awkward={"one example": "a batch of one", "one feature": "a single feature"},
)


def running_checks(exercise, shapes):
    """Register what holds for the running statistics and the two modes, of rows or of images."""
    function = f"layers.{exercise}"

    @check(exercise)
    def default_eps(subject, rng):
        """without eps in bn_param, eps is 1e-5"""
        x, gamma, beta = draw_statistics(rng, shapes[0])
        x *= 3e-3
        out, _ = compare.tuple_of(2, exercise, subject.call(function, x, gamma, beta, {"mode": "train"}, hold=1))
        compare.close("out", out, oracle.value(train_function(1e-5), x, gamma, beta))

    @check(exercise)
    def running_statistics(subject, rng):
        """the running mean and variance follow several minibatches, starting at zero"""
        momentum = rng.uniform(0.3, 0.8)
        bn_param = {"mode": "train", "momentum": momentum}
        batches = [draw_statistics(rng, shape) for shape in (shapes[0], shapes[0], shapes[0])]
        for x, gamma, beta in batches:
            subject.call(function, x, gamma, beta, bn_param, hold=1)
        mean, var = _running([x for x, _, _ in batches], momentum)
        compare.close("running_mean after three minibatches", bn_param.get("running_mean"), mean)
        compare.close("running_var after three minibatches", bn_param.get("running_var"), var)

    @check(exercise)
    def default_momentum(subject, rng):
        """without momentum in bn_param, momentum is 0.9"""
        x, gamma, beta = draw_statistics(rng, shapes[0])
        bn_param = {"mode": "train"}
        subject.call(function, x, gamma, beta, bn_param, hold=1)
        mean, var = _running([x], 0.9)
        compare.close("running_mean after one minibatch", bn_param.get("running_mean"), mean)
        compare.close("running_var after one minibatch", bn_param.get("running_var"), var)

    @check(exercise)
    def test_mode(subject, rng):
        """mode 'test' normalises with the running statistics, whatever the minibatch"""
        for shape in shapes:
            x, gamma, beta = draw_statistics(rng, shape)
            eps, stats = rng.uniform(0.05, 0.5), _draw_running(rng, shape[1])
            bn_param = {"mode": "test", "eps": eps} | stats
            out, _ = compare.tuple_of(2, exercise, subject.call(function, x, gamma, beta, bn_param, hold=1))
            compare.close("out in mode 'test'", out, _test_value(x, gamma, beta, stats, eps))

    @check(exercise)
    def test_mode_learns_nothing(subject, rng):
        """mode 'test' leaves the running statistics as they are"""
        x, gamma, beta = draw_statistics(rng, shapes[0])
        stats = _draw_running(rng, shapes[0][1])
        bn_param = {"mode": "test"} | stats
        subject.call(function, x, gamma, beta, bn_param, hold=1)
        compare.close("running_mean", bn_param.get("running_mean"), stats["running_mean"])
        compare.close("running_var", bn_param.get("running_var"), stats["running_var"])

    @check(exercise)
    def train_then_test(subject, rng):
        """trained on several minibatches, then used: the same dict, float32"""
        bn_param = {"mode": "train", "eps": 0.1}
        batches = [draw_statistics(rng, shapes[0]) for _ in range(4)]
        for batch in batches:
            subject.call(function, *(array.astype(np.float32) for array in batch), bn_param, hold=1)
        mean, var = _running([x for x, _, _ in batches], 0.9)
        bn_param["mode"] = "test"
        x, gamma, beta = (array.astype(np.float32) for array in draw_statistics(rng, shapes[0]))
        out, _ = compare.tuple_of(2, exercise, subject.call(function, x, gamma, beta, bn_param, hold=1))
        right = _test_value(x, gamma, beta, {"running_mean": mean, "running_var": var}, 0.1)
        compare.close("out in mode 'test'", out, right, np.float32)


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


forward_checks(LAYER)
running_checks("batchnorm_forward", [(4, 6), (1, 6), (9, 3)])
backward_checks(LAYER)
backward_checks(LAYER, "batchnorm_backward_alt")
