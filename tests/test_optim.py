"""cs231n.optim against torch.optim in float64 and against arithmetic on Python floats."""

import copy
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import optim
from tests.oracles import FLOATS, MEMORY, TOLERANCE, complains, lay_out, parametrise

RULES = ["sgd", "sgd_momentum", "rmsprop", "adam"]

DEFAULTS = {
    "sgd": {"learning_rate": 1e-2},
    "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
    "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
    "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
# The arrays among the state; adam also counts its steps in `t`.
STATE = {"sgd": [], "sgd_momentum": ["velocity"], "rmsprop": ["cache"], "adam": ["m", "v"]}
HYPERPARAMETERS = [(rule, name) for rule in RULES for name in DEFAULTS[rule]]
STATE_ARRAYS = [(rule, name) for rule in RULES for name in STATE[rule]]


def _arrays(shape=(3, 4), dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape).astype(dtype), rng.standard_normal(shape).astype(dtype)


# --- against torch ------------------------------------------------------------------------------------------

# torch keeps the velocity of momentum without the learning rate: buf = momentum * buf + dw, w - lr * buf. With
# velocity = -lr * buf that is our rule, as long as the learning rate stays what it is.
TORCH = {
    "sgd": ({"learning_rate": 0.3}, lambda w: torch.optim.SGD([w], lr=0.3)),
    "sgd_momentum": (
        {"learning_rate": 0.05, "momentum": 0.8},
        lambda w: torch.optim.SGD([w], lr=0.05, momentum=0.8),
    ),
    "sgd_momentum without momentum": (
        {"learning_rate": 0.2, "momentum": 0},
        lambda w: torch.optim.SGD([w], lr=0.2),
    ),
    "rmsprop": (
        {"learning_rate": 0.02, "decay_rate": 0.7, "epsilon": 1e-3},
        lambda w: torch.optim.RMSprop([w], lr=0.02, alpha=0.7, eps=1e-3),
    ),
    "adam": (
        {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-2},
        lambda w: torch.optim.Adam([w], lr=0.1, betas=(0.8, 0.95), eps=1e-2),
    ),
}
TORCH |= {
    "rmsprop, defaults": ({}, lambda w: torch.optim.RMSprop([w], lr=1e-2, alpha=0.99, eps=1e-8)),
    "adam, defaults": ({}, lambda w: torch.optim.Adam([w], lr=1e-3)),
    "sgd_momentum, defaults": ({}, lambda w: torch.optim.SGD([w], lr=1e-2, momentum=0.9)),
    "sgd, defaults": ({}, lambda w: torch.optim.SGD([w], lr=1e-2)),
}


def _slope(w):
    """The gradient of sum(w**2 / 2 + sin(2 * w) / 2); its curvature changes sign, and no step of ours diverges."""
    return w + np.cos(2 * w)


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), (2, 1, 3, 2)])
@parametrise("name, settings", {name: (name, settings) for name, settings in TORCH.items()})
def test_forty_steps_downhill_are_those_of_torch(name, settings, shape):
    config, optimiser = settings
    rule, config = getattr(optim, name.partition(",")[0].split()[0]), dict(config)
    w, _ = _arrays(shape)
    peer = torch.tensor(w, requires_grad=True)
    optimiser = optimiser(peer)
    for _ in range(40):
        w, config = rule(w, _slope(w), config)
        optimiser.zero_grad()
        (peer**2 / 2 + torch.sin(2 * peer) / 2).sum().backward()
        optimiser.step()
        np.testing.assert_allclose(w, peer.detach().numpy(), rtol=1e-9, atol=1e-12)


# --- against arithmetic on single numbers -------------------------------------------------------------------


def _scalar_step(rule, w, dw, s, h):
    """One step on Python floats: `s` is the state (changed), `h` the hyperparameters."""
    lr = h["learning_rate"]
    if rule == "sgd":
        return w - lr * dw
    if rule == "sgd_momentum":
        s["velocity"] = h["momentum"] * s.get("velocity", 0.0) - lr * dw
        return w + s["velocity"]
    if rule == "rmsprop":
        s["cache"] = h["decay_rate"] * s.get("cache", 0.0) + (1 - h["decay_rate"]) * dw * dw
        return w - lr * dw / (math.sqrt(s["cache"]) + h["epsilon"])
    s["t"] = s.get("t", 0) + 1
    s["m"] = h["beta1"] * s.get("m", 0.0) + (1 - h["beta1"]) * dw
    s["v"] = h["beta2"] * s.get("v", 0.0) + (1 - h["beta2"]) * dw * dw
    first, second = s["m"] / (1 - h["beta1"] ** s["t"]), s["v"] / (1 - h["beta2"] ** s["t"])
    return w - lr * first / (math.sqrt(second) + h["epsilon"])


_NUMBER = st.floats(-100, 100)
_FACTOR = st.floats(0, 0.999)


@st.composite
def _training(draw):
    """A rule, its hyperparameters (not all of them given), a start, and (gradients, learning rate) per step."""
    rule = draw(st.sampled_from(RULES))
    given_names = draw(st.sets(st.sampled_from(sorted(set(DEFAULTS[rule]) - {"learning_rate"}) or ["none"])))
    config = {name: draw(st.floats(1e-8, 1) if name == "epsilon" else _FACTOR) for name in given_names - {"none"}}
    size = draw(st.integers(0, 4))
    row = st.lists(_NUMBER, min_size=size, max_size=size)
    steps = draw(st.lists(st.tuples(row, st.floats(0, 2)), min_size=1, max_size=6))
    return rule, config, draw(row), steps


@given(_training())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_element_follows_the_formula_also_when_the_learning_rate_changes(training):
    rule, config, start, steps = training
    hyperparameters = DEFAULTS[rule] | config
    w, expected, states = np.array(start), list(start), [{} for _ in start]
    for dw, lr in steps:
        config["learning_rate"] = hyperparameters["learning_rate"] = lr
        w, config = getattr(optim, rule)(w, np.array(dw), config)
        expected = [_scalar_step(rule, *each, hyperparameters) for each in zip(expected, dw, states)]
        np.testing.assert_allclose(w, expected, rtol=1e-10, atol=1e-10)
    for name in STATE[rule]:
        np.testing.assert_allclose(config[name], [state[name] for state in states], rtol=1e-10, atol=1e-12)
    assert config.get("t") == (len(steps) if rule == "adam" else None)


@pytest.mark.parametrize("rule", RULES)
def test_a_state_that_is_handed_in_is_continued(rule):
    w, dw = _arrays((4,))
    state = {name: np.array([0.5, 0.25, 3.0, 1e-3]) for name in STATE[rule]} | ({"t": 6} if rule == "adam" else {})
    expected = [
        _scalar_step(rule, w[i], dw[i], {k: v if k == "t" else v[i] for k, v in state.items()}, DEFAULTS[rule])
        for i in range(4)
    ]
    next_w, config = getattr(optim, rule)(w, dw, state)
    np.testing.assert_allclose(next_w, expected, rtol=1e-13)
    assert config.get("t") == (7 if rule == "adam" else None)


# --- the config dict ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_missing_hyperparameters_and_state_are_filled_in(rule):
    w, dw = _arrays()
    _, config = getattr(optim, rule)(w, dw)
    arrays = {name: config.pop(name) for name in STATE[rule]}
    assert config == DEFAULTS[rule] | ({"t": 1} if rule == "adam" else {})
    for name, array in arrays.items():
        assert array.shape == w.shape and array.dtype == w.dtype, f"{name} is {array.dtype} {array.shape}"


@pytest.mark.parametrize("rule", RULES)
def test_the_config_that_came_in_is_completed_and_comes_back(rule):
    config = {"learning_rate": 0.5, "a note": "kept"}
    _, returned = getattr(optim, rule)(*_arrays(), config)
    assert returned is config
    assert config["learning_rate"] == 0.5 and config["a note"] == "kept"
    assert set(config) == {"a note", *DEFAULTS[rule], *STATE[rule], *(["t"] if rule == "adam" else [])}


@pytest.mark.parametrize("rule", RULES)
def test_calls_without_config_share_no_state(rule):
    step = getattr(optim, rule)
    (first, one), (second, other) = (step(*_arrays()) for _ in range(2))
    assert one is not other
    assert np.array_equal(first, second)


@pytest.mark.parametrize("rule", RULES)
def test_a_config_of_none_is_like_none_given(rule):
    assert np.array_equal(getattr(optim, rule)(*_arrays(), None)[0], getattr(optim, rule)(*_arrays())[0])


@pytest.mark.parametrize("rule", RULES)
def test_two_parameters_with_their_own_config_do_not_mix(rule):
    step, alone, together = getattr(optim, rule), {}, ({}, {})
    w, dw = _arrays()
    lone, pair = w.copy(), [w.copy(), w.copy()]
    for _ in range(3):
        lone, alone = step(lone, dw, alone)
        pair[0], _ = step(pair[0], dw, together[0])
        pair[1], _ = step(pair[1], 5 * dw, together[1])
    assert np.array_equal(lone, pair[0])


# --- arrays -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_the_gradient_is_left_alone_and_w_is_too_unless_it_is_the_result(rule):
    w, dw = _arrays()
    kept_w, kept_dw, config = w.copy(), dw.copy(), {}
    for _ in range(3):
        before = w.copy()
        next_w, config = getattr(optim, rule)(w, dw, config)
        assert np.array_equal(dw, kept_dw)
        assert next_w is w or np.array_equal(w, before)
        assert not np.shares_memory(next_w, dw)
        w = next_w
    assert not np.array_equal(w, kept_w)


@pytest.mark.parametrize("scalar", [float, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rule", RULES)
def test_dtype_is_kept_whatever_scalars_config_holds(rule, dtype, scalar):
    w, dw = _arrays(dtype=dtype)
    config = {name: scalar(value) for name, value in DEFAULTS[rule].items()}
    for _ in range(3):
        config["learning_rate"] = config["learning_rate"] * scalar(0.9)
        w, config = getattr(optim, rule)(w, dw, config)
    assert w.dtype == dtype
    assert {config[name].dtype for name in STATE[rule]} <= {np.dtype(dtype)}


@pytest.mark.parametrize("rule", RULES)
def test_float32_follows_float64_within_its_precision(rule):
    w, dw = _arrays(dtype=np.float32)
    single, double, configs = w, w.astype(np.float64), ({}, {})
    for _ in range(10):
        single, _ = getattr(optim, rule)(single, dw, configs[0])
        double, _ = getattr(optim, rule)(double, dw.astype(np.float64), configs[1])
    np.testing.assert_allclose(single, double, rtol=0, atol=TOLERANCE[np.dtype(np.float32)])


@pytest.mark.parametrize("w_dtype, dw_dtype", [FLOATS, FLOATS[::-1]])
@pytest.mark.parametrize("rule", RULES)
def test_mixed_floats_promote_as_in_numpy(rule, w_dtype, dw_dtype):
    w, dw = _arrays()
    w, dw = w.astype(w_dtype), dw.astype(dw_dtype)
    next_w, _ = getattr(optim, rule)(w, dw)
    expected, _ = getattr(optim, rule)(w.astype(np.float64), dw.astype(np.float64))
    assert next_w.dtype == np.float64
    np.testing.assert_allclose(next_w, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rule", RULES)
def test_any_memory_layout_gives_the_same_steps(rule, dtype, memory):
    w, dw = _arrays((3, 2, 4), dtype)
    plain, odd, configs = w.copy(), lay_out([w], memory)[0], ({}, {})
    for _ in range(3):
        plain, _ = getattr(optim, rule)(plain, dw, configs[0])
        odd, _ = getattr(optim, rule)(
            odd, lay_out([dw], "all at once" if memory == "mixed" else memory)[0], configs[1]
        )
        assert odd.dtype == dtype and odd.dtype.isnative
        np.testing.assert_allclose(odd, plain, rtol=0, atol=TOLERANCE[np.dtype(dtype)])


@pytest.mark.parametrize("rule", RULES)
def test_nan_in_the_gradient_reaches_its_own_element_and_no_other(rule):
    w, dw = _arrays()
    dw[1, 2] = np.nan
    next_w, config = getattr(optim, rule)(w, dw)
    bad = np.zeros(w.shape, bool)
    bad[1, 2] = True
    for array in (next_w, *(config[name] for name in STATE[rule])):
        assert np.array_equal(np.isnan(array), bad)


@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_of_zero_moves_nothing(rule):
    w, dw = _arrays()
    next_w, _ = getattr(optim, rule)(w.copy(), np.zeros_like(dw))
    assert np.array_equal(next_w, w)


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (1, 4), (4,), (3, 4, 1), ()])
@pytest.mark.parametrize("rule", RULES)
def test_a_gradient_of_another_shape_is_refused(rule, shape):
    with complains(ValueError, r"\bdw\b", str(shape).replace("(", r"\(").replace(")", r"\)"), r"\(3, 4\)"):
        getattr(optim, rule)(np.ones((3, 4)), np.ones(shape))


@pytest.mark.parametrize("which", ["w", "dw"])
@pytest.mark.parametrize("rule", RULES)
def test_arrays_of_integers_are_refused(rule, which):
    arguments = {"w": np.ones((2, 3)), "dw": np.ones((2, 3))} | {which: np.ones((2, 3), np.int64)}
    with complains(ValueError, rf"\b{which}\b", "int64"):
        getattr(optim, rule)(**arguments)


@pytest.mark.parametrize("value", [None, "fast", math.nan, math.inf, [0.1, 0.2], 1j], ids=repr)
@pytest.mark.parametrize("rule, name", HYPERPARAMETERS)
def test_a_hyperparameter_that_is_no_finite_number_is_named(rule, name, value):
    with complains(ValueError, name):
        getattr(optim, rule)(*_arrays(), {name: value})


@pytest.mark.parametrize("shape", [(4, 3), (4,), (1, 1), ()])
@pytest.mark.parametrize("rule, name", STATE_ARRAYS)
def test_a_state_of_another_shape_is_named(rule, name, shape):
    with complains(ValueError, rf"\b{name}\b", r"\(3, 4\)"):
        getattr(optim, rule)(*_arrays(), {name: np.ones(shape)})


@pytest.mark.parametrize("t", [-1, 1.5, "2", None])
def test_a_step_count_that_is_no_natural_number_is_refused(t):
    with complains(ValueError, r"\bt\b", str(t)):
        optim.adam(*_arrays(), {"t": t})


@pytest.mark.parametrize("value", [-0.1, 1, 1.5])
@pytest.mark.parametrize("name", ["beta1", "beta2"])
def test_a_beta_that_forgets_nothing_or_more_than_all_is_refused(name, value):
    with complains(ValueError, name, re.escape(str(value)), "less than 1"):
        optim.adam(*_arrays(), {name: value})


class _Interrupted(np.ndarray):
    """A gradient at whose use in arithmetic Ctrl-C is pressed, the n-th time."""

    presses_at = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        _Interrupted.presses_at -= 1
        if _Interrupted.presses_at == 0:
            raise KeyboardInterrupt
        inputs = [np.asarray(array) if isinstance(array, _Interrupted) else array for array in inputs]
        return getattr(ufunc, method)(*inputs, **kwargs).view(_Interrupted)


@pytest.mark.parametrize("use", range(1, 7))
def test_ctrl_c_in_the_middle_of_adam_leaves_parameters_and_state_as_they_were(use, monkeypatch):
    monkeypatch.setattr(optim._valid, "update", lambda w, dw, config, **_: (w, dw, config))
    w, dw = _arrays()
    _, config = optim.adam(w, dw, DEFAULTS["adam"] | {"t": 0, "m": np.zeros((3, 4)), "v": np.zeros((3, 4))})
    kept = copy.deepcopy((w, config))
    _Interrupted.presses_at = use
    with pytest.raises(KeyboardInterrupt):
        optim.adam(w, dw.view(_Interrupted), config)
    assert np.array_equal(w, kept[0]) and config["t"] == kept[1]["t"]
    for name in STATE["adam"]:
        assert np.array_equal(config[name], kept[1][name])


@pytest.mark.parametrize("rule", RULES)
def test_a_refused_call_leaves_w_and_dw_alone(rule):
    w, dw = _arrays()
    kept = copy.deepcopy((w, dw))
    with pytest.raises(ValueError):
        getattr(optim, rule)(w, dw[:2], {})
    assert np.array_equal(w, kept[0]) and np.array_equal(dw, kept[1])
