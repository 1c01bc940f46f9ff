"""cs231n.fast_layers against torch in float64 and against the naive layers, with and without the extension."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cs231n import fast_layers, layers
from tests import oracles
from tests.oracles import FLOATS, MEMORY, assert_close, parametrise
from tests.promises import Promises, check_matches_torch

CONVS = oracles.conv_cases(fast_layers.conv_forward_fast, fast_layers.conv_backward_fast)
POOLS = oracles.pool_cases(fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast)
CASES = {**CONVS, **POOLS}

# --- promises that every layer makes ------------------------------------------------------------------------


class TestPromises(Promises):
    CASES = CASES


@parametrise("arguments, error, patterns", oracles.BAD_CONVOLUTIONS)
def test_bad_arguments_of_a_convolution_are_named(arguments, error, patterns):
    oracles.check_refuses_arguments(fast_layers.conv_forward_fast, arguments, error, patterns)


@parametrise("arguments, error, patterns", oracles.BAD_POOLS)
def test_bad_arguments_of_a_pool_are_named(arguments, error, patterns):
    oracles.check_refuses_arguments(fast_layers.max_pool_forward_fast, arguments, error, patterns)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@parametrise("case", CONVS)
def test_nan_and_infinity_reach_the_outputs_whose_window_sees_them_and_no_others(case, bad):
    arrays = case.arrays()
    arrays[0][0, 0, 0, 0] = bad
    out, _ = case.out(arrays)
    assert_close(out, oracles.torch_output(case.oracle, arrays), np.float64)


@parametrise(
    "case", {name: CONVS[name] for name in ("convolution, 3x3, pad 1", "convolution, stride 2 leaves a row over")}
)
def test_infinity_times_zero_is_nan_without_a_warning(case):
    oracles.check_takes_infinity(case)


# --- the naive layers as judges -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(200))
def test_fast_and_naive_convolutions_agree(seed):
    rng = np.random.default_rng(seed)
    dtype = FLOATS[seed % 2]
    n, c, f = rng.integers(1, 4, 3)
    h, w = rng.integers(1, 8, 2)
    pad, stride = int(rng.integers(0, 3)), int(rng.integers(1, 4))
    height, width = (int(rng.integers(1, min(size + 2 * pad, 5) + 1)) for size in (h, w))
    x, weights, b = (rng.standard_normal(s).astype(dtype) for s in ((n, c, h, w), (f, c, height, width), (f,)))
    param = {"stride": stride, "pad": pad}

    expected, naive_cache = layers.conv_forward_naive(x, weights, b, param)
    out, cache = fast_layers.conv_forward_fast(x, weights, b, param)
    assert_close(out, expected, dtype)
    dout = oracles.random_dout(out, seed)
    naive = layers.conv_backward_naive(dout, naive_cache)
    for gradient, wanted in zip(fast_layers.conv_backward_fast(dout, cache), naive, strict=True):
        assert_close(gradient, wanted, dtype)


@pytest.mark.parametrize("seed", range(200))
def test_fast_and_naive_pools_agree_exactly_also_on_ties_and_nan(seed):
    rng = np.random.default_rng(seed)
    dtype = FLOATS[seed % 2]
    n, c = rng.integers(1, 4, 2)
    h, w = rng.integers(1, 9, 2)
    x = rng.integers(-2, 3, (n, c, h, w)).astype(dtype) if seed % 4 < 2 else rng.standard_normal((n, c, h, w))
    x = x.astype(dtype)
    if seed % 3 == 0:
        x[rng.random(x.shape) < 0.2] = np.nan
    if seed % 5 == 0:
        x[rng.random(x.shape) < 0.3] = -np.inf
    window = [int(rng.integers(1, min(h, 4) + 1)), int(rng.integers(1, min(w, 4) + 1))]
    param = oracles.pool_param(*window, int(rng.integers(1, 5)))

    expected, naive_cache = layers.max_pool_forward_naive(x, param)
    out, cache = fast_layers.max_pool_forward_fast(x, param)
    assert np.array_equal(out, expected, equal_nan=True) and out.dtype == expected.dtype
    dout = oracles.random_dout(out, seed)
    naive = layers.max_pool_backward_naive(dout, naive_cache)
    assert_close(fast_layers.max_pool_backward_fast(dout, cache), naive, dtype)


@pytest.mark.parametrize("memory", [None, *MEMORY])
@pytest.mark.parametrize("fill", oracles.POOL_FILLS)
@pytest.mark.parametrize("window", [(2, 2, 2), (3, 2, 1), (2, 3, 3), (1, 1, 1), (5, 7, 1)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_first_maximum_or_nan_in_row_order_takes_the_gradient(dtype, window, fill, memory):
    x = oracles.pool_input(fill, (2, 2, 5, 7)).astype(dtype)
    rng = np.random.default_rng(1)
    expected, dout, expected_dx = oracles.pool_by_loops(
        x, lambda shape: rng.integers(1, 9, shape).astype(dtype), *window
    )
    if memory:
        x, dout = oracles.lay_out([x, dout], memory)
    out, cache = fast_layers.max_pool_forward_fast(x, oracles.pool_param(*window))
    assert_close(out, expected, dtype)
    assert_close(fast_layers.max_pool_backward_fast(dout, cache), expected_dx, dtype)


# --- input_grad and the names that older code uses ----------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("case", CONVS)
def test_without_input_grad_dx_is_none_and_the_rest_is_the_same(case, dtype):
    out, cache = case.out(case.arrays(dtype))
    dout = oracles.random_dout(out)
    _, dw, db = fast_layers.conv_backward_fast(dout, cache)
    for keyword in (False, True):
        dx, *rest = fast_layers.conv_backward_fast(dout, cache, input_grad=keyword)
        assert (dx is not None) == keyword
        for gradient, wanted in zip(rest, (dw, db), strict=True):
            assert_close(gradient, wanted, dtype)


@pytest.mark.parametrize("dout_dtype", FLOATS)
@pytest.mark.parametrize("x_dtype, w_dtype", list(itertools.product(FLOATS, repeat=2)))
@pytest.mark.parametrize("input_grad", [True, False])
def test_a_gradient_has_the_dtype_that_its_factors_promote_to(x_dtype, w_dtype, dout_dtype, input_grad):
    x, w, b = np.ones((2, 1, 4, 4), x_dtype), np.ones((3, 1, 3, 3), w_dtype), np.ones(3, w_dtype)
    out, cache = fast_layers.conv_forward_fast(x, w, b, {"stride": 1, "pad": 1})
    dout = oracles.random_dout(out, dtype=dout_dtype)
    dx, dw, db = fast_layers.conv_backward_fast(dout, cache, input_grad=input_grad)
    assert dw.dtype == np.result_type(dout_dtype, x_dtype), "dw is made of dout and x"
    assert_close(db, dout.sum(axis=(0, 2, 3)), dout_dtype)  # db is made of dout alone
    if input_grad:
        assert dx.dtype == np.result_type(dout_dtype, w_dtype), "dx is made of dout and w"


ALIASES = {
    "conv_im2col": "convolution, stride 2 leaves a row over",
    "conv_strides": "convolution, 3x3, pad 1",
    "max_pool_reshape": "pool, 2x2",
    "max_pool_im2col": "pool, a row and a column left over",
}


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("kind, case", {kind: (kind, CASES[name]) for kind, name in ALIASES.items()})
def test_older_names_give_the_same_results(kind, case, dtype):
    layer, way = kind.rsplit("_", 1)
    forward = getattr(fast_layers, f"{layer}_forward_{way}")
    backward = getattr(fast_layers, f"{layer}_backward_{way}")
    case = oracles.Case(forward, backward, case.oracle, case.shapes, case.rest)
    check_matches_torch(case, case.arrays(dtype), dtype)


# --- no compiler --------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
BLOCK = "import sys; sys.modules['cs231n.im2col_cython'] = None\n"


def _run(code):
    return subprocess.run(
        [sys.executable, "-c", BLOCK + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_missing_extension_gives_one_warning_that_says_how_to_build():
    result = _run(
        """
import warnings
import numpy as np
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import cs231n.fast_layers, cs231n.im2col, cs231n.layer_utils
    from cs231n.fast_layers import *
    for _ in range(2):
        out, cache = conv_forward_fast(np.ones((2, 3, 5, 5)), np.ones((2, 3, 3, 3)), np.ones(2),
                                       {"stride": 1, "pad": 1})
        conv_backward_fast(out, cache)
        out, cache = max_pool_forward_fast(out, {"pool_height": 2, "pool_width": 2, "stride": 2})
        max_pool_backward_fast(out, cache)
        cols = cs231n.im2col.im2col_indices(np.ones((2, 3, 5, 5)), 3, 3)
        cs231n.im2col.col2im_indices(cols, (2, 3, 5, 5))
print(len(caught))
for warning in caught:
    print(warning.message)
"""
    )
    assert result.returncode == 0, result.stderr
    count, text = result.stdout.split("\n", 1)
    assert count == "1", result.stdout
    assert "python -m pip install --no-deps -e ." in text


def test_everything_in_these_modules_holds_without_the_extension():
    files = ["test_fast_layers.py", "test_im2col.py", "test_layer_utils.py"]
    arguments = [
        *(str(ROOT / "tests" / file) for file in files),
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        "not extension",
    ]
    result = _run(
        f"""
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import cs231n.fast_layers, cs231n.im2col
import pytest
sys.exit(pytest.main({arguments!r}))
"""
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
