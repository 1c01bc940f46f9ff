"""A convolutional network of three layers."""

import numpy as np

from cs231n import results as _results
from cs231n import validation as _valid
from cs231n.fast_layers import *  # noqa: F403 - for older notebooks, as in fc_net
from cs231n.layer_utils import *  # noqa: F403
from cs231n.layer_utils import (
    affine_relu_backward,
    affine_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from cs231n.layers import *  # noqa: F403
from cs231n.layers import affine_backward, affine_forward, softmax_loss


class ThreeLayerConvNet:
    """Conv - ReLU - 2x2 max pool - affine - ReLU - affine - softmax.

    The convolution has stride 1 and pad (filter_size - 1) // 2. If filter_size is odd, its output has the height
    and width of the image.

    Args:
        input_dim: (C, H, W) of an image.
        num_filters: F, filters of the convolution.
        filter_size: height and width of the filters, in pixels.
        hidden_dim: M, units of the hidden affine layer.
        num_classes: number of scores.
        weight_scale: standard deviation of the initial weights; biases start at zero.
        reg: strength of the L2 penalty, 0.5 * reg * sum(W**2) over W1, W2 and W3.
        dtype: of the parameters and of the computation, np.float32 or np.float64.

    Attributes:
        params: W1 (F, C, filter_size, filter_size), b1 (F,), W2 (F * H' * W', M), b2 (M,), W3 (M, num_classes),
            b3 (num_classes,); H' and W' are height and width after the max pool.
        conv_param, pool_param: settings of the convolution and of the max pool.
        reg, dtype: as given.

    Raises:
        ValueError: a size or number is out of range, or the image is too small for the filter or the max pool.

    Source: CS231n lecture 5, "Convolutional neural networks".
    """

    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        num_filters = _valid.integer("num_filters", num_filters, 1)
        filter_size = _valid.integer("filter_size", filter_size, 1)
        hidden_dim = _valid.integer("hidden_dim", hidden_dim, 1)
        num_classes = _valid.integer("num_classes", num_classes, 1)
        weight_scale = _valid.real("weight_scale", weight_scale, low=0)
        self.params = {}
        self.reg = reg
        self.dtype = _valid.float_dtype("dtype", dtype)
        self.conv_param = {"stride": 1, "pad": (filter_size - 1) // 2}
        self.pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        C, pooled_height, pooled_width = _pooled_dim(input_dim, filter_size, self.conv_param, self.pool_param)
        ### BEGIN SOLUTION
        pooled_size = num_filters * pooled_height * pooled_width
        self.params["W1"] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params["b1"] = np.zeros(num_filters)
        self.params["W2"] = weight_scale * np.random.randn(pooled_size, hidden_dim)
        self.params["b2"] = np.zeros(hidden_dim)
        self.params["W3"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b3"] = np.zeros(num_classes)
        ### END SOLUTION
        self.params = _results.like(self.params, self.dtype)

    def loss(self, X, y=None):
        """Return the scores, or the loss and its gradients.

        Args:
            X: images, shape (N, C, H, W).
            y: labels, shape (N,), or None.

        Returns:
            without y: scores, shape (N, num_classes).
            with y: loss, a number, and grads, a dict with the keys of params.

        Raises:
            ValueError: wrong shape, dtype or label.
        """
        X = _valid.numbers("X", X).astype(self.dtype, copy=False)
        params, conv_param, pool_param = self.params, self.conv_param, self.pool_param
        ### BEGIN SOLUTION
        pooled, conv_cache = conv_relu_pool_forward(X, params["W1"], params["b1"], conv_param, pool_param)
        hidden, hidden_cache = affine_relu_forward(pooled, params["W2"], params["b2"])
        scores, scores_cache = affine_forward(hidden, params["W3"], params["b3"])
        ### END SOLUTION
        if y is None:
            return _results.like(scores, X)
        reg, grads = _valid.real("reg", self.reg), {}
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads["W3"], grads["b3"] = affine_backward(dscores, scores_cache)
        dpooled, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, hidden_cache)
        # Nothing is trained below the first layer, so its input needs no gradient.
        _, grads["W1"], grads["b1"] = conv_relu_pool_backward(dpooled, conv_cache, input_grad=False)
        for name in ("W1", "W2", "W3"):
            W = params[name]
            loss += 0.5 * reg * np.sum(W * W)
            grads[name] += reg * W
        ### END SOLUTION
        return _results.like(loss, X), _results.like(grads, X)


def _pooled_dim(input_dim, filter_size, conv_param, pool_param):
    """Return (C, H', W'): the channels of an image, and height and width after convolution and pooling."""
    if len(_valid.sizes("input_dim", input_dim)) != 3:
        raise ValueError(f"input_dim is {input_dim!r}, expected (C, H, W)")
    C = input_dim[0]
    names = ("filter_size", "filter_size", "pad")
    window = (filter_size, filter_size, conv_param["pad"], conv_param["stride"])
    *_, height, width = _valid.window((1, *input_dim), *window, names)
    if height < pool_param["pool_height"] or width < pool_param["pool_width"]:
        raise ValueError(
            f"input_dim is {input_dim!r}: after the convolution it is {height} x {width}, too small for the "
            f"{pool_param['pool_height']} x {pool_param['pool_width']} max pool"
        )
    window = (pool_param["pool_height"], pool_param["pool_width"], 0, pool_param["stride"])
    *_, height, width = _valid.window((1, C, height, width), *window)
    return C, height, width
