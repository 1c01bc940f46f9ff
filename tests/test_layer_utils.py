"""cs231n.layer_utils: the sandwich layers against the same composition in torch."""

import numpy as np
import pytest
import torch

from cs231n import layer_utils
from tests import oracles
from tests.oracles import FLOATS, Case, assert_close, complains, parametrise
from tests.promises import Promises, first

RUNNING = frozenset({"running_mean", "running_var"})


def _conv_relu_oracle(stride, pad):
    conv = oracles.torch_conv(stride, pad)
    return lambda x, w, b: torch.relu(conv(x, w, b))


def _conv_bn_relu_oracle(stride, pad, eps):
    conv, norm = oracles.torch_conv(stride, pad), oracles.torch_batchnorm(eps)
    return lambda x, w, b, gamma, beta: torch.relu(norm(conv(x, w, b), gamma, beta))


def _conv_relu_pool_oracle(stride, pad, window):
    conv, pool = _conv_relu_oracle(stride, pad), oracles.torch_pool(*window)
    return lambda x, w, b: pool(conv(x, w, b))


def _cases():
    for name, (x, m) in {"images": ((3, 2, 2, 3), 5), "a batch of one": ((1, 4), 1)}.items():
        yield (
            f"affine_relu, {name}",
            Case(
                layer_utils.affine_relu_forward,
                layer_utils.affine_relu_backward,
                lambda x, w, b: torch.relu(oracles.torch_affine(x, w, b)),
                (x, (int(np.prod(x[1:])), m), (m,)),
            ),
        )
    # x, filters, window, stride, pad, pool
    convs = {
        "3x3, pad 1": ((2, 3, 5, 6), 4, (3, 3), 1, 1, (2, 2, 2)),
        "a batch of one, one channel, one filter": ((1, 1, 6, 7), 1, (2, 3), 1, 0, (3, 2, 1)),
        "stride 2 leaves rows over": ((2, 2, 8, 8), 3, (3, 2), 2, 1, (2, 2, 2)),
        "1x1": ((3, 2, 4, 3), 2, (1, 1), 1, 0, (1, 1, 1)),
    }
    for name, (x, filters, window, stride, pad, pool) in convs.items():
        shapes = (x, (filters, x[1], *window), (filters,))
        param = {"stride": stride, "pad": pad}
        yield (
            f"conv_relu, {name}",
            Case(
                layer_utils.conv_relu_forward,
                layer_utils.conv_relu_backward,
                _conv_relu_oracle(stride, pad),
                shapes,
                (param,),
            ),
        )
        yield (
            f"conv_relu_pool, {name}",
            Case(
                layer_utils.conv_relu_pool_forward,
                layer_utils.conv_relu_pool_backward,
                _conv_relu_pool_oracle(stride, pad, pool),
                shapes,
                (param, oracles.pool_param(*pool)),
            ),
        )
        yield (
            f"conv_bn_relu, {name}",
            Case(
                layer_utils.conv_bn_relu_forward,
                layer_utils.conv_bn_relu_backward,
                _conv_bn_relu_oracle(stride, pad, 1e-3),
                (*shapes, (filters,), (filters,)),
                (param, {"mode": "train", "eps": 1e-3, "momentum": 0.8}),
                RUNNING,
            ),
        )


CASES = dict(_cases())
FIRST = first(CASES)
CONVS = {name: case for name, case in CASES.items() if name.startswith("conv")}


class TestPromises(Promises):
    CASES = CASES


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("case", CONVS)
def test_without_input_grad_dx_is_none_and_the_rest_is_the_same(case, dtype):
    out, cache = case.out(case.arrays(dtype))
    dout = oracles.random_dout(out)
    _, *expected = case.backward(dout, cache)
    dx, *gradients = case.backward(dout, cache, input_grad=False)
    assert dx is None
    for gradient, wanted in zip(gradients, expected, strict=True):
        assert_close(gradient, wanted, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_conv_bn_relu_updates_the_running_statistics(dtype):
    case = FIRST["conv_bn_relu"]
    arrays, bn_param = case.arrays(dtype), {"mode": "train", "momentum": 0.6}
    case.forward(*arrays, case.rest[0], bn_param)
    conv = oracles.torch_output(oracles.torch_conv(1, 1), arrays[:3])
    assert_close(bn_param["running_mean"], 0.4 * conv.mean((0, 2, 3)), dtype)
    assert_close(bn_param["running_var"], 0.4 * conv.var((0, 2, 3)), dtype)


def test_conv_bn_relu_in_test_mode_uses_them():
    case = FIRST["conv_bn_relu"]
    x, w, b, gamma, beta = arrays = case.arrays()
    mean, var = np.arange(4.0), np.arange(1.0, 5.0)
    bn_param = {"mode": "test", "eps": 0.5, "running_mean": mean, "running_var": var}
    out, cache = case.forward(*arrays, case.rest[0], bn_param)
    conv = oracles.torch_output(oracles.torch_conv(1, 1), [x, w, b])
    scale, shift, mean, var = (a.reshape(1, -1, 1, 1) for a in (gamma, beta, mean, var))
    assert_close(out, np.maximum(scale * (conv - mean) / np.sqrt(var + 0.5) + shift, 0), np.float64)
    with complains(ValueError, "test|train|mode"):
        case.backward(out, cache)


BAD = {
    "affine_relu, w of other features": (
        layer_utils.affine_relu_forward,
        [(2, 6), (5, 3), (3,)],
        ValueError,
        [r"\b[wx]\b", r"\(5, 3\)"],
    ),
    "conv_bn_relu, no mode": (
        layer_utils.conv_bn_relu_forward,
        [(2, 1, 3, 3), (2, 1, 1, 1), (2,), (2,), (2,), {"stride": 1, "pad": 0}, {}],
        KeyError,
        ["mode"],
    ),
    "conv_bn_relu, gamma of another shape": (
        layer_utils.conv_bn_relu_forward,
        [(2, 1, 3, 3), (2, 1, 1, 1), (2,), (3,), (2,), {"stride": 1, "pad": 0}, {"mode": "train"}],
        ValueError,
        [r"\bgamma\b", r"\(3,\)"],
    ),
    "conv_bn_relu, an empty batch in train mode": (
        layer_utils.conv_bn_relu_forward,
        [(0, 1, 3, 3), (2, 1, 1, 1), (2,), (2,), (2,), {"stride": 1, "pad": 0}, {"mode": "train"}],
        ValueError,
        [r"\bx\b|\bN\b"],
    ),
    "conv_relu_pool, no pool_width": (
        layer_utils.conv_relu_pool_forward,
        [(2, 1, 3, 3), (2, 1, 1, 1), (2,), {"stride": 1, "pad": 0}, {"pool_height": 2, "stride": 2}],
        KeyError,
        ["pool_width"],
    ),
    "conv_relu_pool, a window larger than what the convolution gives": (
        layer_utils.conv_relu_pool_forward,
        [(2, 1, 3, 3), (2, 1, 2, 2), (2,), {"stride": 1, "pad": 0}, oracles.pool_param(3, 2, 1)],
        ValueError,
        [r"pool_height|window|\bx\b", "3"],
    ),
    **{
        f"conv_relu, {name}": (layer_utils.conv_relu_forward, *bad)
        for name, bad in oracles.BAD_CONVOLUTIONS.items()
    },
}


@parametrise("forward, arguments, error, patterns", BAD)
def test_bad_arguments_are_named(forward, arguments, error, patterns):
    oracles.check_refuses_arguments(forward, arguments, error, patterns)
