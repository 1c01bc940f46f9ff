"""The ways to compute a convolution or a pool that are compared, each as a forward and a backward function.

A method has `forward(*arrays, param) -> (out, cache)` and `backward(dout, cache) -> gradients`.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from cs231n import fast_layers, layers

__all__ = ["CONVOLUTIONS", "NAIVE", "POOLS", "REFERENCE", "Method"]

REFERENCE = "torch"


@dataclasses.dataclass(frozen=True)
class Method:
    """A forward and a backward function, and how their arrays are made from NumPy's."""

    forward: Callable
    backward: Callable
    array: Callable = np.asarray  # for the inputs of forward
    upstream: Callable = np.asarray  # for dout


def _torch_array(array):
    return torch.from_numpy(array).requires_grad_()


def _torch_conv_forward(x, w, b, param):
    out = F.conv2d(x, w, b, stride=param["stride"], padding=param["pad"])
    return out, (out, (x, w, b))


def _torch_pool_forward(x, param):
    out = F.max_pool2d(x, (param["pool_height"], param["pool_width"]), stride=param["stride"])
    return out, (out, (x,))


def _torch_backward(dout, cache):
    out, inputs = cache
    return torch.autograd.grad(out, inputs, dout)


def _im2col_forward(x, w, b, param):
    """Convolve by one matrix product of the filters and a matrix of all windows, the classic way."""
    stride, pad = param["stride"], param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    N, C, oh, ow, HH, WW = windows.shape
    # (N, C, oh, ow, HH, WW) -> (C, HH, WW, N, oh, ow) -> (C*HH*WW, N*oh*ow)
    cols = windows.transpose(1, 4, 5, 0, 2, 3).reshape(C * HH * WW, N * oh * ow)
    out = w.reshape(len(w), len(cols)) @ cols + b[:, np.newaxis]  # (F, C*HH*WW) @ (C*HH*WW, N*oh*ow)
    out = out.reshape(len(w), N, oh, ow).transpose(1, 0, 2, 3)  # (F, N*oh*ow) -> (N, F, oh, ow)
    return np.ascontiguousarray(out), (x.shape, w, stride, pad, cols)


def _im2col_backward(dout, cache):
    """Multiply by the transposed matrices, and add the windows back onto the pixels they came from."""
    (N, C, H, W), w, stride, pad, cols = cache
    (F_, _, HH, WW), (oh, ow) = w.shape, dout.shape[2:]
    rows = dout.transpose(1, 0, 2, 3).reshape(F_, N * oh * ow)  # (N, F, oh, ow) -> (F, N*oh*ow)
    dcols = (w.reshape(F_, len(cols)).T @ rows).reshape(C, HH, WW, N, oh, ow)
    dpadded = np.zeros((C, N, H + 2 * pad, W + 2 * pad), dtype=dout.dtype)
    for i, j in np.ndindex(HH, WW):
        dpadded[:, :, i : i + stride * oh : stride, j : j + stride * ow : stride] += dcols[:, i, j]
    dx = dpadded[:, :, pad : pad + H, pad : pad + W].transpose(1, 0, 2, 3)  # (C, N, H, W) -> (N, C, H, W)
    return dx, (rows @ cols.T).reshape(w.shape), rows.sum(axis=1)


CONVOLUTIONS = {
    "torch": Method(_torch_conv_forward, _torch_backward, _torch_array, torch.from_numpy),
    "cs231n": Method(fast_layers.conv_forward_fast, fast_layers.conv_backward_fast),
    "im2col + BLAS": Method(_im2col_forward, _im2col_backward),
}
NAIVE = {"naive": Method(layers.conv_forward_naive, layers.conv_backward_naive)}
POOLS = {
    "torch": Method(_torch_pool_forward, _torch_backward, _torch_array, torch.from_numpy),
    "cs231n": Method(fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast),
}
