"""cs231n.im2col_cython, the compiled extension, against plain loops."""

import re
import subprocess
import sys

import numpy as np
import pytest

from cs231n import im2col_cython as extension
from tests import oracles
from tests.oracles import FLOATS, MEMORY, assert_close, complains, parametrise
from tests.test_im2col import TABLE, image_and_cols, six_dimensional

SHAPE = (2, 3, 5, 6)  # with a 3x3 window, pad 1, stride 1 the matrix has shape (27, 60)


def _inputs(shape, window, dtype):
    """An image and a random im2col matrix that belongs to it, in two and in six dimensions."""
    x, cols = image_and_cols(shape, window, dtype)
    return x, cols, np.ascontiguousarray(six_dimensional(cols, shape, window))


@pytest.mark.parametrize("memory", [None, *MEMORY])
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("shape, window", TABLE)
def test_layouts_match_plain_loops(shape, window, dtype, memory):
    x, cols, six = _inputs(shape, window, dtype)
    expected, image = oracles.im2col_by_loops(x, *window), oracles.col2im_by_loops(cols, shape, *window)
    if memory:
        x, cols, six = oracles.lay_out([x, cols, six], memory)
    kept = x.copy(), cols.copy(), six.copy()
    assert_close(extension.im2col_cython(x, *window), expected, dtype)
    assert_close(extension.col2im_cython(cols, *shape, *window), image, dtype)
    assert_close(extension.col2im_6d_cython(six, *shape, *window), image, dtype)
    for array, before in zip((x, cols, six), kept):
        assert np.array_equal(array, before)


def test_a_transposed_view_serves_as_six_dimensional_cols():
    shape, window = TABLE["stride 2 leaves a row over"]
    _, cols, _ = _inputs(shape, window, np.float64)
    view = six_dimensional(cols, shape, window)
    assert not view.flags.c_contiguous
    expected = oracles.col2im_by_loops(cols, shape, *window)
    assert_close(extension.col2im_6d_cython(view, *shape, *window), expected, np.float64)


@parametrise("shape, window", TABLE)
def test_col2im_is_the_adjoint_of_im2col(shape, window):
    x, cols, six = _inputs(shape, window, np.float64)
    forward = np.sum(extension.im2col_cython(x, *window) * cols)
    assert np.isclose(forward, np.sum(x * extension.col2im_cython(cols, *shape, *window)), rtol=1e-12)
    assert np.isclose(forward, np.sum(x * extension.col2im_6d_cython(six, *shape, *window)), rtol=1e-12)


def test_arguments_keep_their_names_and_take_numpy_integers():
    one = np.int64(1)
    x, cols, six = _inputs(SHAPE, (3, 3, 1, 1), np.float64)
    sizes = dict(zip("NCHW", map(np.int32, SHAPE)))
    got = extension.im2col_cython(x=x, field_height=3, field_width=np.int64(3), padding=one, stride=one)
    assert np.array_equal(got, oracles.im2col_by_loops(x, 3, 3, 1, 1))
    image = oracles.col2im_by_loops(cols, SHAPE, 3, 3, 1, 1)
    assert_close(
        extension.col2im_cython(cols=cols, **sizes, field_height=3, field_width=3, padding=one, stride=1),
        image,
        np.float64,
    )
    assert_close(extension.col2im_6d_cython(cols=six, **sizes, HH=3, WW=3, pad=one, stride=one), image, np.float64)


BAD_WINDOWS = {
    "stride 0": ((3, 3, 1, 0), ["stride", r"\b0\b"]),
    "stride -1": ((3, 3, 1, -1), ["stride", "-1"]),
    "stride 1.5": ((3, 3, 1, 1.5), ["stride", r"1\.5"]),
    "padding -1": ((3, 3, -1, 1), ["pad", "-1"]),
    "padding 0.5": ((3, 3, 0.5, 1), ["pad", r"0\.5"]),
    "height 0": ((0, 3, 1, 1), ["field_height|HH", r"\b0\b"]),
    "width -2": ((3, -2, 1, 1), ["field_width|WW", "-2"]),
    "width 2.0": ((3, 2.0, 1, 1), ["field_width|WW", r"2\.0"]),
    "higher than the padded image": ((8, 3, 1, 1), ["field_height|HH|window", "8"]),
    "wider than the padded image": ((3, 9, 1, 1), ["field_width|WW|window", "9"]),
}


@parametrise("window, patterns", BAD_WINDOWS)
def test_bad_windows_are_named(window, patterns):
    calls = [
        lambda: extension.im2col_cython(np.ones(SHAPE), *window),
        lambda: extension.col2im_cython(np.ones((27, 60)), *SHAPE, *window),
        lambda: extension.col2im_6d_cython(np.ones((3, 3, 3, 2, 5, 6)), *SHAPE, *window),
    ]
    for call in calls:
        with complains(ValueError, *patterns):
            call()


@pytest.mark.parametrize("shape", [(), (6,), (3, 5, 6), (1, 2, 3, 5, 6)])
def test_images_of_another_rank_are_refused(shape):
    with complains(ValueError, r"\bx\b", re.escape(str(shape))):
        extension.im2col_cython(np.ones(shape), 3, 3, 1, 1)


@pytest.mark.parametrize("shape", [(27, 59), (27, 61), (26, 60), (60, 27), (27 * 60,), (27, 60, 1), (1, 60)])
def test_a_matrix_that_does_not_fit_the_image_is_refused(shape):
    with complains(ValueError, r"\bcols\b", re.escape(str(shape))):
        extension.col2im_cython(np.ones(shape), *SHAPE, 3, 3, 1, 1)


@pytest.mark.parametrize(
    "shape", [(3, 3, 3, 5, 6, 2), (3, 3, 3, 2, 5, 5), (3, 3, 3, 2, 4, 6), (1, 3, 3, 2, 5, 6), (27, 60), (2,) * 7]
)
def test_six_dimensional_cols_that_do_not_fit_the_image_are_refused(shape):
    with complains(ValueError, r"\bcols\b", re.escape(str(shape))):
        extension.col2im_6d_cython(np.ones(shape), *SHAPE, 3, 3, 1, 1)


@pytest.mark.parametrize("position, name", list(enumerate("NCHW")))
def test_negative_image_sizes_are_refused(position, name):
    sizes = list(SHAPE)
    sizes[position] = -1
    for call, cols in [
        (extension.col2im_cython, np.ones((27, 60))),
        (extension.col2im_6d_cython, np.ones((3, 3, 3, 2, 5, 6))),
    ]:
        with complains(ValueError, rf"\b{name}\b|x_shape|image", "-1"):
            call(cols, *sizes, 3, 3, 1, 1)


def test_arrays_of_integers_are_refused():
    def make(shape):
        return np.ones(shape, np.int64)

    with complains(ValueError, r"\bx\b", "int64"):
        extension.im2col_cython(make(SHAPE), 3, 3, 1, 1)
    with complains(ValueError, r"\bcols\b", "int64"):
        extension.col2im_cython(make((27, 60)), *SHAPE, 3, 3, 1, 1)
    with complains(ValueError, r"\bcols\b", "int64"):
        extension.col2im_6d_cython(make((3, 3, 3, 2, 5, 6)), *SHAPE, 3, 3, 1, 1)


HUGE_CALLS = [
    "im2col_cython(x, 3, 3, 2**31 - 1, 1)",
    "im2col_cython(x, 3, 3, 2**62, 1)",
    "im2col_cython(x, 3, 3, 2**80, 1)",
    "im2col_cython(x, 2**31 + 2, 3, 2**31, 1)",
    "im2col_cython(x, 2**63 - 1, 3, 1, 1)",
    "im2col_cython(x, 3, 2**80, 1, 1)",
    "im2col_cython(x, 3, 3, 1, -2**80)",
    "col2im_cython(cols, 2**31, 3, 5, 6, 3, 3, 1, 1)",
    "col2im_cython(cols, 2**62, 3, 5, 6, 3, 3, 1, 1)",
    "col2im_cython(cols, 2**64 + 2, 3, 5, 6, 3, 3, 1, 1)",
    "col2im_cython(cols, 2, 3, 2**63 - 1, 6, 3, 3, 1, 1)",
    "col2im_cython(cols, 2, 3, 5, 6, 3, 3, 2**62, 1)",
    "col2im_cython(cols, 2, 3 + 2**32, 5, 6, 3, 3, 1, 1)",
    "col2im_6d_cython(six, 2 + 2**32, 3, 5, 6, 3, 3, 1, 1)",
    "col2im_6d_cython(six, 2, 3, 5, 6, 3, 3, 2**63 - 1, 1)",
    "col2im_6d_cython(six, 2, 3, 5, 6, 3 + 2**32, 3, 1, 1)",
    "col2im_6d_cython(six, 2, 3, 5, 6, 3, 3, 1, 2**63)",
]


def test_huge_sizes_never_crash_the_interpreter():
    # In a process of its own, because the failure looked for ends the process.
    code = f"""
import numpy as np
from cs231n.im2col_cython import im2col_cython, col2im_cython, col2im_6d_cython
x, cols, six = np.ones((2, 3, 5, 6)), np.ones((27, 60)), np.ones((3, 3, 3, 2, 5, 6))
for call in {HUGE_CALLS!r}:
    try:
        eval(call)
        print(call, "gave a result", flush=True)
    except (ValueError, OverflowError, MemoryError):
        print(call, "refused", flush=True)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines() == [f"{call} refused" for call in HUGE_CALLS]


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_stride_beyond_32_bits_leaves_one_window(dtype):
    x, *_ = _inputs(SHAPE, (3, 3, 1, 1), dtype)
    window = (3, 3, 1, 2**40)
    cols = extension.im2col_cython(x, *window)
    assert_close(cols, oracles.im2col_by_loops(x, *window), dtype)
    image = extension.col2im_cython(cols, *SHAPE, *window)
    assert_close(image, oracles.col2im_by_loops(cols, SHAPE, *window), dtype)
