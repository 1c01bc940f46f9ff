"""Independent answers for the tests to compare with, and inputs that are easy to get wrong.

The oracle is torch in float64: an operation of `torch.nn.functional`, differentiated by autograd with a random
upstream derivative. Where torch differs from the contract (ties and NaN in max pooling, im2col layouts) plain
loops take its place. A `Case` names one call of a layer; the `check_*` functions hold it to one promise each.
"""

import copy
import itertools
import re
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F

FLOATS = [np.float32, np.float64]

# Error allowed relative to the largest entry of the expected array (or to 1, if that is larger).
TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-12}


# --- comparison ---------------------------------------------------------------------------------------------


def assert_close(actual, expected, dtype):
    """`actual` is a native array of that dtype and equals `expected` within the tolerance of the dtype."""
    dtype = np.dtype(dtype)
    assert isinstance(actual, np.ndarray), f"expected an array, got {type(actual).__name__}"
    assert actual.dtype == dtype, f"expected dtype {dtype.str}, got {actual.dtype.str}"
    assert actual.shape == expected.shape, f"expected shape {expected.shape}, got {actual.shape}"
    finite = np.abs(expected[np.isfinite(expected)])
    bound = TOLERANCE[dtype] * max(1.0, finite.max(initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)


@contextmanager
def complains(error, *patterns):
    """The block raises `error`, and its message holds every one of the patterns."""
    with pytest.raises(error) as caught:
        yield
    message = str(caught.value)
    missing = [pattern for pattern in patterns if not re.search(pattern, message)]
    assert not missing, f"the message {message!r} does not mention {missing}"


# --- torch --------------------------------------------------------------------------------------------------


def torch_output(function, inputs):
    """`function` of the inputs, computed by torch in float64."""
    tensors = [torch.tensor(np.array(array, np.float64)) for array in inputs]
    return function(*tensors).numpy()


def torch_gradients(function, inputs, dout):
    """`function` of the inputs and, for each input, the gradient of sum(out * dout), in float64."""
    tensors = [torch.tensor(np.array(array, np.float64), requires_grad=True) for array in inputs]
    out = function(*tensors)
    gradients = torch.autograd.grad(out, tensors, torch.tensor(np.array(dout, np.float64)))
    return out.detach().numpy(), [gradient.numpy() for gradient in gradients]


# torch.batch_norm and torch.group_norm, unlike their namesakes in nn.functional, take a single value per channel.


def torch_batchnorm(eps=1e-5):
    def batchnorm(x, gamma, beta):
        # As rows: for (1, C, 1, W) in an odd order of memory torch 2.13 mixes the channels' gradients up.
        channels = x.movedim(1, -1)  # (N, C, ...) -> (N, ..., C)
        rows = channels.reshape(-1, x.shape[1]).contiguous()  # (N, ..., C) -> (N*..., C)
        out = torch.batch_norm(rows, gamma, beta, None, None, True, 0.0, eps, False)
        return out.reshape(channels.shape).movedim(-1, 1)  # (N*..., C) -> (N, C, ...)

    return batchnorm


def torch_layernorm(eps=1e-5):
    return lambda x, gamma, beta: F.layer_norm(x, x.shape[1:], gamma, beta, eps)


def torch_groupnorm(groups, eps=1e-5):
    return lambda x, gamma, beta: torch.group_norm(x, groups, gamma.flatten(), beta.flatten(), eps, False)


def torch_affine(x, w, b):
    return F.linear(x.flatten(1), w.T, b)


# torch refuses empty arrays in both; `x.sum()` is zero there, but part of the graph.


def _nothing(x, channels, window, stride, pad):
    size = [1 + (n + 2 * pad - k) // stride for n, k in zip(x.shape[2:], window)]
    return torch.zeros((len(x), channels, *size), dtype=x.dtype) + x.sum()


def torch_conv(stride, pad):
    def conv(x, w, b):
        if x.numel() and w.numel():
            return F.conv2d(x, w, b, stride=stride, padding=pad)
        return _nothing(x, len(w), w.shape[2:], stride, pad) + b[:, None, None] + w.sum()

    return conv


def torch_pool(height, width, stride):
    def pool(x):
        if x.numel():
            return F.max_pool2d(x, (height, width), stride=stride)
        return _nothing(x, x.shape[1], (height, width), stride, 0)

    return pool


# --- plain loops --------------------------------------------------------------------------------------------


def pool_by_loops(x, dout_of, height, width, stride):
    """Max pooling where the first maximum (or the first NaN) in row order takes the gradient.

    `dout_of(shape)` gives the upstream derivative. Returns out, dout, dx.
    """
    n, c, h, w = x.shape
    out = np.empty((n, c, 1 + (h - height) // stride, 1 + (w - width) // stride), x.dtype)
    dout, dx = dout_of(out.shape), np.zeros(x.shape, x.dtype)
    for i, j, row, column in np.ndindex(out.shape):
        top, left = row * stride, column * stride
        window = x[i, j, top : top + height, left : left + width]
        first = np.unravel_index(np.argmax(window), window.shape)  # NaN counts as the largest value
        out[i, j, row, column] = window[first]
        dx[i, j, top + first[0], left + first[1]] += dout[i, j, row, column]
    return out, dout, dx


def _im2col_pairs(shape, height, width, padding, stride):
    """(index into the padded image, index into the im2col matrix) for every entry of the matrix."""
    n, c, h, w = shape
    rows, columns = 1 + (h + 2 * padding - height) // stride, 1 + (w + 2 * padding - width) // stride
    for k, i, j, p, q, m in np.ndindex(c, height, width, rows, columns, n):
        pixel = (m, k, p * stride + i, q * stride + j)
        yield pixel, ((k * height + i) * width + j, (p * columns + q) * n + m)


def im2col_by_loops(x, height, width, padding, stride):
    """The im2col matrix: rows in order (C, height, width), columns in order (out rows, out columns, N)."""
    n, c, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    places = (1 + (h + 2 * padding - height) // stride) * (1 + (w + 2 * padding - width) // stride)
    cols = np.empty((c * height * width, places * n), x.dtype)
    for pixel, entry in _im2col_pairs(x.shape, height, width, padding, stride):
        cols[entry] = padded[pixel]
    return cols


def col2im_by_loops(cols, shape, height, width, padding, stride):
    """Add every entry of an im2col matrix to the pixel it came from, then cut off the padding."""
    n, c, h, w = shape
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding), cols.dtype)
    for pixel, entry in _im2col_pairs(shape, height, width, padding, stride):
        padded[pixel] += cols[entry]
    return padded[:, :, padding : padding + h, padding : padding + w]


def numerical_gradient(f, x, df, h=1e-5):
    """Central differences of sum(f() * df) with respect to x, which f reads."""
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + h
        above = np.array(f())
        x[index] = kept - h
        below = np.array(f())
        x[index] = kept
        gradient[index] = np.sum((above - below) * df) / (2 * h)
    return gradient


def rel_error(x, y):
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def pool_input(fill, shape):
    """Images on which pooling has to decide between equal or incomparable values."""
    rng = np.random.default_rng(0)
    few = rng.integers(0, 3, shape).astype(float)
    if fill == "ties":
        return few
    if fill == "all equal":
        return np.full(shape, -3.0)
    if fill == "negative infinity":
        return np.where(few > 1, few, -np.inf)
    if fill == "nan":
        return np.where(few == 0, np.nan, few)
    if fill == "all nan":
        return np.full(shape, np.nan)
    if fill == "signed zeros":
        return np.where(few > 0, 0.0, -0.0)
    raise ValueError(fill)


POOL_FILLS = ["ties", "all equal", "negative infinity", "nan", "all nan", "signed zeros"]


# --- awkward arrays -----------------------------------------------------------------------------------------


def _reversed(array):
    flip = (slice(None, None, -1),) * array.ndim
    return array[flip].copy()[flip]


def _gapped(array):
    buffer = np.full([2 * size + 1 for size in array.shape], 7, array.dtype)
    view = buffer[(slice(1, None, 2),) * array.ndim]
    view[...] = array
    return view


def _rolled(array):
    """The last axis is the slowest one in memory."""
    return np.moveaxis(np.moveaxis(array, -1, 0).copy(), 0, -1)


def _unaligned(array):
    buffer = np.zeros(array.nbytes + 1, np.uint8)
    view = buffer[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def _swapped(array):
    return array.astype(array.dtype.newbyteorder())


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _all_at_once(array):
    view = _reversed(_gapped(_rolled(_swapped(array))))
    view.flags.writeable = False
    return view


_AWKWARD = {
    "Fortran order": lambda array: array.copy(order="F"),
    "reversed strides": _reversed,
    "gapped strides": _gapped,
    "rolled axes": _rolled,
    "unaligned": _unaligned,
    "swapped bytes": _swapped,
    "read-only": _read_only,
    "all at once": _all_at_once,
}
# "mixed" gives each array of a call another variant.
MEMORY = [*_AWKWARD, "mixed"]


def awkward(array):
    """The same values in every memory layout the package has to take, by name."""
    variants = {name: make(array) for name, make in _AWKWARD.items()}
    for name, variant in variants.items():
        assert np.array_equal(variant, array, equal_nan=array.dtype.kind == "f"), f"{name} changed the values"
    return variants


def lay_out(arrays, memory):
    """The arrays, each in the memory layout of that name."""
    names = itertools.cycle(_AWKWARD) if memory == "mixed" else itertools.repeat(memory)
    return [awkward(array)[name] for array, name in zip(arrays, names)]


def illegal_inputs(shape):
    """Arrays of a dtype that no layer takes, by name."""
    kinds = (np.int64, np.uint8, np.bool_, np.float16, np.complex64, np.complex128, object)
    return {np.dtype(kind).name: np.ones(shape, kind) for kind in kinds}


ILLEGAL = list(illegal_inputs((1,)))


# --- cases --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One call of a layer: the shapes of its arrays in positional order (x first), then its other arguments."""

    forward: Callable
    backward: Callable
    oracle: Callable
    shapes: tuple
    rest: tuple = ()
    changes: frozenset = frozenset()  # the keys that forward may write to a dict in `rest`

    def arrays(self, dtype=np.float64, seed=0):
        rng = np.random.default_rng(seed)
        return [rng.standard_normal(shape).astype(dtype) for shape in self.shapes]

    def out(self, arrays, rest=None):
        return self.forward(*arrays, *copy.deepcopy(self.rest if rest is None else rest))

    def gradients(self, dout, cache):
        gradients = self.backward(dout, cache)
        return [gradients] if isinstance(gradients, np.ndarray) else list(gradients)


def random_dout(out, seed=1, dtype=None):
    return np.random.default_rng(seed).standard_normal(out.shape).astype(dtype or out.dtype)


def check_takes_infinity(case):
    """Infinity times zero gives NaN where it takes part, and no warning, whatever processor BLAS runs on."""
    arrays = case.arrays()
    arrays[0].flat[0] = np.inf
    arrays[1][...] = 0
    out, cache = case.out(arrays)
    dout = np.zeros_like(out)
    expected, gradients = torch_gradients(case.oracle, arrays, dout)
    assert np.isnan(expected).any() and not np.isnan(expected).all()
    for actual, wanted in zip([out, *case.gradients(dout, cache)], [expected, *gradients], strict=True):
        assert_close(actual, wanted, np.float64)


def conv_cases(forward, backward, wrap=torch_conv):
    """Convolutions by description; `wrap(stride, pad)` gives the oracle."""
    table = {
        "3x3, pad 1": ((2, 3, 5, 6), (4, 3, 3), 1, 1),
        "a batch of one, one channel, one filter, 2x3": ((1, 1, 4, 7), (1, 2, 3), 1, 0),
        "stride 2 leaves a row over": ((2, 2, 8, 6), (3, 3, 2), 2, 0),
        "stride larger than the window": ((1, 2, 7, 9), (2, 2, 1), 3, 0),
        "a window as large as the image": ((3, 1, 5, 4), (2, 5, 4), 1, 0),
        "a window as large as the padded image": ((2, 2, 3, 4), (2, 5, 6), 2, 1),
        "1x1": ((2, 2, 4, 3), (3, 1, 1), 1, 0),
        "pad larger than the window": ((1, 3, 5, 4), (2, 2, 1), 3, 3),
        "4x4, an even size": ((2, 1, 6, 7), (3, 4, 4), 1, 1),
        "stride larger than the image": ((2, 2, 4, 5), (2, 3, 2), 10, 0),
        "one row": ((2, 3, 1, 6), (2, 1, 3), 1, 0),
        "one column": ((2, 3, 6, 1), (2, 3, 1), 2, 0),
        "a row of 300 pixels": ((1, 1, 1, 300), (1, 1, 2), 3, 1),
    }
    cases = {}
    for name, (x, (filters, height, width), stride, pad) in table.items():
        shapes = (x, (filters, x[1], height, width), (filters,))
        rest = ({"stride": stride, "pad": pad},)
        cases[f"convolution, {name}"] = Case(forward, backward, wrap(stride, pad), shapes, rest)
    return cases


def pool_param(height, width, stride):
    return {"pool_height": height, "pool_width": width, "stride": stride}


def pool_cases(forward, backward):
    table = {
        "2x2": ((2, 3, 4, 6), 2, 2, 2),
        "a batch of one, one channel, 3x2": ((1, 1, 5, 7), 3, 2, 1),
        "windows overlap": ((2, 2, 7, 6), 3, 3, 2),
        "a row and a column left over": ((2, 2, 7, 5), 2, 2, 2),
        "stride larger than the window": ((2, 1, 8, 7), 2, 1, 3),
        "a window as large as the image": ((1, 2, 4, 3), 4, 3, 1),
        "1x1": ((2, 2, 3, 4), 1, 1, 1),
        "1x1, stride 2": ((1, 2, 5, 4), 1, 1, 2),
        "wide windows": ((2, 2, 4, 9), 1, 4, 2),
        "a row of 300 pixels": ((1, 1, 1, 300), 1, 2, 3),
    }
    return {
        f"pool, {name}": Case(forward, backward, torch_pool(*window), (shape,), (pool_param(*window),))
        for name, (shape, *window) in table.items()
    }


def make_arguments(arguments):
    """Shapes (tuples) become arrays of ones, everything else stays."""
    return [np.ones(value) if isinstance(value, tuple) else copy.deepcopy(value) for value in arguments]


_X, _W, _B = (2, 3, 5, 6), (4, 3, 3, 2), (4,)
_CONV = {"stride": 1, "pad": 0}

# Arguments of a convolution that are wrong, the error and what the message has to mention.
BAD_CONVOLUTIONS = {
    "x of rank 3": ([(3, 5, 6), _W, _B, _CONV], ValueError, [r"\bx\b", r"\(3, 5, 6\)"]),
    "x of rank 5": ([(1, *_X), _W, _B, _CONV], ValueError, [r"\bx\b", r"\(1, 2, 3, 5, 6\)"]),
    "w of rank 2": ([_X, (4, 3), _B, _CONV], ValueError, [r"\bw\b", r"\(4, 3\)"]),
    "w of rank 3": ([_X, (4, 3, 3), _B, _CONV], ValueError, [r"\bw\b", r"\(4, 3, 3\)"]),
    "w of other channels": ([_X, (4, 1, 3, 2), _B, _CONV], ValueError, [r"\b[wx]\b", r"\(4, 1, 3, 2\)"]),
    "w of no height": ([_X, (4, 3, 0, 2), _B, _CONV], ValueError, [r"\bw\b"]),
    "b too long": ([_X, _W, (5,), _CONV], ValueError, [r"\bb\b", r"\(5,\)"]),
    "b broadcastable": ([_X, _W, (1,), _CONV], ValueError, [r"\bb\b", r"\(1,\)"]),
    "b of rank 2": ([_X, _W, (4, 1), _CONV], ValueError, [r"\bb\b", r"\(4, 1\)"]),
    "window higher than x": ([_X, (4, 3, 6, 2), _B, _CONV], ValueError, [r"\b[wx]\b|window|filter", "6"]),
    "window wider than x": ([_X, (4, 3, 3, 7), _B, _CONV], ValueError, [r"\b[wx]\b|window|filter", "7"]),
    "window larger than padded x": (
        [_X, (4, 3, 8, 2), _B, {"stride": 3, "pad": 1}],
        ValueError,
        [r"\b[wx]\b|window|filter", "8"],
    ),
    "stride 0": ([_X, _W, _B, {"stride": 0, "pad": 0}], ValueError, ["stride", r"\b0\b"]),
    "stride -1": ([_X, _W, _B, {"stride": -1, "pad": 0}], ValueError, ["stride", "-1"]),
    "stride 1.5": ([_X, _W, _B, {"stride": 1.5, "pad": 0}], ValueError, ["stride", r"1\.5"]),
    "stride 2.0": ([_X, _W, _B, {"stride": 2.0, "pad": 0}], ValueError, ["stride", r"2\.0"]),
    "stride None": ([_X, _W, _B, {"stride": None, "pad": 0}], ValueError, ["stride", "None"]),
    "pad -1": ([_X, _W, _B, {"stride": 1, "pad": -1}], ValueError, ["pad", "-1"]),
    "pad 0.5": ([_X, _W, _B, {"stride": 1, "pad": 0.5}], ValueError, ["pad", r"0\.5"]),
    "pad a word": ([_X, _W, _B, {"stride": 1, "pad": "same"}], ValueError, ["pad", "same"]),
    "no stride": ([_X, _W, _B, {"pad": 0}], KeyError, ["stride"]),
    "no pad": ([_X, _W, _B, {"stride": 1}], KeyError, ["pad"]),
    "complex w": ([_X, np.ones(_W, complex), _B, _CONV], ValueError, [r"\bw\b", "complex"]),
    "b of objects": ([_X, _W, np.ones(_B, object), _CONV], ValueError, [r"\bb\b", "object"]),
}

BAD_POOLS = {
    "x of rank 3": ([(3, 5, 6), pool_param(2, 2, 2)], ValueError, [r"\bx\b", r"\(3, 5, 6\)"]),
    "x of rank 5": ([(1, *_X), pool_param(2, 2, 2)], ValueError, [r"\bx\b", r"\(1, 2, 3, 5, 6\)"]),
    "window higher than x": ([_X, pool_param(6, 2, 1)], ValueError, [r"pool_height|window|\bx\b", "6"]),
    "window wider than x": ([_X, pool_param(2, 7, 1)], ValueError, [r"pool_width|window|\bx\b", "7"]),
    "pool_height 0": ([_X, pool_param(0, 2, 1)], ValueError, ["pool_height", r"\b0\b"]),
    "pool_width -2": ([_X, pool_param(2, -2, 1)], ValueError, ["pool_width", "-2"]),
    "pool_height 1.5": ([_X, pool_param(1.5, 2, 1)], ValueError, ["pool_height", r"1\.5"]),
    "pool_width 2.0": ([_X, pool_param(2, 2.0, 1)], ValueError, ["pool_width", r"2\.0"]),
    "stride 0": ([_X, pool_param(2, 2, 0)], ValueError, ["stride", r"\b0\b"]),
    "stride -1": ([_X, pool_param(2, 2, -1)], ValueError, ["stride", "-1"]),
    "stride 0.5": ([_X, pool_param(2, 2, 0.5)], ValueError, ["stride", r"0\.5"]),
    "no pool_height": ([_X, {"pool_width": 2, "stride": 2}], KeyError, ["pool_height"]),
    "no pool_width": ([_X, {"pool_height": 2, "stride": 2}], KeyError, ["pool_width"]),
    "no stride": ([_X, {"pool_height": 2, "pool_width": 2}], KeyError, ["stride"]),
}


def check_refuses_arguments(forward, arguments, error, patterns):
    with complains(error, *patterns):
        forward(*make_arguments(arguments))


def parametrise(name, table):
    """pytest.mark.parametrize over the values of a dict, its keys as ids."""
    return pytest.mark.parametrize(name, table.values(), ids=table.keys())


def public_names(module):
    """What `from module import *` brings along."""
    namespace = {}
    exec(f"from {module} import *", namespace)
    return set(namespace) - {"__builtins__"}
