"""The convolution kernels, compiled and in NumPy, against torch in float64; threads; and calls that must fail."""

import contextlib
import functools
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from cs231n import im2col_cython, numpy_kernels
from tests import test_pool_kernels
from tests.oracles import FLOATS

ROOT = Path(__file__).parents[1]
KERNELS = {"compiled": im2col_cython, "numpy": numpy_kernels}
CHANNELS = (1, 2, 3, 5, 8, 17, 32, 64, 256)


def _random_case(rng):
    """A convolution of at most a million products: shapes of x and w, stride, pad, shape of the output."""
    while True:
        (height, width), (H, W) = rng.integers(1, 12, 2), rng.integers(1, 34, 2)
        stride, pad = int(rng.integers(1, 5)), int(rng.integers(0, 6))
        if rng.random() < 0.2:
            (height, width), stride, pad = (3, 3), 1, 1  # by far the most frequent
        elif rng.random() < 0.3:
            width, stride = int(rng.integers(3, 12)), 1  # has kernels of its own
        N = int(rng.integers(1, 6) if rng.random() < 0.7 else rng.integers(8, 40))  # many: vectors go along them
        C, F = int(rng.choice(CHANNELS)), int(rng.choice(CHANNELS))
        OH, OW = (1 + (size + 2 * pad - window) // stride for size, window in ((H, height), (W, width)))
        if OH > 0 and OW > 0 and N * F * OH * OW * C * height * width < 1e6:
            return (N, C, H, W), (F, C, height, width), stride, pad, (N, F, OH, OW)


def _check_errors(kernels, dtype, case, rng):
    """Check the forward pass and the gradients: the error relative to the largest value of the result.

    db is often one number, a sum that may nearly vanish; it is measured by the size of a typical sum.
    """
    x_shape, w_shape, stride, pad, out_shape = case
    F, _, OH, OW = out_shape[1], *out_shape[1:]
    x, w, b = (rng.standard_normal(shape).astype(dtype) for shape in (x_shape, w_shape, (F,)))
    dout = rng.standard_normal(out_shape).astype(dtype)
    leaves = [torch.tensor(array.astype(np.float64), requires_grad=True) for array in (x, w, b)]
    expected = torch.nn.functional.conv2d(*leaves, stride=stride, padding=pad)
    wanted = [expected.detach(), *torch.autograd.grad(expected, leaves, torch.tensor(dout.astype(np.float64)))]
    got = [
        kernels.conv_forward(x, w, b, stride, pad),
        kernels.conv_input_gradient(dout, w, x_shape, stride, pad),
        *kernels.conv_weight_gradient(dout, x, w_shape, stride, pad),
    ]
    pixels = x_shape[0] * OH * OW
    lengths = np.prod(w_shape[1:]), np.prod(w_shape) / w_shape[1], pixels, pixels
    for name, array, reference, length in zip(("out", "dx", "dw", "db"), got, wanted, lengths, strict=True):
        reference = reference.numpy()
        assert array.dtype == dtype and array.shape == reference.shape, name
        largest = np.abs(reference).max() if name != "db" else max(np.abs(reference).max(), pixels**0.5)
        bound = (2e-6 if dtype == np.float32 else 2e-14) * max(1, length**0.5 / 64)
        error = np.abs(array - reference).max()
        # A gradient of few numbers may nearly vanish too; a sum of `length` products is rarely below its root.
        assert error <= bound * max(largest, length**0.5), f"{name} of {case}: {error / largest:.1e} > {bound:.1e}"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", KERNELS)
def test_three_hundred_random_convolutions_match_torch(name, dtype):
    rng = np.random.default_rng(0)
    for _ in range(300):
        _check_errors(KERNELS[name], dtype, _random_case(rng), rng)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("dtype", FLOATS)
def test_more_random_convolutions_match_torch(dtype, seed):
    rng = np.random.default_rng(seed)
    for _ in range(1000):
        _check_errors(im2col_cython, dtype, _random_case(rng), rng)


LARGE = {
    "3x3, many channels": ((9, 128, 8, 8), (128, 128, 3, 3), 1, 1, (9, 128, 8, 8)),
    "3x3, an odd image": ((3, 32, 33, 47), (24, 32, 3, 3), 1, 1, (3, 24, 33, 47)),
    "5x5, more planes than fit into the scratch": ((2, 64, 32, 32), (64, 64, 5, 5), 1, 2, (2, 64, 32, 32)),
    "an image of several bands": ((1, 3, 130, 301), (5, 3, 11, 7), 2, 3, (1, 5, 63, 151)),
    "3x3, an image of several bands": ((1, 8, 67, 301), (8, 8, 3, 3), 1, 1, (1, 8, 67, 301)),
    "3x3, no zeros around": ((5, 9, 18, 35), (10, 9, 3, 3), 1, 0, (5, 10, 16, 33)),
    "3x3, two zeros around": ((5, 9, 17, 34), (10, 9, 3, 3), 1, 2, (5, 10, 19, 36)),
    "3x3, more zeros than a window has": ((5, 9, 17, 20), (10, 9, 3, 3), 1, 4, (5, 10, 23, 26)),
    "5x5, few tiles in a row and many images": ((37, 30, 9, 11), (20, 30, 5, 5), 1, 2, (37, 20, 9, 11)),
    "7x4, several bands and blocks": ((2, 40, 50, 61), (16, 40, 7, 4), 1, 1, (2, 16, 46, 60)),
    "2x13, three groups of columns": ((18, 9, 14, 40), (10, 9, 2, 13), 1, 3, (18, 10, 19, 34)),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", LARGE)
def test_convolutions_in_several_blocks_match_torch(name, dtype):
    _check_errors(im2col_cython, dtype, LARGE[name], np.random.default_rng(0))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize(("N", "window"), [(3, 3), (3, 5), (20, 5)])
def test_one_pixel_that_is_not_tame_spoils_nothing_out_of_its_sight(N, window, bad):
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in ((N, 8, 9, 11), (8, 8, window, window)))
    b, pad = np.zeros(8, np.float32), window // 2
    clean = im2col_cython.conv_forward(x, w, b, 1, pad)
    x[1, 2, 4, 5] = bad
    with np.errstate(all="ignore"):
        out = im2col_cython.conv_forward(x, w, b, 1, pad)
        expected = numpy_kernels.conv_forward(x, w, b, 1, pad)
        sees = np.zeros(out.shape, bool)
        sees[1, :, 4 - pad : 5 + pad, 5 - pad : 6 + pad] = True
        np.testing.assert_allclose(out[~sees], clean[~sees], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(out[sees], expected[sees], rtol=1e-3)
        dw, db = im2col_cython.conv_weight_gradient(clean, x, w.shape, 1, pad)
        expected_dw, _ = numpy_kernels.conv_weight_gradient(clean, x, w.shape, 1, pad)
        assert np.array_equal(np.isnan(dw), np.isnan(expected_dw)) and np.isfinite(db).all()


PRINT_DIGESTS = """
import hashlib
import numpy as np
from cs231n import im2col_cython as kernels
rng = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    for x, w, stride, pad in (
        ((5, 16, 20, 20), (20, 16, 3, 3), 1, 1),
        ((7, 3, 31, 31), (25, 3, 3, 3), 2, 1),
        ((1, 8, 70, 70), (9, 8, 5, 5), 1, 2),
        ((35, 8, 12, 10), (9, 8, 4, 5), 1, 2),
    ):
        x, w, b = (rng.standard_normal(shape).astype(dtype) for shape in (x, w, w[:1]))
        out = kernels.conv_forward(x, w, b, stride, pad)
        arrays = out, kernels.conv_input_gradient(out, w, x.shape, stride, pad), \
            *kernels.conv_weight_gradient(out, x, w.shape, stride, pad)
        print(*(hashlib.sha256(array.tobytes()).hexdigest() for array in arrays))
"""


LEVELS = [name for name, lacking in im2col_cython.levels().items() if not lacking]
CALLED = (
    "conv_forward",
    "conv_input_gradient",
    "conv_weight_gradient",
    "max_pool_forward",
    "max_pool_input_gradient",
)
ANSWER_CALLS = """
import pickle
import sys
from cs231n import im2col_cython as compiled
assert compiled.LEVEL == sys.argv[1], compiled.LEVEL
while call := pickle.load(sys.stdin.buffer):
    name, *arguments = call
    pickle.dump(getattr(compiled, name)(*arguments), sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""


def _run_at_level(level, code, *arguments, **environment):
    """Run code in a process whose kernels are capped to a level, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CS231N_LEVEL": level, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def _kernels_at_level(level):
    """The compiled kernels capped to a level, in a process of their own that need not load what checks them."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CS231N_LEVEL": level}
    command = [sys.executable, "-c", ANSWER_CALLS, level]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:

        def call(*name_and_arguments):
            pickle.dump(name_and_arguments, process.stdin)
            process.stdin.flush()
            return pickle.load(process.stdout)

        yield types.SimpleNamespace(**{name: functools.partial(call, name) for name in CALLED})
        pickle.dump(None, process.stdin)
    assert process.returncode == 0


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_that_this_processor_has_is_right(level):
    rng = np.random.default_rng(0)
    with _kernels_at_level(level) as kernels:
        for dtype in (np.float32, np.float64):
            for _ in range(100):
                _check_errors(kernels, dtype, _random_case(rng), rng)
            for case in LARGE.values():
                _check_errors(kernels, dtype, case, rng)
            for seed in range(30):
                test_pool_kernels.test_random_pools_agree_with_loops_to_the_bit(kernels, dtype, seed)


@pytest.mark.parametrize("level", LEVELS)
def test_the_number_of_threads_does_not_change_a_bit(level):
    printed = {_run_at_level(level, PRINT_DIGESTS, OMP_NUM_THREADS=threads) for threads in "123"}
    assert len(printed) == 1 and len(printed.pop().splitlines()) == 8


def test_without_a_cap_the_highest_level_of_the_processor_runs():
    assert _run_at_level("", "from cs231n import im2col_cython as e; print(e.LEVEL)") == f"{LEVELS[-1]}\n"


def test_a_cap_that_is_no_level_is_named_with_those_there_are():
    with pytest.raises(AssertionError, match="CS231N_LEVEL is 'x86-64-v9', expected one of "):
        _run_at_level("x86-64-v9", "import cs231n.im2col_cython")


FORK = """
import os
import numpy as np
from cs231n import im2col_cython as kernels
x, w, b = np.ones((4, 16, 32, 32)), np.ones((16, 16, 3, 3)), np.ones(16)
expected = kernels.conv_forward(x, w, b, 1, 1)
child = os.fork()
same = np.array_equal(kernels.conv_forward(x, w, b, 1, 1), expected)
if child == 0:
    os._exit(0 if same else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_can_convolve_too():
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], cwd=ROOT, env=environment, check=True, timeout=60)


# --- calls that must fail, and never touch memory -----------------------------------------------------------

X, W, B, DOUT = (np.ones(shape) for shape in ((2, 3, 5, 6), (4, 3, 3, 3), (4,), (2, 4, 5, 6)))
GOOD = {
    "conv_forward": [X, W, B, 1, 1],
    "conv_input_gradient": [DOUT, W, X.shape, 1, 1],
    "conv_weight_gradient": [DOUT, X, W.shape, 1, 1],
}
_READ_ONLY = np.broadcast_to(np.ones(()), (2, 3, 5, 6))
BAD = [
    *(
        np.ones(shape)
        for shape in ((), (3,), (2, 3), (2, 3, 5), (1, 2, 3, 5, 6), (0, 3, 5, 6), (2, 0, 5, 6), (2, 5, 5, 6))
    ),
    *(np.ones((2, 3, 5, 6), dtype) for dtype in (np.float32, np.float16, np.int64, complex, bool, object, ">f8")),
    *(None, "x", 1.5, -1, 0, 2**31, 2**62, 2**63, 2**100, -(2**63), (), (1, 2), (2, 3, 5, 6, 7), (2**62, 3, 5, 6)),
    *((2, 3, -5, 6), (2, 3, 2**40, 2**40), (4, 3, 3, 2**62), [], _READ_ONLY, np.ones((6, 5, 3, 2)).T, np.ones(5)),
]
ZERO = next(number for number, value in enumerate(BAD) if type(value) is int and value == 0)


@pytest.mark.parametrize("bad", range(len(BAD)))
@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("name", GOOD)
def test_an_argument_that_does_not_fit_is_an_error(name, place, bad):
    arguments = list(GOOD[name])
    arguments[place] = BAD[bad]
    function = getattr(im2col_cython, name)
    if name == "conv_forward" and (
        place == 3 and type(BAD[bad]) is int and BAD[bad] > 0 or (place, bad) == (4, ZERO)
    ):
        return  # a long stride and no padding are legal
    with pytest.raises((TypeError, ValueError, OverflowError, MemoryError)):
        function(*arguments)


def test_read_only_arrays_are_taken():
    for name, arguments in GOOD.items():
        frozen = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
        for value in frozen:
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        getattr(im2col_cython, name)(*frozen)
