"""The kernels of the fast layers in NumPy, for where the extension is not compiled.

A convolution is one matrix product for each image: of the filters and all windows of the image as columns.
One image at a time, so that the columns take little memory. Same arguments and results as the compiled kernels.
"""

import numpy as np

__all__ = [
    "conv_forward",
    "conv_input_gradient",
    "conv_weight_gradient",
    "max_pool_forward",
    "max_pool_input_gradient",
]


@np.errstate(invalid="ignore")  # as in cs231n.layers, whose docstring says why
def conv_forward(x, w, b, stride, pad):
    """Return out (N, F, oh, ow): out[n] = w @ columns of x[n] + b."""
    F, C, HH, WW = w.shape
    oh, ow = (1 + (size + 2 * pad - window) // stride for size, window in zip(x.shape[2:], (HH, WW)))
    out = np.empty((len(x), F, oh, ow), dtype=x.dtype)
    rows = w.reshape(F, C * HH * WW)  # (F, C, HH, WW) -> (F, C*HH*WW)
    for image, result in zip(x, out):
        product = rows @ _columns(image, (HH, WW), stride, pad) + b[:, np.newaxis]
        result[...] = product.reshape(F, oh, ow)  # (F, oh*ow) -> (F, oh, ow)
    return out


@np.errstate(invalid="ignore")  # as in cs231n.layers, whose docstring says why
def conv_input_gradient(dout, w, x_shape, stride, pad):
    """Return dx (N, C, H, W): w.T @ dout[n] gives the gradient of the columns, which are added up in place."""
    (N, C, H, W), (F, _, HH, WW), (oh, ow) = x_shape, w.shape, dout.shape[2:]
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=dout.dtype)
    rows = w.reshape(F, C * HH * WW).T  # (F, C, HH, WW) -> (C*HH*WW, F)
    for gradient, image in zip(dout, padded):
        columns = rows @ gradient.reshape(F, oh * ow)  # (C*HH*WW, oh*ow)
        columns = columns.reshape(C, HH, WW, oh, ow)  # (C*HH*WW, oh*ow) -> (C, HH, WW, oh, ow)
        for i, j in np.ndindex(HH, WW):
            image[:, i : i + stride * oh : stride, j : j + stride * ow : stride] += columns[:, i, j]
    return padded[:, :, pad : pad + H, pad : pad + W]


@np.errstate(invalid="ignore")  # as in cs231n.layers, whose docstring says why
def conv_weight_gradient(dout, x, w_shape, stride, pad):
    """Return dw (F, C, HH, WW), the sum of dout[n] @ columns of x[n] transposed, and db (F,)."""
    F, C, HH, WW = w_shape
    pixels = dout.shape[2] * dout.shape[3]
    dw = np.zeros((F, C * HH * WW), dtype=dout.dtype)
    for image, gradient in zip(x, dout):
        rows = gradient.reshape(F, pixels)  # (F, oh, ow) -> (F, oh*ow)
        dw += rows @ _columns(image, (HH, WW), stride, pad).T
    return dw.reshape(w_shape), dout.sum(axis=(0, 2, 3))  # (F, C*HH*WW) -> (F, C, HH, WW)


def _columns(image, window, stride, pad):
    """Return the windows of an image (C, H, W) as columns, (C*HH*WW, oh*ow)."""
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window, axis=(1, 2))[:, ::stride, ::stride]
    C, oh, ow, HH, WW = windows.shape
    # (C, oh, ow, HH, WW) -> (C, HH, WW, oh, ow) -> (C*HH*WW, oh*ow)
    return windows.transpose(0, 3, 4, 1, 2).reshape(C * HH * WW, oh * ow)


def max_pool_forward(x, height, width, stride):
    """Return out (N, C, oh, ow): one strided np.maximum for each pixel of the window."""
    out = np.full((*x.shape[:2], *_windows(x, height, width, stride)), -np.inf, dtype=x.dtype)
    for pixel in _window_pixels(height, width, stride, out.shape):
        np.maximum(out, x[pixel], out=out)
    return out


def max_pool_input_gradient(dout, x, height, width, stride):
    """Return dx (N, C, H, W): each gradient goes to the first maximum of its window."""
    out = max_pool_forward(x, height, width, stride)
    dx = np.zeros(x.shape, dtype=dout.dtype)
    waiting = np.ones(out.shape, dtype=bool)  # windows whose maximum has not been met yet
    for pixel in _window_pixels(height, width, stride, out.shape):
        hit = (x[pixel] == out) | np.isnan(x[pixel])  # NaN is the maximum of a window that holds one
        hit &= waiting
        waiting ^= hit
        dx[pixel] += np.where(hit, dout, 0)
    return dx


def _windows(x, height, width, stride):
    """Return how many windows fit into the images, vertically and horizontally."""
    return 1 + (x.shape[2] - height) // stride, 1 + (x.shape[3] - width) // stride


def _window_pixels(height, width, stride, out_shape):
    """Yield, in row order, the index of each pixel of the window in all windows of x at once."""
    for i, j in np.ndindex(height, width):
        rows = slice(i, i + stride * out_shape[2], stride)
        columns = slice(j, j + stride * out_shape[3], stride)
        yield slice(None), slice(None), rows, columns
