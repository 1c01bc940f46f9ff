"""The pooling kernels, compiled and in NumPy, against plain loops over random shapes."""

import sys

import numpy as np
import pytest

from cs231n import fast_layers, numpy_kernels
from cs231n.im2col import compiled
from tests import oracles
from tests.oracles import FLOATS, complains

KERNELS = [
    pytest.param(compiled, id="compiled", marks=pytest.mark.skipif(compiled is None, reason="no extension")),
    pytest.param(numpy_kernels, id="numpy"),
]
needs_extension = pytest.mark.skipif(compiled is None, reason="the extension is not built")


def _random_pool(rng):
    """Shape of the images, and height, width and stride of windows that fit."""
    n, c = rng.integers(1, 4, 2)
    h, w = rng.integers(1, 9), rng.integers(1, 45)
    height, width = rng.integers(1, h + 1), rng.integers(1, w + 1)
    if rng.random() < 0.7:
        height, width = min(height, 4), min(width, 4)
    return (n, c, h, w), (int(height), int(width), int(rng.integers(1, 7)))


def _random_images(rng, shape, dtype):
    """Images with ties, and every other time with NaN and infinities."""
    x = rng.integers(-3, 4, shape).astype(dtype)
    if rng.random() < 0.5:
        x[rng.random(shape) < 0.1] = np.nan
        x[rng.random(shape) < 0.3] = -np.inf
    return x


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("seed", range(60))
def test_random_pools_agree_with_loops_to_the_bit(kernels, dtype, seed):
    rng = np.random.default_rng(seed)
    shape, window = _random_pool(rng)
    x = _random_images(rng, shape, dtype)
    out, dout, dx = oracles.pool_by_loops(x, lambda s: rng.integers(1, 9, s).astype(dtype), *window)
    result = kernels.max_pool_forward(x, *window)
    assert result.dtype == dtype and np.array_equal(result, out, equal_nan=True)
    gradient = kernels.max_pool_input_gradient(dout, x, *window)
    assert gradient.dtype == dtype and np.array_equal(gradient, dx)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_last_of_more_pixels_than_a_byte_can_count_takes_the_gradient(kernels, dtype):
    x = np.zeros((1, 1, 20, 30), dtype)
    x[0, 0, 19, 29] = 1
    dx = kernels.max_pool_input_gradient(np.full((1, 1, 1, 1), 5, dtype), x, 20, 30, 1)
    assert dx[0, 0, 19, 29] == dx.sum() == 5


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_stride_beyond_the_image_leaves_one_window(kernels):
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    out = kernels.max_pool_forward(x, 2, 3, 2**40)
    assert np.array_equal(out, [[[[6.0]], [[18.0]]]])
    dx = kernels.max_pool_input_gradient(np.ones_like(out), x, 2, 3, 2**40)
    assert np.array_equal(np.flatnonzero(dx), [6, 18])


@pytest.mark.parametrize("x_dtype, dout_dtype", [FLOATS, FLOATS[::-1]])
def test_the_gradient_has_the_dtype_of_dout_and_goes_where_the_maximum_of_x_was(x_dtype, dout_dtype):
    x = np.array([[[[1.0, 1.0 + 1e-12], [0.0, 1.0]]]]).astype(x_dtype)  # a tie in float32 only
    out, cache = fast_layers.max_pool_forward_fast(x, oracles.pool_param(2, 2, 2))
    dx = fast_layers.max_pool_backward_fast(np.full(out.shape, 3, dout_dtype), cache)
    first = 0 if x_dtype == np.float32 else 1
    assert dx.dtype == dout_dtype and np.array_equal(np.flatnonzero(dx), [first])


def test_what_happens_to_the_output_afterwards_does_not_change_the_gradient():
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    out, cache = fast_layers.max_pool_forward_fast(x, oracles.pool_param(2, 2, 2))
    dout = np.ones_like(out)
    expected = fast_layers.max_pool_backward_fast(dout, cache)
    out[...] = 0
    assert np.array_equal(fast_layers.max_pool_backward_fast(dout, cache), expected)


# --- the entry points of the extension, called as nothing in the package would ------------------------------


@needs_extension
@pytest.mark.parametrize(
    "x",
    [
        np.ones((2, 3, 4)),
        np.ones((2, 3, 4, 4, 1)),
        np.ones((2, 3, 4, 4), np.int64),
        np.ones((2, 3, 4, 4), np.float16),
        np.ones((2, 3, 4, 4), ">f8"),
        np.ones((2, 3, 4, 8))[..., ::2],
        [[[[1.0]]]],
        None,
    ],
    ids=["3 axes", "5 axes", "int64", "float16", "big endian", "strided", "list", "None"],
)
def test_arrays_the_kernel_cannot_read_are_refused(x):
    with pytest.raises((TypeError, ValueError)):
        compiled.max_pool_forward(x, 2, 2, 2)
    with pytest.raises((TypeError, ValueError)):
        compiled.max_pool_input_gradient(x, x, 1, 1, 1)


@needs_extension
@pytest.mark.parametrize(
    "window", [(0, 2, 2), (2, 0, 2), (2, 2, 0), (-1, 2, 2), (5, 2, 2), (2, 5, 2), (2, 2, 2**70)]
)
def test_windows_that_do_not_fit_are_refused(window):
    x = np.ones((2, 3, 4, 4))
    with pytest.raises(ValueError):
        compiled.max_pool_forward(x, *window)
    with pytest.raises(ValueError):
        compiled.max_pool_input_gradient(np.ones((2, 3, 2, 2)), x, *window)


@needs_extension
def test_a_stride_beyond_the_image_gives_one_output():
    x, dout = np.arange(96.0).reshape(2, 3, 4, 4), np.ones((2, 3, 1, 1))
    assert np.array_equal(compiled.max_pool_forward(x, 2, 2, sys.maxsize), x[:, :, 1:2, 1:2])
    dx = compiled.max_pool_input_gradient(dout, x, 2, 2, sys.maxsize)
    assert np.array_equal(np.argwhere(dx), np.argwhere(np.isin(x, x[:, :, 1, 1])))


@needs_extension
@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (2, 0, 4, 4)])
def test_empty_arrays_are_refused(shape):
    with complains(ValueError, "empty"):
        compiled.max_pool_forward(np.ones(shape), 2, 2, 2)


@needs_extension
@pytest.mark.parametrize("shape", [(2, 3, 2, 3), (2, 3, 1, 2), (1, 3, 2, 2), (2, 1, 2, 2), (3, 3, 2, 2)])
def test_dout_of_another_shape_is_refused_by_the_kernel(shape):
    with complains(ValueError, "dout"):
        compiled.max_pool_input_gradient(np.ones(shape), np.ones((2, 3, 4, 4)), 2, 2, 2)


@needs_extension
def test_dout_of_another_dtype_is_refused_by_the_kernel():
    with pytest.raises((TypeError, ValueError)):
        compiled.max_pool_input_gradient(np.ones((2, 3, 2, 2), np.float32), np.ones((2, 3, 4, 4)), 2, 2, 2)
