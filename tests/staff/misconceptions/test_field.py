"""Mistakes as strangers write them, in float64 and without our given lines: named, and never by a wrong name."""

import numpy as np
import pytest

from cs231n.checks.mistakes.recognise import diagnose
from staff.misconceptions.subject import replaced, transport
from tests.checks import field_layers, field_nets  # noqa: F401 - they register what they hold
from tests.checks.field import FIELD


def adam(step, advance=1):
    def rule(w, dw, config=None):
        start = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
        config = start | {"m": np.zeros(w.shape), "v": np.zeros(w.shape), "t": 0} | (config or {})
        config["t"] += advance
        config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
        config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw**2
        return w - config["learning_rate"] * step(**config), config

    return {"adam": rule}


def uncorrected(m, v, epsilon, **_):
    return m / (np.sqrt(v) + epsilon)


def uncorrected_in_a_loop(m, v, epsilon, **_):
    step = np.zeros(m.shape)
    for place in np.ndindex(m.shape):
        step[place] = m[place] / (v[place] ** 0.5 + epsilon)
    return step


def inside_the_root(m, v, beta1, beta2, epsilon, t, **_):
    return m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + epsilon)


def momentum(blend):
    def sgd_momentum(w, dw, config=None):
        config = {"learning_rate": 1e-2, "momentum": 0.9} | (config or {})
        v = config.get("velocity", np.zeros(w.shape))
        config["velocity"] = blend(v, dw, config["learning_rate"])
        return w + config["velocity"], config

    return {"sgd_momentum": sgd_momentum}


def rmsprop(step):
    def rule(w, dw, config=None):
        config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8} | (config or {})
        cache = config.get("cache", np.zeros(w.shape))
        cache = config["decay_rate"] * cache + (1 - config["decay_rate"]) * dw * dw
        if step != "lost":
            config["cache"] = cache
        else:
            config.setdefault("cache", np.zeros(w.shape))
        root = np.sqrt(cache + config["epsilon"]) if step == "inside" else cache**0.5 + config["epsilon"]
        return w - config["learning_rate"] / root * dw, config

    return {"rmsprop": rule}


def square(sum_of):
    def conv_forward_naive(x, w, b, conv_param):
        stride, pad = conv_param["stride"], conv_param["pad"]
        padded, k = np.pad(x, ((0,), (0,), (pad,), (pad,))), w.shape[2]
        rows, columns = (1 + (n - k) // stride for n in padded.shape[2:])
        out = np.zeros((len(x), len(w), rows, columns))
        for n, f, i, j in np.ndindex(*out.shape):
            window = padded[n, :, i * stride : i * stride + k, j * stride : j * stride + k]
            out[n, f, i, j] = sum_of(window, w[f]) + b[f]
        return out, (x, w, b, conv_param)

    return {"conv_forward_naive": conv_forward_naive}


def dropout(out_of):
    def dropout_forward(x, dropout_param):
        p, mode = dropout_param["p"], dropout_param["mode"]
        mask = np.random.RandomState(dropout_param.get("seed")).rand(*x.shape) < p
        return out_of(x, mask, p, mode), (dropout_param, mask)

    return {"dropout_forward": dropout_forward}


# What is wrong -> in which exercise, and ways of writing it.
WRONG = {
    "adam-no-bias-correction": (
        "adam",
        [adam(uncorrected), adam(uncorrected, advance=0), adam(uncorrected_in_a_loop, advance=0)],
    ),
    "adam-epsilon-inside-root": ("adam", [adam(inside_the_root)]),
    "momentum-typed-in": (
        "sgd_momentum",
        [
            momentum(lambda v, dw, rate: 0.9 * v - rate * dw),
            momentum(lambda v, dw, rate: v * 9 / 10 + dw * -rate),
            momentum(lambda v, dw, rate: -(rate * dw - v * 0.9)),
        ],
    ),
    "rmsprop-epsilon-inside-root": ("rmsprop", [rmsprop("inside")]),
    "rmsprop-cache-not-stored": ("rmsprop", [rmsprop("lost")]),
    "conv-square-filters-only": (
        "conv_forward_naive",
        [square(lambda window, w: np.sum(window * w)), square(lambda window, w: (window * w).ravel().sum())],
    ),
    "dropout-not-scaled": (
        "dropout_forward",
        [dropout(lambda x, mask, p, mode: x * mask if mode == "train" else x)],
    ),
    "dropout-scaled-at-test-time": (
        "dropout_forward",
        [
            dropout(lambda x, mask, p, mode: x * mask if mode == "train" else x * p),
            dropout(lambda x, mask, p, mode: np.where(mask, x, 0.0) if mode == "train" else p * x),
        ],
    ),
}
WAYS = [(name, number) for name, (_, ways) in WRONG.items() for number in range(len(ways))]


def named(name, number):
    exercise, ways = WRONG[name]
    module = "layers" if exercise.endswith(("forward", "naive")) else "optim"
    return diagnose(transport({module: replaced(module, **ways[number])}), exercise)


def test_four_of_five_are_named_and_none_wrongly():
    found = {way: named(*way) for way in WAYS}
    assert {way: name for way, name in found.items() if name not in (way[0], None)} == {}
    assert sum(name is not None for name in found.values()) >= 0.8 * len(WAYS), found


@pytest.mark.parametrize("name", [name for name, one in FIELD.items() if not one.misses])
def test_no_right_solution_is_named(name):
    one = FIELD[name]
    assert {diagnose(transport(one.make()), exercise) for exercise in one.exercises} <= {None}
