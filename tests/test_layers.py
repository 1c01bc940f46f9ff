"""cs231n.layers against torch in float64, and the promises of its arguments, caches and errors."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cs231n import layers
from tests import oracles
from tests.oracles import FLOATS, MEMORY, Case, assert_close, complains, parametrise
from tests.promises import Promises, first

# --- the layers as cases ------------------------------------------------------------------------------------


def _mask(shape, p, seed):
    """The dropout mask that the contract fixes."""
    return (np.random.RandomState(seed).rand(*shape) < p) / p


def _dropout_oracle(shape, p, seed):
    return lambda x: x * torch.tensor(_mask(shape, p, seed))


def _norm_case(forward, backward, oracle, x_shape, *rest, scale_shape=None, changes=()):
    scale_shape = scale_shape or (x_shape[1],)
    return Case(forward, backward, oracle, (x_shape, scale_shape, scale_shape), rest, frozenset(changes))


RUNNING = ("running_mean", "running_var")


def _affine_cases():
    table = {
        "rows": ((5, 4), 3),
        "a batch of one image": ((1, 2, 3, 2), 4),
        "one feature, one output": ((4, 1), 1),
        "volumes": ((3, 2, 3, 1, 2), 5),
    }
    for name, (x, m) in table.items():
        shapes = (x, (int(np.prod(x[1:])), m), (m,))
        yield (
            f"affine, {name}",
            Case(layers.affine_forward, layers.affine_backward, oracles.torch_affine, shapes),
        )


def _elementwise_cases():
    for name, shape in {"rows": (5, 4), "a batch of one image": (1, 2, 3, 4), "a vector": (7,)}.items():
        yield f"relu, {name}", Case(layers.relu_forward, layers.relu_backward, torch.relu, (shape,))
    table = {
        "rows": ((6, 5), 0.4, 3),
        "seed 0 on images": ((2, 3, 4, 5), 0.75, 0),
        "a batch of one": ((1, 9), 0.5, 11),
        "everything kept": ((4, 3), 1.0, 2),
    }
    for name, (shape, p, seed) in table.items():
        rest = ({"mode": "train", "p": p, "seed": seed},)
        oracle = _dropout_oracle(shape, p, seed)
        yield (
            f"dropout, {name}",
            Case(layers.dropout_forward, layers.dropout_backward, oracle, (shape,), rest),
        )
    rest = ({"mode": "test", "p": 0.3},)
    yield (
        "dropout, test mode",
        Case(layers.dropout_forward, layers.dropout_backward, lambda x: x * 1, ((3, 4),), rest),
    )


def _batchnorm_cases():
    for backward in (layers.batchnorm_backward, layers.batchnorm_backward_alt):
        kind = "closed form" if backward is layers.batchnorm_backward_alt else "graph"
        for name, shape in {"rows": (6, 4), "a batch of one": (1, 3), "one feature": (5, 1)}.items():
            yield (
                f"batchnorm by {kind}, {name}",
                _norm_case(
                    layers.batchnorm_forward,
                    backward,
                    oracles.torch_batchnorm(),
                    shape,
                    {"mode": "train"},
                    changes=RUNNING,
                ),
            )
        param = {"mode": "train", "eps": 0.3, "momentum": 0.6}
        yield (
            f"batchnorm by {kind}, large eps",
            _norm_case(
                layers.batchnorm_forward,
                backward,
                oracles.torch_batchnorm(0.3),
                (7, 2),
                param,
                changes=RUNNING,
            ),
        )
    spatial = {
        "images": (2, 3, 4, 5),
        "a batch of one": (1, 2, 3, 2),
        "one channel": (3, 1, 2, 3),
        "one pixel": (4, 2, 1, 1),
    }
    for name, shape in spatial.items():
        yield (
            f"spatial batchnorm, {name}",
            _norm_case(
                layers.spatial_batchnorm_forward,
                layers.spatial_batchnorm_backward,
                oracles.torch_batchnorm(1e-3),
                shape,
                {"mode": "train", "eps": 1e-3, "momentum": 0.8},
                changes=RUNNING,
            ),
        )


def _other_norm_cases():
    layernorm = {
        "rows": ((5, 4), {}),
        "a batch of one, mode train": ((1, 6), {"mode": "train"}),
        "one feature": ((4, 1), {}),
        "mode test, large eps": ((3, 5), {"mode": "test", "eps": 0.2}),
    }
    for name, (shape, param) in layernorm.items():
        oracle = oracles.torch_layernorm(param.get("eps", 1e-5))
        yield (
            f"layernorm, {name}",
            _norm_case(layers.layernorm_forward, layers.layernorm_backward, oracle, shape, param),
        )
    groupnorm = {
        "two groups": ((2, 6, 3, 4), 2, {}),
        "one group": ((3, 4, 2, 3), 1, {"mode": "test"}),
        "a group per channel": ((2, 3, 4, 2), 3, {"eps": 0.1}),
        "a batch of one, one channel": ((1, 1, 2, 5), 1, {"mode": "train"}),
        "one value per group": ((2, 4, 1, 1), 4, {}),
    }
    for name, (shape, groups, param) in groupnorm.items():
        for scale_shape in [(shape[1],), (1, shape[1], 1, 1)]:
            oracle = oracles.torch_groupnorm(groups, param.get("eps", 1e-5))
            yield (
                f"groupnorm, {name}, gamma {scale_shape}",
                _norm_case(
                    layers.spatial_groupnorm_forward,
                    layers.spatial_groupnorm_backward,
                    oracle,
                    shape,
                    groups,
                    param,
                    scale_shape=scale_shape,
                ),
            )


CASES = {
    **dict(_affine_cases()),
    **dict(_elementwise_cases()),
    **dict(_batchnorm_cases()),
    **dict(_other_norm_cases()),
    **oracles.conv_cases(layers.conv_forward_naive, layers.conv_backward_naive),
    **oracles.pool_cases(layers.max_pool_forward_naive, layers.max_pool_backward_naive),
}
FIRST = first(CASES)

# --- promises that every layer makes ------------------------------------------------------------------------


class TestPromises(Promises):
    CASES = CASES


@pytest.mark.parametrize("wide", [0, 1, 2], ids=["x", "w", "b"])
def test_a_single_float64_array_makes_a_convolution_float64_where_it_takes_part(wide):
    rng = np.random.default_rng(wide)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in ((2, 2, 4, 5), (3, 2, 3, 2), (3,))]
    arrays[wide] = arrays[wide].astype(np.float64)
    out, cache = layers.conv_forward_naive(*arrays, {"stride": 1, "pad": 1})
    assert out.dtype == np.float64
    dx, dw, _ = layers.conv_backward_naive(out.astype(np.float32), cache)
    assert (dx.dtype, dw.dtype) == (arrays[1].dtype, arrays[0].dtype)


@parametrise("case", {name: case for name, case in FIRST.items() if name != "dropout"})
def test_layers_leave_the_random_stream_alone(case):
    np.random.seed(4)
    out, cache = case.out(case.arrays())
    case.gradients(oracles.random_dout(out), cache)
    assert np.random.rand() == np.random.RandomState(4).rand()


# --- caches -------------------------------------------------------------------------------------------------

WRITTEN_CACHES = {
    "affine": lambda arrays, rest: tuple(arrays),
    "relu": lambda arrays, rest: arrays[0],
    "dropout": lambda arrays, rest: (rest[0], _mask(arrays[0].shape, rest[0]["p"], rest[0]["seed"])),
    "convolution": lambda arrays, rest: (*arrays, *rest),
    "pool": lambda arrays, rest: (*arrays, *rest),
}


@pytest.mark.parametrize("name", WRITTEN_CACHES)
def test_documented_caches_have_their_form(name):
    case = FIRST[name]
    arrays = case.arrays()
    _, cache = case.out(arrays)
    expected = WRITTEN_CACHES[name](arrays, case.rest)
    assert type(cache) is type(expected)
    if name == "relu":
        cache, expected = [cache], [expected]
    assert len(cache) == len(expected)
    for entry, wanted in zip(cache, expected):
        if isinstance(wanted, dict):
            assert entry == wanted
        else:
            assert_close(entry, wanted, np.float64)


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("name", WRITTEN_CACHES)
def test_backward_takes_a_documented_cache_written_by_hand(name, memory):
    case = FIRST[name]
    arrays = oracles.lay_out(case.arrays(), memory)
    dout = oracles.random_dout(oracles.torch_output(case.oracle, arrays))
    gradients = case.gradients(dout, WRITTEN_CACHES[name](arrays, copy.deepcopy(case.rest)))
    _, expected = oracles.torch_gradients(case.oracle, arrays, dout)
    for gradient, wanted in zip(gradients, expected, strict=True):
        assert_close(gradient, wanted, np.float64)


# --- relu ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_relu_passes_no_gradient_at_zero(dtype):
    x = np.array([[-1.0, -0.0, 0.0, 2.0]], dtype)
    out, cache = layers.relu_forward(x)
    assert np.array_equal(out, [[0, 0, 0, 2]])
    dout = np.array([[3, 4, 5, 6]], dtype)
    assert np.array_equal(layers.relu_backward(dout, cache), [[0, 0, 0, 6]])


# --- NaN ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@parametrise("case", {name: FIRST[name] for name in ("affine", "relu", "convolution")})
def test_nan_and_infinity_reach_the_outputs_they_belong_to_and_no_others(case, bad):
    arrays = case.arrays()
    arrays[0][(-1,) * arrays[0].ndim] = bad
    out, _ = case.out(arrays)
    expected = oracles.torch_output(case.oracle, arrays)
    assert not np.isfinite(expected).all() and np.isfinite(expected).any()
    assert_close(out, expected, np.float64)


def test_infinity_times_zero_is_nan_without_a_warning():
    oracles.check_takes_infinity(FIRST["affine"])


@parametrise("case", {name: case for name, case in FIRST.items() if "norm" in name})
def test_nan_in_x_makes_its_group_nan_forward_and_backward(case):
    arrays = case.arrays()
    arrays[0][(0,) * arrays[0].ndim] = np.nan
    out, cache = case.out(arrays)
    dout = oracles.random_dout(out)
    expected, gradients = oracles.torch_gradients(case.oracle, arrays, dout)
    assert np.isnan(expected).any() and not np.isnan(expected).all()
    assert np.array_equal(np.isnan(out), np.isnan(expected))
    assert_close(out, expected, np.float64)
    dx = case.gradients(dout, cache)[0]
    assert np.array_equal(np.isnan(dx), np.isnan(gradients[0]))


def test_nan_in_x_passes_through_dropout_where_it_is_kept():
    x = np.full((4, 5), np.nan)
    out, cache = layers.dropout_forward(x, {"mode": "train", "p": 0.5, "seed": 1})
    assert np.isnan(out[cache[1] > 0]).all()


# --- batch normalisation ------------------------------------------------------------------------------------

NORMALISERS = {
    "batchnorm": (layers.batchnorm_forward, (6, 3)),
    "spatial batchnorm": (layers.spatial_batchnorm_forward, (2, 3, 4, 2)),
}


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("forward, shape", NORMALISERS)
def test_running_statistics_follow_torch_over_several_steps(forward, shape, dtype):
    # torch averages the unbiased variance, the contract the biased one: they differ by a constant factor.
    rng = np.random.default_rng(0)
    count = np.prod(shape) // shape[1]
    mean, var = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    bn_param = {"mode": "train", "momentum": 0.7}
    for step in range(4):
        x = (rng.standard_normal(shape) * (step + 1) + 2).astype(dtype)
        forward(x, np.ones(3, dtype), np.zeros(3, dtype), bn_param)
        F.batch_norm(torch.tensor(x, dtype=torch.float64), mean, var, training=True, momentum=1 - 0.7)
        assert_close(bn_param["running_mean"], mean.numpy(), dtype)
        assert_close(bn_param["running_var"], var.numpy() * (count - 1) / count, dtype)
    assert set(bn_param) == {"mode", "momentum", *RUNNING}


@parametrise("forward, shape", NORMALISERS)
def test_momentum_is_nine_tenths_unless_given(forward, shape):
    x = np.random.default_rng(1).standard_normal(shape)
    bn_param = {"mode": "train"}
    forward(x, np.ones(3), np.zeros(3), bn_param)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    assert_close(bn_param["running_mean"], 0.1 * x.mean(axes), np.float64)
    assert_close(bn_param["running_var"], 0.1 * x.var(axes), np.float64)


@pytest.mark.parametrize("memory", [None, *MEMORY])
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("forward, shape", NORMALISERS)
def test_test_mode_normalises_with_the_running_statistics(forward, shape, dtype, memory):
    rng = np.random.default_rng(2)
    x, gamma, beta, mean = (rng.standard_normal(s).astype(dtype) for s in (shape, 3, 3, 3))
    var = rng.uniform(0.5, 2, 3).astype(dtype)
    arrays = [x, gamma, beta, mean, var]
    expected = F.batch_norm(
        *(torch.tensor(array, dtype=torch.float64) for array in (x, mean, var, gamma, beta)), eps=1e-2
    )
    x, gamma, beta, mean, var = given = oracles.lay_out(arrays, memory) if memory else arrays
    kept = copy.deepcopy(given)
    bn_param = {"mode": "test", "eps": 1e-2, "running_mean": mean, "running_var": var}
    out, _ = forward(x, gamma, beta, bn_param)
    assert_close(out, expected.numpy(), dtype)
    assert np.array_equal(bn_param["running_mean"], kept[3]) and np.array_equal(bn_param["running_var"], kept[4])
    assert all(np.array_equal(array, before) for array, before in zip(given, kept))


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("forward, shape", NORMALISERS)
def test_test_mode_before_any_training_starts_from_zeros_and_writes_them_back(forward, shape, dtype):
    x = np.random.default_rng(3).standard_normal(shape).astype(dtype)
    bn_param = {"mode": "test", "eps": 0.25}
    out, _ = forward(x, np.ones(3, dtype), np.zeros(3, dtype), bn_param)
    assert_close(out, 2.0 * x, dtype)
    for key in RUNNING:
        assert_close(bn_param[key], np.zeros(3), dtype)


@parametrise("forward, shape", NORMALISERS)
def test_running_statistics_of_swapped_float32_are_native_float32(forward, shape):
    (x,) = oracles.lay_out([np.random.default_rng(4).standard_normal(shape).astype(np.float32)], "all at once")
    bn_param = {"mode": "train", "momentum": np.float64(0.5), "eps": np.float64(1e-5)}
    for _ in range(2):
        out, _ = forward(x, np.ones(3), np.zeros(3), bn_param)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    assert_close(bn_param["running_mean"], 0.75 * x.mean(axes, np.float64), np.float32)
    assert_close(bn_param["running_var"], 0.75 * x.var(axes, np.float64), np.float32)


@parametrise("forward, shape", NORMALISERS)
def test_training_leaves_the_arrays_of_old_statistics_alone(forward, shape):
    mean, var = np.full(3, 0.5), np.full(3, 2.0)
    mean.flags.writeable = var.flags.writeable = False
    bn_param = {"mode": "train", "running_mean": mean, "running_var": var}
    forward(np.random.default_rng(5).standard_normal(shape), np.ones(3), np.zeros(3), bn_param)
    assert np.array_equal(mean, np.full(3, 0.5)) and np.array_equal(var, np.full(3, 2.0))
    assert not np.array_equal(bn_param["running_mean"], mean)
    assert not np.array_equal(bn_param["running_var"], var)


@parametrise("forward, shape", NORMALISERS)
def test_test_mode_takes_an_empty_batch_and_train_mode_refuses_it(forward, shape):
    x = np.empty((0, *shape[1:]), np.float32)
    gamma, beta = np.ones(3, np.float32), np.zeros(3, np.float32)
    out, _ = forward(x, gamma, beta, {"mode": "test"})
    assert_close(out, x, np.float32)
    with complains(ValueError, r"\bx\b|\bN\b"):
        forward(x, gamma, beta, {"mode": "train"})


BACKWARDS = {
    "graph": (layers.batchnorm_forward, layers.batchnorm_backward, (5, 3)),
    "closed form": (layers.batchnorm_forward, layers.batchnorm_backward_alt, (5, 3)),
    "spatial": (layers.spatial_batchnorm_forward, layers.spatial_batchnorm_backward, (2, 3, 2, 2)),
}


@parametrise("forward, backward, shape", BACKWARDS)
def test_backward_refuses_a_cache_from_test_mode(forward, backward, shape):
    _, cache = forward(np.ones(shape), np.ones(3), np.zeros(3), {"mode": "test"})
    with complains(ValueError, "test|train|mode"):
        backward(np.ones(shape), cache)


@parametrise("forward, backward, shape", BACKWARDS)
def test_backward_follows_its_forward_even_if_the_dict_changed_since(forward, backward, shape):
    case = Case(forward, backward, oracles.torch_batchnorm(), (shape, (3,), (3,)), ({"mode": "train"},), RUNNING)
    arrays, bn_param = case.arrays(), {"mode": "train"}
    out, cache = forward(*arrays, bn_param)
    bn_param.update(mode="test", eps=5.0)
    dout = oracles.random_dout(out)
    _, expected = oracles.torch_gradients(case.oracle, arrays, dout)
    for gradient, wanted in zip(backward(dout, cache), expected):
        assert_close(gradient, wanted, np.float64)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("seed", range(10))
def test_the_two_batchnorm_backward_functions_agree_on_one_cache(seed, dtype):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(2, 12, size=2)
    x, dout = (3 * rng.standard_normal((n, d)).astype(dtype) + 7 for _ in range(2))
    gamma, beta = rng.standard_normal((2, d)).astype(dtype)
    _, cache = layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    first, second = layers.batchnorm_backward(dout, cache), layers.batchnorm_backward_alt(dout, cache)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_allclose(
            one, two, rtol=0, atol=(1e-3 if dtype == np.float32 else 1e-11) * np.abs(dout).max()
        )


@parametrise("case", {name: FIRST[name] for name in FIRST if "norm" in name})
def test_a_large_mean_in_float32_does_not_wash_out_the_variance(case):
    arrays = case.arrays(np.float32)
    arrays[0] += np.float32(1000)
    out, _ = case.out(arrays)
    np.testing.assert_allclose(out, oracles.torch_output(case.oracle, arrays), atol=2e-3)


# --- dropout ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, np.float64(0.7), 1, 1.0])
@pytest.mark.parametrize("seed", [None, 0, 7])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_mask_is_drawn_from_the_legacy_stream(dtype, seed, p):
    x = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(dtype)
    dropout_param = {"mode": "train", "p": p, **({} if seed is None else {"seed": seed})}
    np.random.seed(123)
    out, (kept_param, mask) = layers.dropout_forward(x, dropout_param)
    expected = _mask(x.shape, p, 123 if seed is None else seed)
    assert kept_param == dropout_param
    assert_close(out, x * expected, dtype)
    assert np.array_equal(mask > 0, expected > 0)
    np.testing.assert_allclose(mask, expected, rtol=1e-6 if dtype == np.float32 else 0)


@pytest.mark.parametrize(
    "param, drawn",
    [
        ({"mode": "train", "p": 0.5}, 20),
        ({"mode": "train", "p": 1.0}, 20),
        ({"mode": "train", "p": 0.5, "seed": 0}, 0),
        ({"mode": "train", "p": 0.5, "seed": 123}, 0),
        ({"mode": "test", "p": 0.5}, 0),
        ({"mode": "test", "p": 0.5, "seed": 3}, 0),
    ],
)
def test_dropout_takes_from_the_global_stream_exactly_what_it_needs(param, drawn):
    x = np.ones((4, 5))
    reference = np.random.RandomState(9)
    np.random.seed(9)
    np.random.randn()  # leaves half a pair behind, which a careless restore would lose
    reference.randn()
    out, cache = layers.dropout_forward(x, param)
    layers.dropout_backward(x, cache)
    reference.rand(drawn)
    assert np.random.randn() == reference.randn()
    assert np.random.rand() == reference.rand()


def test_dropout_with_a_seed_repeats_and_without_one_does_not():
    x = np.ones((10, 10))
    first, second = (layers.dropout_forward(x, {"mode": "train", "p": 0.5, "seed": 5})[0] for _ in range(2))
    assert np.array_equal(first, second)
    first, second = (layers.dropout_forward(x, {"mode": "train", "p": 0.5})[0] for _ in range(2))
    assert not np.array_equal(first, second)


def test_test_mode_has_no_mask():
    param = {"mode": "test", "p": 0.5}
    _, cache = layers.dropout_forward(np.ones((2, 3)), param)
    assert type(cache) is tuple and len(cache) == 2
    assert cache[0] == param and cache[1] is None


# --- losses -------------------------------------------------------------------------------------------------


def _svm_oracle(x, y):
    return x.shape[1] * F.multi_margin_loss(x, y)  # torch also divides by the number of classes


LOSSES = {
    "svm": (layers.svm_loss, _svm_oracle),
    "softmax": (layers.softmax_loss, F.cross_entropy),
}


def _check_loss(loss, oracle, x, y):
    kept = x.copy(), y.copy()
    value, dx = loss(x, y)
    tensor = torch.tensor(np.array(x, np.float64), requires_grad=True)
    expected = oracle(tensor, torch.tensor(np.array(y, np.int64)))
    expected.backward()
    dtype = x.dtype.newbyteorder("=")
    assert np.ndim(value) == 0
    assert_close(np.array(value, dtype), np.array(expected.item()), dtype)
    assert_close(dx, tensor.grad.numpy(), dtype)
    assert np.array_equal(x, kept[0]) and np.array_equal(y, kept[1])


def _scores(shape, dtype=np.float64, scale=1.0):
    rng = np.random.default_rng(sum(shape))
    return (scale * rng.standard_normal(shape)).astype(dtype), rng.integers(shape[1], size=shape[0])


@pytest.mark.parametrize("labels", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("shape", [(6, 4), (1, 3), (5, 1), (1, 1), (3, 10)])
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("loss, oracle", LOSSES)
def test_loss_and_gradient_match_torch(loss, oracle, dtype, shape, labels):
    x, y = _scores(shape, dtype)
    _check_loss(loss, oracle, x, y.astype(labels))


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("loss, oracle", LOSSES)
def test_losses_take_any_memory_layout(loss, oracle, dtype, memory):
    _check_loss(loss, oracle, *oracles.lay_out(_scores((5, 4), dtype), memory))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("scale", [1e3, 1e6, 1e30])
@parametrise("loss, oracle", LOSSES)
def test_losses_stay_finite_for_large_scores(loss, oracle, scale, dtype):
    x, y = _scores((6, 5), dtype, scale)
    assert np.isfinite(loss(x, y)[0])
    _check_loss(loss, oracle, x, y)


@parametrise("loss, oracle", LOSSES)
def test_a_nan_score_makes_the_loss_nan(loss, oracle):
    for column in range(3):
        x = np.ones((2, 3))
        x[1, column] = np.nan
        assert np.isnan(loss(x, np.array([0, 2]))[0])


@parametrise("loss, oracle", LOSSES)
def test_scores_of_integers_are_refused(loss, oracle):
    with complains(ValueError, r"\bx\b", "int64"):
        loss(np.ones((3, 4), np.int64), np.array([0, 1, 2]))


@parametrise(
    "x, y, patterns",
    {
        "label too large": ((3, 4), np.array([0, 4, 1]), [r"\by\b", "4"]),
        "label far too large": ((3, 4), np.array([0, 255, 1], np.uint8), [r"\by\b", "255"]),
        "label negative": ((3, 4), np.array([0, -1, 1]), [r"\by\b", "-1"]),
        "float labels": ((3, 4), np.array([0.0, 1.0, 2.0]), [r"\by\b", "float64"]),
        "labels too few": ((3, 4), np.array([0, 1]), [r"\by\b", r"\(2,\)"]),
        "labels too many": ((3, 4), np.array([0, 1, 2, 3]), [r"\by\b", r"\(4,\)"]),
        "one label for all": ((3, 4), np.array([1]), [r"\by\b", r"\(1,\)"]),
        "labels in a column": ((3, 4), np.array([[0], [1], [2]]), [r"\by\b", r"\(3, 1\)"]),
        "one-hot labels": ((3, 3), np.eye(3, dtype=int), [r"\by\b", r"\(3, 3\)"]),
        "x of rank 1": ((4,), np.array([0]), [r"\bx\b", r"\(4,\)"]),
        "x of rank 3": ((3, 4, 1), np.array([0, 1, 2]), [r"\bx\b", r"\(3, 4, 1\)"]),
        "no rows": ((0, 4), np.array([], int), [r"\bx\b|\by\b|\bN\b"]),
    },
)
@parametrise("loss, oracle", LOSSES)
def test_bad_arguments_of_a_loss_are_named(loss, oracle, x, y, patterns):
    with complains(ValueError, *patterns):
        loss(np.ones(x), y)


# --- pooling where torch is no oracle -----------------------------------------------------------------------


@pytest.mark.parametrize("fill", oracles.POOL_FILLS)
@pytest.mark.parametrize("window", [(2, 2, 2), (3, 2, 1), (2, 3, 3), (1, 1, 1), (5, 7, 1)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_first_maximum_or_nan_in_row_order_takes_the_gradient(dtype, window, fill):
    x = oracles.pool_input(fill, (2, 2, 5, 7)).astype(dtype)
    rng = np.random.default_rng(1)
    expected, dout, expected_dx = oracles.pool_by_loops(
        x, lambda shape: rng.integers(1, 9, shape).astype(dtype), *window
    )
    out, cache = layers.max_pool_forward_naive(x, oracles.pool_param(*window))
    assert_close(out, expected, dtype)
    assert_close(layers.max_pool_backward_naive(dout, cache), expected_dx, dtype)


# --- errors -------------------------------------------------------------------------------------------------

ONES = np.ones


@parametrise(
    "arguments, patterns",
    {
        "x of rank 0": ([(), (1, 3), (3,)], [r"\bx\b", r"\(\)"]),
        "w of other features": ([(2, 6), (5, 3), (3,)], [r"\b[wx]\b", r"\(5, 3\)"]),
        "w of other features for images": ([(2, 2, 3), (5, 3), (3,)], [r"\b[wx]\b", r"\(5, 3\)"]),
        "x broadcastable": ([(2, 1), (5, 3), (3,)], [r"\b[wx]\b", r"\(5, 3\)"]),
        "w of rank 1": ([(2, 6), (6,), (3,)], [r"\bw\b", r"\(6,\)"]),
        "w of rank 3": ([(2, 6), (6, 3, 1), (3,)], [r"\bw\b", r"\(6, 3, 1\)"]),
        "b too short": ([(2, 6), (6, 3), (2,)], [r"\bb\b", r"\(2,\)"]),
        "b broadcastable": ([(2, 6), (6, 3), (1,)], [r"\bb\b", r"\(1,\)"]),
        "b a row": ([(2, 6), (6, 3), (1, 3)], [r"\bb\b", r"\(1, 3\)"]),
        "complex w": ([(2, 6), ONES((6, 3), complex), (3,)], [r"\bw\b", "complex"]),
        "b of objects": ([(2, 6), (6, 3), ONES(3, object)], [r"\bb\b", "object"]),
    },
)
def test_bad_arguments_of_affine_are_named(arguments, patterns):
    oracles.check_refuses_arguments(layers.affine_forward, arguments, ValueError, patterns)


def _norm_errors(x, wrong_ranks, rest):
    """Wrong ranks of x and wrong shapes of gamma and beta for a normalisation over the channels of x."""
    c = x[1]
    errors = {
        f"x {shape}": ([shape, (c,), (c,), *rest], [r"\bx\b", str(shape)[:-1].replace("(", r"\(")])
        for shape in wrong_ranks
    }
    for shape in [(c + 1,), (1,), (1, c), (c, 1, 1)]:
        text = str(shape).replace("(", r"\(").replace(")", r"\)")
        errors[f"gamma {shape}"] = ([x, shape, (c,), *rest], [r"\bgamma\b", text])
        errors[f"beta {shape}"] = ([x, (c,), shape, *rest], [r"\bbeta\b", text])
    errors["complex gamma"] = ([x, ONES(c, complex), (c,), *rest], [r"\bgamma\b", "complex"])
    errors["beta of objects"] = ([x, (c,), ONES(c, object), *rest], [r"\bbeta\b", "object"])
    return errors


NORM_ERRORS = {
    f"{name}, {what}": (forward, arguments, patterns)
    for name, forward, errors in [
        (
            "batchnorm train",
            layers.batchnorm_forward,
            _norm_errors((4, 3), [(3,), (4, 3, 1), (2, 3, 2, 2)], [{"mode": "train"}]),
        ),
        (
            "batchnorm test",
            layers.batchnorm_forward,
            _norm_errors((4, 3), [(3,), (4, 3, 1)], [{"mode": "test"}]),
        ),
        ("layernorm", layers.layernorm_forward, _norm_errors((4, 3), [(3,), (4, 3, 1), (2, 3, 2, 2)], [{}])),
        (
            "spatial batchnorm",
            layers.spatial_batchnorm_forward,
            _norm_errors((2, 3, 4, 5), [(3,), (2, 3), (2, 3, 4)], [{"mode": "train"}]),
        ),
        (
            "groupnorm",
            layers.spatial_groupnorm_forward,
            _norm_errors((2, 3, 4, 5), [(2, 3), (2, 3, 4), (1, 2, 3, 4, 5)], [3, {}]),
        ),
    ]
    for what, (arguments, patterns) in errors.items()
}


@parametrise("forward, arguments, patterns", NORM_ERRORS)
def test_bad_arrays_of_a_normalisation_are_named(forward, arguments, patterns):
    oracles.check_refuses_arguments(forward, arguments, ValueError, patterns)


@parametrise(
    "bn_param, error, patterns",
    {
        "no mode": ({"eps": 1e-5}, KeyError, ["mode"]),
        "mode misspelt": ({"mode": "tain"}, ValueError, ["mode", "tain"]),
        "mode in capitals": ({"mode": "Train"}, ValueError, ["mode", "Train"]),
        "mode None": ({"mode": None}, ValueError, ["mode", "None"]),
        "running_mean too long": (
            {"mode": "train", "running_mean": np.zeros(4)},
            ValueError,
            ["running_mean", r"\(4,\)"],
        ),
        "running_var broadcastable": (
            {"mode": "test", "running_var": np.zeros(1)},
            ValueError,
            ["running_var", r"\(1,\)"],
        ),
        "running_mean of rank 2": (
            {"mode": "test", "running_mean": np.zeros((1, 3))},
            ValueError,
            ["running_mean", r"\(1, 3\)"],
        ),
    },
)
@parametrise("forward, shape", NORMALISERS)
def test_bad_entries_of_bn_param_are_named(forward, shape, bn_param, error, patterns):
    with complains(error, *patterns):
        forward(ONES(shape), ONES(3), ONES(3), dict(bn_param))


@pytest.mark.parametrize("groups", [4, 5, 12, 0, -1, -2, 2.0, 1.5, None, "2"])
def test_a_number_of_groups_that_does_not_divide_the_channels_is_refused(groups):
    with complains(ValueError, r"\bG\b", str(groups)):
        layers.spatial_groupnorm_forward(ONES((2, 6, 3, 3)), ONES(6), ONES(6), groups, {})


def test_gradients_of_groupnorm_come_back_in_the_shape_each_was_given():
    x = np.random.default_rng(0).standard_normal((2, 4, 3, 3))
    for gamma, beta in [((4,), (1, 4, 1, 1)), ((1, 4, 1, 1), (4,))]:
        out, cache = layers.spatial_groupnorm_forward(x, ONES(gamma), ONES(beta), 2, {})
        _, dgamma, dbeta = layers.spatial_groupnorm_backward(x, cache)
        assert (dgamma.shape, dbeta.shape) == (gamma, beta)
        assert_close(dbeta.ravel(), x.sum((0, 2, 3)), np.float64)


@parametrise(
    "param, error, patterns",
    {
        "no p": ({"mode": "train"}, KeyError, [r"\bp\b"]),
        "no mode": ({"p": 0.5}, KeyError, ["mode"]),
        "mode misspelt": ({"p": 0.5, "mode": "tets"}, ValueError, ["mode", "tets"]),
        "p 0": ({"p": 0, "mode": "train"}, ValueError, [r"\bp\b", r"\b0\b"]),
        "p negative": ({"p": -0.5, "mode": "train"}, ValueError, [r"\bp\b", r"-0\.5"]),
        "p above 1": ({"p": 1.5, "mode": "train"}, ValueError, [r"\bp\b", r"1\.5"]),
        "p NaN": ({"p": np.nan, "mode": "train"}, ValueError, [r"\bp\b", "nan"]),
        "p a word": ({"p": "half", "mode": "train"}, ValueError, [r"\bp\b", "half"]),
    },
)
def test_bad_entries_of_dropout_param_are_named(param, error, patterns):
    with complains(error, *patterns):
        layers.dropout_forward(ONES((3, 4)), param)


@parametrise("arguments, error, patterns", oracles.BAD_CONVOLUTIONS)
def test_bad_arguments_of_a_convolution_are_named(arguments, error, patterns):
    oracles.check_refuses_arguments(layers.conv_forward_naive, arguments, error, patterns)


@parametrise("arguments, error, patterns", oracles.BAD_POOLS)
def test_bad_arguments_of_a_pool_are_named(arguments, error, patterns):
    oracles.check_refuses_arguments(layers.max_pool_forward_naive, arguments, error, patterns)


# --- names --------------------------------------------------------------------------------------------------


def test_layers_need_neither_the_fast_layers_nor_torch():
    code = "import sys, cs231n.layers; print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'cs231n.layers'" in modules
    for absent in ("cs231n.fast_layers", "cs231n.im2col", "cs231n.layer_utils", "torch", "matplotlib"):
        assert f"'{absent}'" not in modules


# --- values that older notebooks print ----------------------------------------------------------------------


def test_batchnorm_in_test_mode_prints_the_known_means_and_deviations():
    np.random.seed(231)
    w1, w2 = np.random.randn(50, 60), np.random.randn(60, 3)
    bn_param = {"mode": "train"}
    for step in range(51):
        a = np.maximum(0, np.random.randn(200, 50) @ w1) @ w2
        bn_param["mode"] = "train" if step < 50 else "test"
        out, _ = layers.batchnorm_forward(a, np.ones(3), np.zeros(3), bn_param)
    np.testing.assert_allclose(out.mean(axis=0), [-0.0393, -0.0435, -0.1045], atol=5.1e-5)
    np.testing.assert_allclose(out.std(axis=0), [1.0153, 1.0124, 0.9782], atol=5.1e-5)


def test_dropout_drops_the_known_fractions():
    np.random.seed(231)
    x = np.random.randn(500, 500) + 10
    dropped = []
    for p in (0.25, 0.4, 0.7):
        out, _ = layers.dropout_forward(x, {"mode": "train", "p": p})
        dropped.append((out == 0).mean())
    assert np.allclose(dropped, [0.749784, 0.600796, 0.30074], rtol=0, atol=1e-12)


def _numeric_inputs(name):
    """Inputs and bound of a gradient check as older notebooks make it: arrays, rest, dout shape, bound."""
    np.random.seed(231)
    randn = np.random.randn
    if name == "affine":
        return [randn(10, 2, 3), randn(6, 5), randn(5)], [], (10, 5), 1e-10
    if name == "relu":
        return [randn(10, 10)], [], (10, 10), 1e-11
    if name.startswith("batchnorm"):
        return [5 * randn(4, 5) + 12, randn(5), randn(5)], [{"mode": "train"}], (4, 5), 1e-8
    if name == "convolution":
        arrays = [randn(4, 3, 5, 5), randn(2, 3, 3, 3), randn(2)]
        return arrays, [{"stride": 1, "pad": 1}], (4, 2, 5, 5), 1e-8
    if name == "pool":
        return [randn(3, 2, 8, 8)], [oracles.pool_param(2, 2, 2)], (3, 2, 4, 4), 1e-11
    if name == "groupnorm":
        arrays = [5 * randn(2, 6, 4, 5) + 12, randn(1, 6, 1, 1), randn(1, 6, 1, 1)]
        return arrays, [2, {}], (2, 6, 4, 5), 1e-6
    raise ValueError(name)


@pytest.mark.parametrize(
    "name",
    [
        "affine",
        "relu",
        "batchnorm by graph",
        "batchnorm by closed form",
        "convolution",
        "pool",
        "groupnorm",
    ],
)
def test_numeric_gradients_agree_as_closely_as_in_older_notebooks(name):
    arrays, rest, shape, bound = _numeric_inputs(name)
    dout = np.random.randn(*shape)
    case = FIRST[name]
    _, cache = case.out(arrays, rest)
    for array, gradient in zip(arrays, case.gradients(dout, cache), strict=True):
        numeric = oracles.numerical_gradient(lambda: case.out(arrays, rest)[0], array, dout)
        # a printed 1e-10 is an order of magnitude
        assert oracles.rel_error(gradient, numeric) < 3 * bound


@parametrise("loss, oracle", LOSSES)
def test_numeric_gradients_of_the_losses_agree(loss, oracle):
    np.random.seed(231)
    x, y = 0.001 * np.random.randn(50, 10), np.random.randint(10, size=50)
    numeric = oracles.numerical_gradient(lambda: loss(x, y)[0], x, 1.0)
    assert oracles.rel_error(loss(x, y)[1], numeric) < 3e-8
