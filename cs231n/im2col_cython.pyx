# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""im2col and col2im in compiled loops, and the kernels of the fast convolution.

im2col makes a column of every window of the zero-padded images, so that a convolution becomes one matrix
product. col2im is its adjoint: it adds each column to the pixels of its window. Arrays are float32 or float64, of
any memory order. `cs231n.im2col` has the same functions in NumPy, which are used if this extension is not built.

conv_forward, conv_input_gradient and conv_weight_gradient need no columns: they hand contiguous arrays to the C
code in `kernels/`, which says why it is fast. `cs231n.numpy_kernels` has the same functions in NumPy.
"""
import os

import numpy as np

from cython cimport floating
from libc.stddef cimport ptrdiff_t

from cs231n import validation

__all__ = ["col2im_6d_cython", "col2im_cython", "im2col_cython"]

cdef extern from "kernels/dispatch.h" nogil:
    ctypedef struct conv_shape:
        ptrdiff_t N, C, H, W, F, HH, WW, stride, pad, OH, OW

    ctypedef struct pool_shape:
        ptrdiff_t planes, H, W, height, width, stride, OH, OW

    ctypedef struct kernel_table:
        int (*conv_forward_float)(
            const conv_shape *, const float *, const float *, const float *, float *, int
        ) noexcept nogil
        int (*conv_input_gradient_float)(
            const conv_shape *, const float *, const float *, float *, int
        ) noexcept nogil
        int (*conv_weight_gradient_float)(
            const conv_shape *, const float *, const float *, float *, float *, int
        ) noexcept nogil
        int (*pool_forward_float)(const pool_shape *, const float *, float *, int) noexcept nogil
        int (*pool_backward_float)(const pool_shape *, const float *, const float *, float *, int) noexcept nogil
        int (*conv_forward_double)(
            const conv_shape *, const double *, const double *, const double *, double *, int
        ) noexcept nogil
        int (*conv_input_gradient_double)(
            const conv_shape *, const double *, const double *, double *, int
        ) noexcept nogil
        int (*conv_weight_gradient_double)(
            const conv_shape *, const double *, const double *, double *, double *, int
        ) noexcept nogil
        int (*pool_forward_double)(const pool_shape *, const double *, double *, int) noexcept nogil
        int (*pool_backward_double)(
            const pool_shape *, const double *, const double *, double *, int
        ) noexcept nogil

    ctypedef struct kernel_level:
        const char *name
        const kernel_table *kernels
        const char *lacking

    int count_levels()
    kernel_level describe_level(int)

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #else
    #define omp_get_max_threads() 1
    #endif
    """
    int omp_get_max_threads()

_NAMES = ("field_height", "field_width", "padding")

INTERFACE = 1  # add one, here and in cs231n.im2col, when a function that cs231n calls changes
CAP = "CS231N_LEVEL"  # environment variable: the highest level to use


def levels():
    """Return a dict of the levels that the kernels are compiled for, lowest first: name -> missing instruction.

    A level is a set of instructions. The value is the first of them that this processor does not have, "" if it
    has all.
    """
    cdef kernel_level one
    found = {}
    for number in range(count_levels()):
        one = describe_level(number)
        found[one.name.decode()] = one.lacking.decode() if one.lacking != NULL else ""
    return found


def _choose():
    """Return the number of the highest level that the processor has, and that CS231N_LEVEL allows."""
    there = levels()
    cap = os.environ.get(CAP)
    if cap and cap not in there:
        raise ImportError(f"the environment variable {CAP} is {cap!r}, expected one of {', '.join(there)}")
    chosen = 0
    for number, (name, lacking) in enumerate(there.items()):
        if not lacking:
            chosen = number
        if name == cap:
            break
    return chosen


LEVEL = list(levels())[_choose()]  # the level in use
cdef const kernel_table *_kernels = describe_level(_choose()).kernels


def im2col_cython(x, field_height, field_width, padding, stride):
    """Return the windows of x (N, C, H, W) as columns of a matrix.

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
    """Add each column to the pixels of its window: the reverse of im2col_cython, with sums where windows overlap.

    Args:
        cols: shape (C*fh*fw, oh*ow*N), in the order of im2col_cython.
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
    """Do what col2im_cython does, for columns in a six-dimensional array.

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


def conv_forward(
    const floating[:, :, :, ::1] x not None,
    const floating[:, :, :, ::1] w not None,
    const floating[::1] b not None,
    stride,
    pad,
):
    """Convolve images (N, C, H, W) with filters (F, C, HH, WW); return out (N, F, H', W')."""
    cdef conv_shape s = _conv_shape(np.shape(x), np.shape(w), stride, pad)
    validation.shape("b", b, (s.F,))
    out = np.empty((s.N, s.F, s.OH, s.OW), dtype=np.asarray(x).dtype)
    cdef floating[:, :, :, ::1] o = out
    cdef int failed, threads = _threads(&s)
    with nogil:
        if floating is float:
            failed = _kernels.conv_forward_float(&s, &x[0, 0, 0, 0], &w[0, 0, 0, 0], &b[0], &o[0, 0, 0, 0], threads)
        else:
            failed = _kernels.conv_forward_double(&s, &x[0, 0, 0, 0], &w[0, 0, 0, 0], &b[0], &o[0, 0, 0, 0], threads)
    if failed:
        raise MemoryError("not enough memory for the scratch of a convolution")
    return out


def conv_input_gradient(
    const floating[:, :, :, ::1] dout not None, const floating[:, :, :, ::1] w not None, x_shape, stride, pad
):
    """Return dx (N, C, H, W) for dout (N, F, H', W') and filters (F, C, HH, WW)."""
    cdef conv_shape s = _conv_shape(x_shape, np.shape(w), stride, pad)
    validation.shape("dout", dout, (s.N, s.F, s.OH, s.OW))
    dx = np.empty((s.N, s.C, s.H, s.W), dtype=np.asarray(dout).dtype)
    cdef floating[:, :, :, ::1] d = dx
    cdef int failed, threads = _threads(&s)
    with nogil:
        if floating is float:
            failed = _kernels.conv_input_gradient_float(&s, &dout[0, 0, 0, 0], &w[0, 0, 0, 0], &d[0, 0, 0, 0], threads)
        else:
            failed = _kernels.conv_input_gradient_double(&s, &dout[0, 0, 0, 0], &w[0, 0, 0, 0], &d[0, 0, 0, 0], threads)
    if failed:
        raise MemoryError("not enough memory for the scratch of a convolution")
    return dx


def conv_weight_gradient(
    const floating[:, :, :, ::1] dout not None, const floating[:, :, :, ::1] x not None, w_shape, stride, pad
):
    """Return dw (F, C, HH, WW) and db (F,) for dout (N, F, H', W') and images (N, C, H, W)."""
    cdef conv_shape s = _conv_shape(np.shape(x), w_shape, stride, pad)
    validation.shape("dout", dout, (s.N, s.F, s.OH, s.OW))
    dw = np.empty((s.F, s.C, s.HH, s.WW), dtype=np.asarray(x).dtype)
    db = np.empty(s.F, dtype=dw.dtype)
    cdef floating[:, :, :, ::1] d = dw
    cdef floating[::1] e = db
    cdef int failed, threads = _threads(&s)
    with nogil:
        if floating is float:
            failed = _kernels.conv_weight_gradient_float(
                &s, &x[0, 0, 0, 0], &dout[0, 0, 0, 0], &d[0, 0, 0, 0], &e[0], threads
            )
        else:
            failed = _kernels.conv_weight_gradient_double(
                &s, &x[0, 0, 0, 0], &dout[0, 0, 0, 0], &d[0, 0, 0, 0], &e[0], threads
            )
    if failed:
        raise MemoryError("not enough memory for the scratch of a convolution")
    return dw, db


cdef conv_shape _conv_shape(x_shape, w_shape, stride, pad) except *:
    """Return the sizes of a convolution, which has at least one image, channel, pixel and filter."""
    cdef conv_shape s
    N, C, H, W = validation.image_shape(x_shape)
    F, w_channels, HH, WW = validation.image_shape(w_shape)
    HH, WW, pad, stride, OH, OW = validation.window((N, C, H, W), HH, WW, pad, stride)
    if w_channels != C or not (N and C and H and W and F):
        raise ValueError(f"x has shape {tuple(x_shape)} and w {tuple(w_shape)}, expected as many channels and none empty")
    if C * (H + 2 * pad) * (W + 2 * pad) * HH * WW >= 2**48:
        raise MemoryError(f"an image of shape ({C}, {H}, {W}) with {pad} zeros on each side is too large")
    stride = min(stride, max(H, W) + 2 * pad)  # the same output, and no product can overflow
    s.N, s.C, s.H, s.W, s.F, s.HH, s.WW, s.stride, s.pad, s.OH, s.OW = N, C, H, W, F, HH, WW, stride, pad, OH, OW
    return s


def max_pool_forward(const floating[:, :, :, ::1] x not None, height, width, stride):
    """Take the maximum of each window of images (N, C, H, W); return out (N, C, H', W')."""
    cdef pool_shape s = _pool_shape(np.shape(x), height, width, stride)
    out = np.empty((x.shape[0], x.shape[1], s.OH, s.OW), dtype=np.asarray(x).dtype)
    cdef floating[:, :, :, ::1] o = out
    cdef int failed, threads = _threads_for(8.0 * s.planes * s.H * s.W)
    with nogil:
        if floating is float:
            failed = _kernels.pool_forward_float(&s, &x[0, 0, 0, 0], &o[0, 0, 0, 0], threads)
        else:
            failed = _kernels.pool_forward_double(&s, &x[0, 0, 0, 0], &o[0, 0, 0, 0], threads)
    if failed:
        raise MemoryError("not enough memory for the scratch of a pool")
    return out


def max_pool_input_gradient(
    const floating[:, :, :, ::1] dout not None, const floating[:, :, :, ::1] x not None, height, width, stride
):
    """Return dx (N, C, H, W): dout (N, C, H', W') at the first maximum of each window of x, zeros elsewhere."""
    cdef pool_shape s = _pool_shape(np.shape(x), height, width, stride)
    validation.shape("dout", dout, (x.shape[0], x.shape[1], s.OH, s.OW))
    dx = np.empty(np.shape(x), dtype=np.asarray(x).dtype)
    cdef floating[:, :, :, ::1] d = dx
    cdef int failed, threads = _threads_for(8.0 * s.planes * s.H * s.W)
    with nogil:
        if floating is float:
            failed = _kernels.pool_backward_float(&s, &x[0, 0, 0, 0], &dout[0, 0, 0, 0], &d[0, 0, 0, 0], threads)
        else:
            failed = _kernels.pool_backward_double(&s, &x[0, 0, 0, 0], &dout[0, 0, 0, 0], &d[0, 0, 0, 0], threads)
    if failed:
        raise MemoryError("not enough memory for the scratch of a pool")
    return dx


cdef pool_shape _pool_shape(x_shape, height, width, stride) except *:
    """Return the sizes of a pool over images of at least one pixel."""
    cdef pool_shape s
    N, C, H, W = validation.image_shape(x_shape)
    height, width, _, stride, OH, OW = validation.window((N, C, H, W), height, width, 0, stride)
    if not (N and C and H and W):
        raise ValueError(f"x has shape {tuple(x_shape)}, expected none empty")
    if H * W >= 2**31:
        raise MemoryError(f"an image of {H} x {W} pixels is too large")
    stride = min(stride, max(H - height, W - width) + 1)  # the same output, from less scratch
    s.planes, s.H, s.W, s.height, s.width, s.stride, s.OH, s.OW = N * C, H, W, height, width, stride, OH, OW
    return s


cdef int _threads(const conv_shape *s) noexcept:
    """Return how many threads to use for a convolution."""
    return _threads_for(<double>s.N * s.F * s.OH * s.OW * s.C * s.HH * s.WW)


cdef int _threads_for(double products) noexcept:
    """Return how many threads to use: as many as OpenMP gives, the cores or OMP_NUM_THREADS; one for a small job.

    The work of a job is given in products; to compare a pixel of a pool takes as long as some eight.
    """
    return 1 if products < 1e6 or _is_forked else omp_get_max_threads()


cdef bint _is_forked = False  # the threads of OpenMP do not survive a fork, and waiting for them never ends


def _note_fork():
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


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
