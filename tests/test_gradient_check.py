"""cs231n.gradient_check against torch's autograd, and what it leaves behind."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    eval_numerical_gradient_blobs,
    eval_numerical_gradient_net,
    grad_check_sparse,
    rel_error,
)
from tests.oracles import MEMORY, complains, lay_out, parametrise, random_dout, torch_gradients

# The same function in NumPy and in torch, of an array of any shape.
SCALAR = {
    "sum of squares": (lambda x: np.sum(x**2), lambda x: (x**2).sum()),
    "log of a sum": (lambda x: np.log(np.sum(np.exp(x))), lambda x: torch.logsumexp(x.flatten(), 0)),
    "waves": (lambda x: np.sum(np.sin(3 * x) * x), lambda x: (torch.sin(3 * x) * x).sum()),
    "products": (lambda x: np.prod(np.cos(x)), lambda x: torch.cos(x).prod()),
    "a constant": (lambda x: 2.5, lambda x: 2.5 + 0 * x.sum()),
}
ARRAY = {
    "cubes": (lambda x: x**3, lambda x: x**3),
    "itself": (lambda x: x, lambda x: x * 1),
    "outer product": (lambda x: np.outer(x, x), lambda x: torch.outer(x.flatten(), x.flatten())),
    "a number": (lambda x: np.sum(np.tanh(x)), lambda x: torch.tanh(x).sum()),
    "softmax": (lambda x: np.exp(x) / np.exp(x).sum(), lambda x: torch.softmax(x.flatten(), 0).reshape(x.shape)),
}
WRITEABLE = [name for name in MEMORY if name not in ("read-only", "all at once", "mixed")]
SHAPES = [(1,), (5,), (3, 4), (2, 1, 3), ()]


def _point(shape, seed=0):
    return np.array(np.random.default_rng(seed).standard_normal(shape))


def _scalar_gradient(oracle, x):
    return torch_gradients(oracle, [x], 1.0)[1][0]


def _assert_gradient(actual, expected, x):
    assert actual.shape == x.shape and actual.dtype == x.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-8, atol=1e-8)


# --- gradients ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@parametrise("f, oracle", SCALAR)
def test_the_gradient_of_a_scalar_function_is_that_of_autograd(f, oracle, shape):
    x = _point(shape)
    _assert_gradient(eval_numerical_gradient(f, x, verbose=False), _scalar_gradient(oracle, x), x)


@pytest.mark.parametrize("shape", SHAPES)
@parametrise("f, oracle", ARRAY)
def test_the_gradient_of_an_array_function_is_that_of_autograd(f, oracle, shape):
    x = _point(shape)
    df = random_dout(np.asarray(f(x)), dtype=np.float64)
    expected = torch_gradients(oracle, [x], df)[1][0]
    _assert_gradient(eval_numerical_gradient_array(f, x, df), expected, x)


def _scalar(f, x, **options):
    return eval_numerical_gradient(f, x, verbose=False, **options)


def _array(f, x, **options):
    return eval_numerical_gradient_array(f, x, 1.0, **options)


def _blobs(f, x, **options):
    """The blob version for a function of one array, so that it can stand beside the others."""

    def write(blob, output):
        output.vals = np.array(f(blob.vals))

    inputs = (SimpleNamespace(vals=x),)
    return eval_numerical_gradient_blobs(write, inputs, SimpleNamespace(diffs=1.0), **options)[0]


def _net(f, x, **options):
    blob, output = SimpleNamespace(vals=x), SimpleNamespace(diffs=1.0)

    def forward():
        output.vals = np.array(f(blob.vals))

    return eval_numerical_gradient_net(SimpleNamespace(forward=forward), (blob,), output, **options)[0]


def _sparse(f, x, **options):
    return grad_check_sparse(f, x, np.zeros(x.shape), num_checks=30, **options)


GRADIENTS = {"scalar": _scalar, "array": _array, "blobs": _blobs, "net": _net}
EVALUATIONS = GRADIENTS | {"sparse": _sparse}


@pytest.mark.parametrize("h", [1e-3, 0.1, 0.5])
@parametrise("evaluate", GRADIENTS)
def test_differences_are_central_and_take_the_step_that_is_asked_for(evaluate, h):
    """On x**3 the central difference is 3 * x**2 + h**2 without any rounding to speak of."""
    x = _point((2, 3))
    np.testing.assert_allclose(evaluate(lambda x: np.sum(x**3), x, h=h), 3 * x**2 + h**2, rtol=0, atol=1e-10)


@parametrise("evaluate", GRADIENTS)
def test_the_step_is_a_hundred_thousandth_unless_given(evaluate):
    seen, x = [], np.array([0.0])
    evaluate(lambda x: seen.append(float(x[0])) or 0.0, x)
    assert sorted(seen) == [-1e-5, 1e-5]


@pytest.mark.parametrize("memory", WRITEABLE)
@parametrise("evaluate", GRADIENTS)
def test_any_memory_layout_that_can_be_written_gives_the_same_gradient(evaluate, memory):
    plain = _point((3, 2, 4))
    [x] = lay_out([plain], memory)
    np.testing.assert_allclose(evaluate(lambda x: np.sum(x**2), x), 2 * plain, rtol=1e-8)
    assert np.array_equal(x, plain)


@parametrise("evaluate", GRADIENTS)
def test_a_float32_point_gives_a_float32_gradient(evaluate):
    x = _point((2, 3)).astype(np.float32)
    gradient = evaluate(lambda x: np.sum(x.astype(np.float64) ** 2), x, h=2.0**-6)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-4)


def test_a_function_may_return_one_buffer_every_time():
    buffer, x = np.empty(4), _point((4,))
    gradient = eval_numerical_gradient_array(lambda x: np.square(x, out=buffer), x, np.arange(4.0))
    np.testing.assert_allclose(gradient, 2 * x * np.arange(4.0), rtol=1e-8)


@parametrise("evaluate", GRADIENTS)
def test_a_function_may_return_one_number_in_a_buffer_every_time(evaluate):
    buffer, x = np.empty(()), _point((4,))
    gradient = evaluate(lambda x: np.sum(x**2, out=buffer), x)
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-8)


@parametrise("evaluate", EVALUATIONS)
def test_an_empty_point_or_no_check_calls_nothing(evaluate):
    calls = []
    if evaluate is _sparse:
        assert grad_check_sparse(calls.append, np.ones(3), np.ones(3), num_checks=0) is None
    else:
        assert evaluate(calls.append, np.empty((0, 3))).shape == (0, 3)
    assert calls == []


# --- what is left behind ------------------------------------------------------------------------------------


@parametrise("evaluate", EVALUATIONS)
def test_the_function_sees_the_array_itself_changed_in_one_element(evaluate):
    x = _point((2, 3))
    before, changed = x.copy(), []

    def f(seen):
        assert seen is x
        changed.append(np.count_nonzero(seen != before))
        return np.sum(seen)

    evaluate(f, x)
    assert set(changed) == {1}
    assert len(changed) == (60 if evaluate is _sparse else 12)


# Values that (x + h) - h would not give back exactly.
HARD_TO_RESTORE = np.array([0.1, 1e-30, 100.1, -0.3, 5e-324, 1 / 3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@parametrise("evaluate", EVALUATIONS)
def test_the_point_is_restored_to_the_bit(evaluate, dtype):
    x = HARD_TO_RESTORE.astype(dtype)
    before = x.tobytes()
    evaluate(lambda x: 1.0, x)
    assert x.tobytes() == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("call", [1, 2, 5, 6])
@parametrise("evaluate", EVALUATIONS)
def test_the_point_is_restored_when_the_function_raises(evaluate, call, error):
    x = HARD_TO_RESTORE.copy()
    before, calls = x.tobytes(), []

    def f(x):
        calls.append(x)
        if len(calls) == call:
            raise error("stop here")
        return 1.0

    with pytest.raises(error, match="stop here"):
        evaluate(f, x)
    assert len(calls) == call
    assert x.tobytes() == before


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, object])
@parametrise("evaluate", EVALUATIONS)
def test_a_point_of_integers_is_a_type_error_before_anything_is_called(evaluate, dtype):
    calls, x = [], np.ones((2, 3), dtype)
    with complains(TypeError, np.dtype(dtype).name, "float"):
        evaluate(calls.append, x)
    assert calls == [] and np.array_equal(x, np.ones((2, 3)))


# --- blobs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "a new array"])
@pytest.mark.parametrize("through_net", [True, False], ids=["net", "blobs"])
def test_every_input_blob_gets_its_gradient(through_net, in_place):
    a, b, c = (SimpleNamespace(vals=_point(shape, seed)) for seed, shape in enumerate([(3, 4), (4, 2), (2,)]))
    output = SimpleNamespace(vals=np.zeros((3, 2)), diffs=_point((3, 2), 9))
    kept = [blob.vals.copy() for blob in (a, b, c)]

    def f(a, b, c, out):
        result = np.tanh(a.vals @ b.vals) * c.vals
        if in_place:
            out.vals[...] = result
        else:
            out.vals = result

    if through_net:
        net = SimpleNamespace(forward=lambda: f(a, b, c, output))
        gradients = eval_numerical_gradient_net(net, (a, b, c), output)
    else:
        gradients = eval_numerical_gradient_blobs(f, (a, b, c), output)

    _, expected = torch_gradients(lambda a, b, c: torch.tanh(a @ b) * c, kept, output.diffs)
    for gradient, wanted, blob, before in zip(gradients, expected, (a, b, c), kept, strict=True):
        _assert_gradient(gradient, wanted, before)
        assert np.array_equal(blob.vals, before)


# --- what is printed ----------------------------------------------------------------------------------------


def test_the_scalar_version_prints_every_derivative_unless_told_not_to(capsys):
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    eval_numerical_gradient(lambda x: np.sum(x**2), x)
    printed = capsys.readouterr().out.splitlines()
    assert [re.findall(r"\d+", line)[:2] for line in printed] == [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]
    derivatives = [float(line.split(")")[1]) for line in printed]
    np.testing.assert_allclose(derivatives, [2, 4, 6, 8], rtol=1e-6)

    eval_numerical_gradient(lambda x: np.sum(x**2), x, verbose=False)
    eval_numerical_gradient_array(lambda x: x**2, x, np.ones((2, 2)))
    assert capsys.readouterr() == ("", "")


LINE = re.compile(r"numerical: (-?\d+\.\d{6}) analytic: (-?\d+\.\d{6}), relative error: (\d\.\d{6}e[+-]\d\d)")


@pytest.mark.parametrize("num_checks", [None, 1, 25])
def test_the_sparse_check_prints_both_gradients_and_their_error(capsys, num_checks):
    x = _point((3, 4))
    analytic = 2 * x + 0.5
    options = {} if num_checks is None else {"num_checks": num_checks}
    assert grad_check_sparse(lambda x: np.sum(x**2), x, analytic, **options) is None

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (num_checks or 10)
    possible = {f"{value:f}": (value, value - 0.5) for value in analytic.flat}
    for line in lines:
        numeric, claimed, error = LINE.fullmatch(line).groups()
        wrong, right = possible[claimed]
        assert float(numeric) == pytest.approx(right, abs=2e-6)
        assert float(error) == pytest.approx(0.5 / (abs(wrong) + abs(right)), rel=1e-4)


def test_the_sparse_check_visits_elements_all_over_the_array(capsys):
    x = np.zeros((3, 4))
    slopes = np.arange(12.0).reshape(3, 4)
    grad_check_sparse(lambda x: np.sum(slopes * x), x, slopes, num_checks=400)
    lines = [LINE.fullmatch(line) for line in capsys.readouterr().out.splitlines()]
    assert max(float(line[3]) for line in lines) < 1e-8
    assert {float(line[2]) for line in lines} == set(range(12))


# --- rel_error ----------------------------------------------------------------------------------------------


def _rel_error_by_loops(x, y):
    return max(abs(a - b) / max(1e-8, abs(a) + abs(b)) for a, b in zip(x.flat, y.flat))


_NUMBERS = st.floats(-1e9, 1e9) | st.floats(-1e-7, 1e-7)


@given(
    st.tuples(*[hnp.arrays(np.float64, (2, 3), elements=_NUMBERS)] * 2)
    | st.tuples(*[hnp.arrays(np.float32, (4,), elements=st.floats(-100, 100, width=32))] * 2)
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_rel_error_is_the_largest_over_all_elements(pair):
    x, y = pair
    error = rel_error(x, y)
    assert error == pytest.approx(_rel_error_by_loops(x, y), rel=1e-6)
    assert rel_error(y, x) == error
    assert 0 <= error <= 1


@pytest.mark.parametrize(
    "x, y, expected",
    [
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, -1.0], [-1.0, -1.0], 1.0),
        ([1e-9], [0.0], 0.1),
        ([3e-9], [-3e-9], 0.6),
        ([3.0, 1.0], [1.0, 1.0], 0.5),
    ],
)
def test_rel_error_of_known_pairs(x, y, expected):
    assert rel_error(np.array(x), np.array(y)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, np.uint64])
def test_rel_error_of_integers_does_not_wrap_around(dtype):
    x, y = np.array([1, 100], dtype), np.array([3, 120], dtype)
    assert rel_error(x, y) == pytest.approx(0.5)
    assert rel_error(y, x) == pytest.approx(0.5)


def test_rel_error_takes_numbers():
    assert rel_error(3.0, 1.0) == pytest.approx(0.5)
    assert rel_error(np.array([3.0, 1.0]), 1.0) == pytest.approx(0.5)


@pytest.mark.parametrize("x, y", [([1.0, math.nan], [1.0, 2.0]), ([1.0, 2.0], [math.nan] * 2), (math.nan, 1.0)])
def test_rel_error_with_a_nan_is_nan(x, y):
    """So that no check of an upper bound passes."""
    assert math.isnan(rel_error(np.array(x), np.array(y)))


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((3, 1), (3,)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((1,), (3,))])
def test_rel_error_of_different_shapes_is_refused(shapes):
    first, second = shapes
    with complains(ValueError, re.escape(str(first)), re.escape(str(second))):
        rel_error(np.ones(first), np.ones(second))


def test_rel_error_of_nothing_is_refused():
    with complains(ValueError, "empty", r"\(0, 3\)"):
        rel_error(np.ones((0, 3)), np.ones((0, 3)))


# --- numbers that would be wrong without a word -------------------------------------------------------------


def test_a_step_that_is_rounded_away_is_refused_and_the_point_restored():
    x = np.array([1000.0], np.float32)
    with complains(ValueError, r"\bh\b", "1e-05", "larger"):
        eval_numerical_gradient(np.sum, x, verbose=False)
    assert x[0] == 1000
    assert eval_numerical_gradient(np.sum, x, verbose=False, h=1.0)[0] == 1


def test_the_step_that_is_taken_divides_and_not_the_one_that_was_asked_for():
    x = np.array([100.0, 0.3], np.float32)  # 100 + 1e-5 is 100.0000076 in float32
    np.testing.assert_allclose(eval_numerical_gradient(lambda x: x.astype(float).sum(), x, verbose=False), 1, 1e-6)


def test_an_upstream_gradient_that_would_broadcast_is_refused():
    with complains(ValueError, r"\bdf\b", r"\(3, 1\)", r"\(3,\)"):
        eval_numerical_gradient_array(lambda x: x, np.ones(3), np.ones((3, 1)))


@pytest.mark.parametrize(
    "x, analytic", [(np.ones(3), np.ones(4)), (np.ones(3), np.ones((3, 1))), (np.ones(0), np.ones(0))]
)
def test_an_analytic_gradient_of_another_shape_is_refused(x, analytic):
    with complains(ValueError, "analytic_grad", r"\bx\b"):
        grad_check_sparse(np.sum, x, analytic)


def test_a_point_that_is_read_only_is_refused():
    x = np.ones(3)
    x.flags.writeable = False
    with complains(ValueError, r"\bx\b", "read-only"):
        eval_numerical_gradient(np.sum, x)


def test_relative_errors_of_large_and_of_small_types_do_not_overflow():
    assert rel_error(np.full(2, 6e4, np.float16), np.full(2, 3e4, np.float16)) == pytest.approx(1 / 3, rel=1e-3)
    assert rel_error(np.full(2, 3e38, np.float32), np.full(2, 1e38, np.float32)) == pytest.approx(0.5, rel=1e-3)
