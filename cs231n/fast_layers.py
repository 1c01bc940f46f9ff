"""Fast convolution and max pooling, by compiled kernels, or by NumPy if these are not built.

Arguments and results are those of the naive layers in `cs231n.layers`. The functions have older names, too:
`conv_forward_im2col`, `max_pool_forward_reshape`, ...
"""

import numpy as np

from cs231n import numpy_kernels as _numpy
from cs231n import validation as _valid
from cs231n.im2col import compiled as _compiled

__all__ = [
    "conv_backward_fast",
    "conv_backward_im2col",
    "conv_backward_strides",
    "conv_forward_fast",
    "conv_forward_im2col",
    "conv_forward_strides",
    "max_pool_backward_fast",
    "max_pool_backward_im2col",
    "max_pool_backward_reshape",
    "max_pool_forward_fast",
    "max_pool_forward_im2col",
    "max_pool_forward_reshape",
]

# On Linux, the C library gives the memory of a large freed array back to the system, and the system clears each
# page of the next array. Once the program has freed an array of some size, the library keeps the memory of later
# ones up to that size, 32 MB at most. So this line makes such an array and frees it; its pages are never used. A
# training step of ThreeLayerConvNet on 50 images then has 30 page faults instead of 2100, and takes 35 ms of
# processor time instead of 44.
np.empty(2**25 - 2**16, dtype=np.uint8)


def conv_forward_fast(x, w, b, conv_param):
    """Convolve a minibatch with F filters, by the compiled kernel if it is built.

    Args:
        x: images, shape (N, C, H, W).
        w: filters, shape (F, C, HH, WW).
        b: biases, shape (F,).
        conv_param: dict; `stride` and `pad`, in pixels.

    Returns:
        out: shape (N, F, H', W') with H' = 1 + (H + 2 * pad - HH) // stride, and W' likewise.
        cache: what conv_backward_fast needs.

    Raises:
        KeyError: conv_param has no stride or no pad.
        ValueError: wrong shape, dtype, stride or pad, or a filter larger than the padded image.

    Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks", 2006.
    """
    x, w, b, stride, pad = _valid.convolution(x, w, b, conv_param)
    kernels = _kernels_for(x, w)
    out = kernels.conv_forward(*_alike(x, w, b), stride, pad)
    return out, (x, w, stride, pad, out.shape)


def conv_backward_fast(dout, cache, *, input_grad=True):
    """Backward pass of conv_forward_fast.

    Args:
        dout: upstream gradient, shape (N, F, H', W').
        cache: from conv_forward_fast.
        input_grad: if False, dx is not computed; the first layer of a network does not need it.

    Returns:
        dx: shape (N, C, H, W), or None if input_grad is False.
        dw: shape (F, C, HH, WW).
        db: shape (F,).

    Raises:
        ValueError: dout does not have the shape of the output.
    """
    x, w, stride, pad, out_shape = cache
    dout = _valid.upstream(dout, out_shape)
    kernels = _kernels_for(x, w)
    dw, db = kernels.conv_weight_gradient(*_alike(dout, x), w.shape, stride, pad)
    db = db.astype(dout.dtype, copy=False)
    if not input_grad:
        return None, dw, db
    if not np.isfinite(w).all():
        kernels = _numpy  # the compiled kernel multiplies zeros around dout with w, and 0 * inf is NaN
    dout, w = _alike(dout, w)
    return kernels.conv_input_gradient(dout, w, x.shape, stride, pad), dw, db


def _kernels_for(*arrays):
    """Return the module that has the kernels; the compiled ones do not take empty arrays."""
    return _compiled if _compiled and all(array.size for array in arrays) else _numpy


def _alike(*arrays):
    """Return the arrays in C order and in the dtype that NumPy gives their sum."""
    dtype = np.result_type(*arrays)
    return [np.ascontiguousarray(array, dtype) for array in arrays]


def max_pool_forward_fast(x, pool_param):
    """Take the maximum of each window of each channel, by the compiled kernel if it is built.

    Args:
        x: images, shape (N, C, H, W).
        pool_param: dict; `pool_height`, `pool_width` and `stride`, in pixels.

    Returns:
        out: shape (N, C, H', W') with H' = 1 + (H - pool_height) // stride, and W' likewise.
        cache: what max_pool_backward_fast needs.

    Raises:
        KeyError: pool_param lacks one of the three.
        ValueError: wrong rank, dtype or size, or a window larger than the image.
    """
    x, *window = _valid.pooling(x, pool_param)
    out = _kernels_for(x).max_pool_forward(np.ascontiguousarray(x), *window)
    return out, (x, window, out.shape)


def max_pool_backward_fast(dout, cache):
    """Backward pass of max_pool_forward_fast: each gradient goes to the first maximum of its window.

    Args:
        dout: upstream gradient, shape (N, C, H', W').
        cache: from max_pool_forward_fast.

    Returns:
        dx: shape (N, C, H, W).

    Raises:
        ValueError: dout does not have the shape of the output.
    """
    x, window, out_shape = cache
    dout = _valid.upstream(dout, out_shape)
    dx = _kernels_for(x).max_pool_input_gradient(*_alike(dout, x), *window)
    return dx.astype(dout.dtype, copy=False)


conv_forward_im2col = conv_forward_strides = conv_forward_fast
conv_backward_im2col = conv_backward_strides = conv_backward_fast
max_pool_forward_im2col = max_pool_forward_reshape = max_pool_forward_fast
max_pool_backward_im2col = max_pool_backward_reshape = max_pool_backward_fast
