"""Sandwich layers: for each frequent sequence of layers, one forward and one backward function."""

from cs231n.fast_layers import (
    conv_backward_fast,
    conv_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)
from cs231n.layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)

__all__ = [
    "affine_relu_backward",
    "affine_relu_forward",
    "conv_bn_relu_backward",
    "conv_bn_relu_forward",
    "conv_relu_backward",
    "conv_relu_forward",
    "conv_relu_pool_backward",
    "conv_relu_pool_forward",
]


def affine_relu_forward(x, w, b):
    """Affine, then ReLU.

    Args: as in affine_forward.

    Returns:
        out: shape (N, M).
        cache: what affine_relu_backward needs.
    """
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Backward pass of affine_relu_forward.

    Returns:
        dx, dw, db: as in affine_backward.
    """
    affine_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, affine_cache)


def conv_relu_forward(x, w, b, conv_param):
    """Convolution, then ReLU.

    Args: as in conv_forward_fast.

    Returns:
        out: shape (N, F, H', W').
        cache: what conv_relu_backward needs.
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache, *, input_grad=True):
    """Backward pass of conv_relu_forward.

    Returns:
        dx, dw, db: as in conv_backward_fast; dx is None if input_grad is False.
    """
    conv_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return conv_backward_fast(da, conv_cache, input_grad=input_grad)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """Convolution, then spatial batch normalisation, then ReLU.

    Args: as in conv_forward_fast and spatial_batchnorm_forward.

    Returns:
        out: shape (N, F, H', W').
        cache: what conv_bn_relu_backward needs.
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    normalised, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normalised)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout, cache, *, input_grad=True):
    """Backward pass of conv_bn_relu_forward.

    Returns:
        dx, dw, db: as in conv_backward_fast; dx is None if input_grad is False.
        dgamma, dbeta: as in spatial_batchnorm_backward.
    """
    conv_cache, bn_cache, relu_cache = cache
    dnormalised = relu_backward(dout, relu_cache)
    da, dgamma, dbeta = spatial_batchnorm_backward(dnormalised, bn_cache)
    dx, dw, db = conv_backward_fast(da, conv_cache, input_grad=input_grad)
    return dx, dw, db, dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """Convolution, then ReLU, then max pooling.

    Args: as in conv_forward_fast and max_pool_forward_fast.

    Returns:
        out: shape (N, F, H'', W'').
        cache: what conv_relu_pool_backward needs.
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    rectified, relu_cache = relu_forward(a)
    out, pool_cache = max_pool_forward_fast(rectified, pool_param)
    return out, (conv_cache, relu_cache, pool_cache)


def conv_relu_pool_backward(dout, cache, *, input_grad=True):
    """Backward pass of conv_relu_pool_forward.

    Returns:
        dx, dw, db: as in conv_backward_fast; dx is None if input_grad is False.
    """
    conv_cache, relu_cache, pool_cache = cache
    drectified = max_pool_backward_fast(dout, pool_cache)
    da = relu_backward(drectified, relu_cache)
    return conv_backward_fast(da, conv_cache, input_grad=input_grad)
