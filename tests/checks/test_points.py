"""Points: core and details in equal parts, rounded half up; and nothing for code without a thought."""

import inspect

import numpy as np
import pytest

from cs231n import layers
from cs231n.checks.points import core_holds, earned
from cs231n.checks.registry import Check
from cs231n.checks.rubric import Exercise, load_rubric
from tests.checks.subjects import EXERCISES, IN_PACKAGE, place, replaced, session

CHECKS = tuple(
    Check("e", name, "a line", "", None, detail=name.startswith("detail"))
    for name in ("a", "b", "detail1", "detail2")
)


def exercise(points, core=0.8):
    return Exercise("e", "Q1", points, ("cs231n/layers.py:e",), (), core=core, details=1 - core)


@pytest.mark.parametrize(
    "points, held, expected",
    [
        (5, "a b detail1 detail2", 5),
        (5, "a b detail1", 4.5),
        (5, "a b", 4),
        (5, "a detail1 detail2", 2),
        (5, "detail1 detail2", 0),
        (3, "a b detail1", 2.7),
        (1, "a", 0.4),
        (0.5, "a b detail1", 0.5),  # 0.45, half up
        (1.25, "a", 0.5),
    ],
)
def test_core_and_details_share_the_points_in_equal_parts(points, held, expected):
    assert earned(exercise(points), CHECKS, set(held.split())) == expected


def test_an_exercise_may_have_other_shares():
    assert earned(exercise(10, core=0.5), CHECKS, {"a", "b"}) == 5


def test_without_details_the_core_carries_all():
    assert earned(exercise(4), CHECKS[:2], {"a", "b"}) == 4


def test_all_or_nothing_keeps_the_old_rule():
    assert earned(exercise(4), CHECKS, {"a", "b", "detail1"}, "all-or-nothing") == 0
    assert earned(exercise(4), CHECKS, {check.name for check in CHECKS}, "all-or-nothing") == 4


def test_a_check_that_trivial_code_passes_counts_with_one_that_it_cannot_pass():
    checks = (Check("e", "dx", "", "", None), Check("e", "db", "", "", None, counts_with=("dx",)))
    assert earned(exercise(2), checks, {"db"}) == 0
    assert earned(exercise(2), checks, {"dx"}) == 1
    assert not core_holds(checks, {"dx"}) and core_holds(checks, {"dx", "db"})


def test_the_shares_of_the_rubric_are_four_fifths_and_one():
    assert {(one.core, one.details) for one in load_rubric().exercises.values()} == {(0.8, 0.2)}


# --- code without a thought -----------------------------------------------------------------------------------


def _filled(value):
    """Return a change that gives every array in a result the same entries."""

    def change(result):
        if isinstance(result, np.ndarray):
            return np.full_like(result, value)
        if isinstance(result, dict):
            return {name: change(part) for name, part in result.items()}
        return type(result)(map(change, result)) if isinstance(result, tuple) else result

    return change


def _constant(value):
    """Return a function of a solved function: the right shapes, the same number everywhere."""

    def wrong(function):
        return lambda *args, **kwargs: _filled(value)(function(*args, **kwargs))

    return wrong


def _handed_back(function):
    """The first argument is the result, and what a backward pass returns besides it are sums of dout."""

    def wrong(first, *args):
        result = function(first.copy(), *args)
        if not isinstance(result, tuple):
            return first
        if len(result) == 2:
            return first, result[1]
        return first, *([first.sum(axis=0)] * (len(result) - 1))

    return wrong


def _sums(function):
    """Each gradient is a sum of dout over all axes that the right one does not have."""

    def wrong(first, *args):
        def summed(right):
            others = tuple(axis for axis in range(first.ndim) if first.shape[axis] not in right.shape)
            total = first.sum(axis=others)
            return total.reshape(right.shape) if total.size == right.size else np.zeros_like(right)

        result = function(first.copy(), *args)
        return tuple(map(summed, result)) if isinstance(result, tuple) else summed(result)

    return wrong


TRIVIAL = {
    "zeros": _constant(0.0),
    "ones": _constant(1.0),
    "a constant": _constant(0.37),
    "handed back": _handed_back,
    "sums of dout": _sums,
}
FUNCTIONS = [name for name in IN_PACKAGE if not inspect.isclass(place(name)[1])]
NETS = [name for name in IN_PACKAGE if inspect.isclass(place(name)[1])]


@pytest.mark.parametrize("trivial", TRIVIAL)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_trivial_code_earns_nothing(name, trivial):
    if trivial == "sums of dout" and "backward" not in name:
        return
    module, function = place(name)
    wrong = replaced(module, **{name: TRIVIAL[trivial](function)})
    assert session(**{module: wrong}).outcome(name).earned == 0


@pytest.mark.parametrize("value", [0.0, 1.0, 0.37])
def test_a_trivial_forward_pass_with_a_backward_pass_that_fits_it_earns_nothing(value):
    functions = [name for name in FUNCTIONS if hasattr(layers, name)]
    forwards = {name: _constant(value)(getattr(layers, name)) for name in functions if "forward" in name}
    backwards = {name: _constant(0.0)(getattr(layers, name)) for name in functions if "backward" in name}
    wrong = session(layers=replaced("layers", **forwards, **backwards))
    assert {name: wrong.outcome(name).earned for name in functions} == dict.fromkeys(functions, 0)


@pytest.mark.parametrize("mode", ["train", "test"])
@pytest.mark.parametrize("name", ["batchnorm_forward", "spatial_batchnorm_forward", "dropout_forward"])
def test_a_forward_pass_that_ignores_its_mode_earns_nothing(name, mode):
    right = getattr(layers, name)

    def wrong(*args):
        *args, settings = args
        changed = settings | {"mode": mode}
        result = right(*args, changed)
        settings.update({key: value for key, value in changed.items() if key.startswith("running")})
        return result

    assert session(layers=replaced("layers", **{name: wrong})).outcome(name).earned == 0


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("name", NETS)
def test_a_net_with_the_right_parameters_and_a_constant_loss_earns_nothing(name, value):
    module, net = place(name)

    class Trivial(net):
        def loss(self, X, y=None):
            result = super().loss(X, y)
            return _filled(value)(result) if y is None else (value, _filled(value)(result[1]))

    short = module.split(".")[-1]
    assert session(**{short: replaced(module, **{net.__name__: Trivial})}).outcome(name).earned == 0


def test_a_net_that_drops_nothing_earns_nothing_for_dropout():
    module, net = place("fully_connected_net_dropout")

    class Plain(net):
        def __init__(self, hidden_dims, input_dim=3072, num_classes=10, dropout=1, *args, **kwargs):
            super().__init__(hidden_dims, input_dim, num_classes, 1, *args, **kwargs)

    outcome = session(fc_net=replaced(module, FullyConnectedNet=Plain)).outcome("fully_connected_net_dropout")
    assert outcome.earned == 0


def test_every_exercise_has_a_core():
    from cs231n.checks import registry

    assert [name for name in EXERCISES if all(check.detail for check in registry.checks_of(name))] == []


def test_code_that_knows_which_check_it_is_in_earns_nothing_for_a_backward_pass_of_nothing():
    state = {"backward": False}

    def forward(x, gamma, beta, ln_param):
        if state["backward"]:
            return np.zeros_like(x), (x, gamma)
        return layers.layernorm_forward(x, gamma, beta, ln_param)

    def backward(dout, cache):
        return np.zeros_like(dout), np.zeros(dout.shape[1]), np.zeros(dout.shape[1])

    forged = session(layers=replaced("layers", layernorm_forward=forward, layernorm_backward=backward))
    assert forged.outcome("layernorm_forward").verdict == "passed"
    state["backward"] = True
    assert forged.outcome("layernorm_backward").earned == 0
