# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""im2col and col2im in compiled loops.

im2col lays every window of the zero-padded images out as a column, so that a convolution becomes one matrix
product; col2im is its adjoint: it adds each column back onto the pixels it came from. Arrays are float32 or
float64, of any memory order. `cs231n.im2col` holds the same functions in NumPy, for where nothing compiles.
"""
import numpy as np

from cython cimport floating

from cs231n import validation

__all__ = ["col2im_6d_cython", "col2im_cython", "im2col_cython"]

_NAMES = ("field_height", "field_width", "padding")


def im2col_cython(x, field_height, field_width, padding, stride):
    """Lay the windows of x (N, C, H, W) out as columns.

    Args:
        x: images, shape (N, C, H, W).
        field_height, field_width: size of the window, in pixels.
        padding: zeros added on each side of H and W.
        stride: pixels between windows.

    Returns:
        cols: shape (C*fh*fw, oh*ow*N), rows in order (C, fh, fw), columns in order (oh, ow, N).

    Raises:
        ValueError: wrong shape, dtype or size, or a window larger than the padded image.

    Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks", 2006.
    """
    x = validation.images(x)
    N, C = x.shape[:2]
    fh, fw, pad, stride, oh, ow = validation.window(x.shape, field_height, field_width, padding, stride, _NAMES)
    cols = np.empty((C, fh, fw, oh, ow, N), dtype=x.dtype)
    if cols.size:
        if x.dtype == np.float32:
            _gather[float](x, cols, pad, stride)
        else:
            _gather[double](x, cols, pad, stride)
    return cols.reshape(C * fh * fw, oh * ow * N)  # (C, fh, fw, oh, ow, N) -> (C*fh*fw, oh*ow*N)


def col2im_cython(cols, N, C, H, W, field_height, field_width, padding, stride):
    """Add the columns of im2col_cython back onto images of shape (N, C, H, W).

    Args:
        cols: shape (C*fh*fw, oh*ow*N), ordered as im2col_cython's result.
        N, C, H, W: shape of the images.
        field_height, field_width, padding, stride: as given to im2col_cython.

    Returns:
        x: shape (N, C, H, W).

    Raises:
        ValueError: wrong shape, dtype or size, or a window larger than the padded image.
    """
    cols = validation.float_array("cols", cols)
    N, C, H, W = validation.image_shape((N, C, H, W))
    fh, fw, pad, stride, oh, ow = validation.window((N, C, H, W), field_height, field_width, padding, stride, _NAMES)
    validation.shape("cols", cols, (C * fh * fw, oh * ow * N))
    # (C*fh*fw, oh*ow*N) -> (C, fh, fw, oh, ow, N) -> (C, fh, fw, N, oh, ow)
    cols = cols.reshape(C, fh, fw, oh, ow, N).transpose(0, 1, 2, 5, 3, 4)
    return col2im_6d_cython(cols, N, C, H, W, fh, fw, pad, stride)


def col2im_6d_cython(cols, N, C, H, W, HH, WW, pad, stride):
    """Add columns kept as a six-dimensional array back onto images of shape (N, C, H, W).

    Args:
        cols: shape (C, HH, WW, N, oh, ow).
        N, C, H, W: shape of the images.
        HH, WW, pad, stride: size of the window, zeros on each side, pixels between windows.

    Returns:
        x: shape (N, C, H, W).

    Raises:
        ValueError: wrong shape, dtype or size, or a window larger than the padded image.
    """
    cols = validation.float_array("cols", cols)
    N, C, H, W = validation.image_shape((N, C, H, W))
    HH, WW, pad, stride, oh, ow = validation.window((N, C, H, W), HH, WW, pad, stride, ("HH", "WW", "pad"))
    validation.shape("cols", cols, (C, HH, WW, N, oh, ow))
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=cols.dtype)
    if cols.size:
        if cols.dtype == np.float32:
            _scatter_add[float](cols, padded, stride)
        else:
            _scatter_add[double](cols, padded, stride)
    return padded[:, :, pad : pad + H, pad : pad + W]


cdef void _gather(
    const floating[:, :, :, :] x, floating[:, :, :, :, :, ::1] cols, Py_ssize_t pad, Py_ssize_t stride
) noexcept:
    """cols[c, i, j, y, z, n] = padded x[n, c, y * stride + i, z * stride + j]."""
    cdef Py_ssize_t c, i, j, y, z, n, row, column
    cdef Py_ssize_t H = x.shape[2], W = x.shape[3]
    cdef bint inside
    for c in range(cols.shape[0]):
        for i in range(cols.shape[1]):
            for j in range(cols.shape[2]):
                for y in range(cols.shape[3]):
                    row = y * stride + i - pad
                    for z in range(cols.shape[4]):
                        column = z * stride + j - pad
                        inside = 0 <= row < H and 0 <= column < W
                        for n in range(cols.shape[5]):
                            cols[c, i, j, y, z, n] = x[n, c, row, column] if inside else 0


cdef void _scatter_add(
    const floating[:, :, :, :, :, :] cols, floating[:, :, :, ::1] padded, Py_ssize_t stride
) noexcept:
    """padded[n, c, y * stride + i, z * stride + j] += cols[c, i, j, n, y, z]."""
    cdef Py_ssize_t n, c, i, j, y, z
    for n in range(cols.shape[3]):
        for c in range(cols.shape[0]):
            for i in range(cols.shape[1]):
                for j in range(cols.shape[2]):
                    for y in range(cols.shape[4]):
                        for z in range(cols.shape[5]):
                            padded[n, c, y * stride + i, z * stride + j] += cols[c, i, j, n, y, z]
