"""cs231n.im2col against plain loops."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cs231n import im2col
from tests import oracles
from tests.oracles import FLOATS, MEMORY, assert_close, complains, parametrise

ROOT = Path(__file__).parents[1]
# Shape of x, then field_height, field_width, padding, stride.
TABLE = {
    "3x3, pad 1": ((2, 3, 5, 6), (3, 3, 1, 1)),
    "a batch of one, one channel, 2x3": ((1, 1, 4, 7), (2, 3, 0, 1)),
    "stride 2 leaves a row over": ((2, 2, 8, 6), (3, 2, 0, 2)),
    "stride larger than the window": ((1, 2, 7, 9), (2, 1, 0, 3)),
    "a window as large as the padded image": ((2, 2, 3, 4), (5, 6, 1, 2)),
    "1x1": ((2, 3, 4, 3), (1, 1, 0, 1)),
    "pad larger than the window": ((1, 2, 4, 3), (2, 1, 3, 3)),
    "an empty batch": ((0, 2, 4, 3), (2, 2, 1, 1)),
}


def image_and_cols(shape, window, dtype=np.float64):
    """An image and a random im2col matrix of the shape that belongs to it."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(dtype)
    cols = rng.standard_normal(oracles.im2col_by_loops(x, *window).shape).astype(dtype)
    return x, cols


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("shape, window", TABLE)
def test_im2col_and_col2im_match_plain_loops(shape, window, dtype):
    x, cols = image_and_cols(shape, window, dtype)
    assert_close(im2col.im2col_indices(x, *window), oracles.im2col_by_loops(x, *window), dtype)
    image = im2col.col2im_indices(cols, shape, *window)
    assert_close(image, oracles.col2im_by_loops(cols, shape, *window), dtype)


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("shape, window", TABLE)
def test_any_memory_layout_gives_the_right_answer(shape, window, dtype, memory):
    x, cols = image_and_cols(shape, window, dtype)
    expected, image = oracles.im2col_by_loops(x, *window), oracles.col2im_by_loops(cols, shape, *window)
    x, cols = oracles.lay_out([x, cols], memory)
    assert_close(im2col.im2col_indices(x, *window), expected, dtype)
    assert_close(im2col.col2im_indices(cols, shape, *window), image, dtype)


@parametrise("shape, window", TABLE)
def test_inputs_are_left_alone(shape, window):
    x, cols = image_and_cols(shape, window)
    kept = x.copy(), cols.copy()
    im2col.im2col_indices(x, *window)[...] = 7
    im2col.col2im_indices(cols, shape, *window)[...] = 7
    assert np.array_equal(x, kept[0]) and np.array_equal(cols, kept[1])


@parametrise("shape, window", TABLE)
def test_col2im_is_the_adjoint_of_im2col(shape, window):
    x, cols = image_and_cols(shape, window)
    forward = np.sum(im2col.im2col_indices(x, *window) * cols)
    assert np.isclose(forward, np.sum(x * im2col.col2im_indices(cols, shape, *window)), rtol=1e-12)


@parametrise("shape, window", TABLE)
def test_indices_pick_the_im2col_matrix_from_the_padded_image(shape, window):
    x, _ = image_and_cols(shape, window)
    height, width, padding, stride = window
    k, i, j = im2col.get_im2col_indices(shape, height, width, padding, stride)
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    picked = padded[:, k, i, j]  # (N, C * height * width, out rows * out columns)
    expected = oracles.im2col_by_loops(x, *window)
    assert np.array_equal(picked.transpose(1, 2, 0).reshape(expected.shape), expected)


def test_padding_and_stride_are_one_and_the_field_of_col2im_is_3x3_unless_given():
    x, cols = image_and_cols((2, 3, 5, 4), (3, 3, 1, 1))
    assert np.array_equal(im2col.im2col_indices(x, 3, 3), oracles.im2col_by_loops(x, 3, 3, 1, 1))
    expected = oracles.col2im_by_loops(cols, x.shape, 3, 3, 1, 1)
    assert_close(im2col.col2im_indices(cols, x.shape), expected, np.float64)
    for one, two in zip(im2col.get_im2col_indices(x.shape, 2, 3), im2col.get_im2col_indices(x.shape, 2, 3, 1, 1)):
        assert np.array_equal(one, two)


# The names of the extension, which stand for NumPy functions where the extension is missing.

COMPILED = ("im2col_cython", "col2im_cython", "col2im_6d_cython")


def six_dimensional(cols, shape, window):
    """The im2col matrix in the order (C, HH, WW, N, out rows, out columns)."""
    n, c, h, w = shape
    height, width, padding, stride = window
    rows, columns = 1 + (h + 2 * padding - height) // stride, 1 + (w + 2 * padding - width) // stride
    return cols.reshape(c, height, width, rows, columns, n).transpose(0, 1, 2, 5, 3, 4)


@pytest.mark.parametrize("memory", ["rolled axes", "all at once"])
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("shape, window", TABLE)
def test_the_names_of_the_extension_are_here_as_well(shape, window, dtype, memory):
    x, cols = image_and_cols(shape, window, dtype)
    expected, image = oracles.im2col_by_loops(x, *window), oracles.col2im_by_loops(cols, shape, *window)
    x, cols, six = oracles.lay_out([x, cols, six_dimensional(cols, shape, window)], memory)
    assert_close(im2col.im2col_cython(x, *window), expected, dtype)
    assert_close(im2col.col2im_cython(cols, *shape, *window), image, dtype)
    assert_close(im2col.col2im_6d_cython(six, *shape, *window), image, dtype)


BAD_WINDOWS = {
    "stride 0": ((3, 3, 1, 0), ["stride", r"\b0\b"]),
    "stride -1": ((3, 3, 1, -1), ["stride", "-1"]),
    "stride 1.5": ((3, 3, 1, 1.5), ["stride", r"1\.5"]),
    "padding -1": ((3, 3, -1, 1), ["padding", "-1"]),
    "padding 0.5": ((3, 3, 0.5, 1), ["padding", r"0\.5"]),
    "field_height 0": ((0, 3, 1, 1), ["field_height", r"\b0\b"]),
    "field_width -2": ((3, -2, 1, 1), ["field_width", "-2"]),
    "field_width 2.0": ((3, 2.0, 1, 1), ["field_width", r"2\.0"]),
    "field higher than the padded image": ((8, 3, 1, 1), ["field_height|window|x", "8"]),
    "field wider than the padded image": ((3, 9, 1, 1), ["field_width|window|x", "9"]),
}


@parametrise("window, patterns", BAD_WINDOWS)
def test_bad_windows_are_named(window, patterns):
    shape = (2, 3, 5, 6)
    calls = [
        lambda: im2col.im2col_indices(np.ones(shape), *window),
        lambda: im2col.get_im2col_indices(shape, *window),
        lambda: im2col.col2im_indices(np.ones((27, 60)), shape, *window),
    ]
    for call in calls:
        with complains(ValueError, *patterns):
            call()


@pytest.mark.parametrize("shape", [(6,), (3, 5), (3, 5, 6), (1, 2, 3, 5, 6)])
def test_images_of_another_rank_are_refused(shape):
    with complains(ValueError, r"\bx\b", re.escape(str(shape))):
        im2col.im2col_indices(np.ones(shape), 3, 3)
    for call in (
        lambda: im2col.get_im2col_indices(shape, 3, 3),
        lambda: im2col.col2im_indices(np.ones((27, 60)), shape),
    ):
        with complains(ValueError, "x_shape", re.escape(str(shape))):
            call()


@pytest.mark.parametrize("shape", [(27, 59), (27, 61), (26, 60), (60, 27), (27 * 60,), (27, 60, 1), (1, 60)])
def test_an_im2col_matrix_that_does_not_fit_the_image_is_refused(shape):
    with complains(ValueError, r"\bcols\b", re.escape(str(shape))):
        im2col.col2im_indices(np.ones(shape), (2, 3, 5, 6))


def test_arrays_of_integers_are_refused():
    with complains(ValueError, r"\bx\b", "int64"):
        im2col.im2col_indices(np.ones((2, 3, 5, 6), np.int64), 3, 3)
    with complains(ValueError, r"\bcols\b", "int64"):
        im2col.col2im_indices(np.ones((27, 60), np.int64), (2, 3, 5, 6))


TELL = "import os; from cs231n import im2col; print(os.environ.get('OMP_WAIT_POLICY'))"


@pytest.mark.parametrize(("policy", "spins"), [(None, False), ("active", True)])
def test_threads_that_wait_give_up_their_cores_unless_the_user_wants_another_policy(policy, spins):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": policy} if policy else {}
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=ROOT,
        env=environment | {"OMP_DISPLAY_ENV": "VERBOSE"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{policy}\n"
    if "GOMP_SPINCOUNT" in done.stderr:  # GCC's OpenMP says how often it looks for work before it sleeps
        assert ("GOMP_SPINCOUNT = '0'" not in done.stderr) == spins
