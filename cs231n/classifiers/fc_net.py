"""Fully connected networks: two layers, and any number of them."""

import numpy as np

from cs231n import results as _results
from cs231n import validation as _valid
from cs231n.fast_layers import *  # noqa: F403 - for older notebooks, see below
from cs231n.layer_utils import *  # noqa: F403
from cs231n.layer_utils import affine_relu_backward, affine_relu_forward
from cs231n.layers import *  # noqa: F403
from cs231n.layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward_alt,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
)

# With the star imports, `from cs231n.classifiers.fc_net import *` gives a notebook every layer, including those
# that a student adds to layers.py. The other imports list what this module itself uses.


class TwoLayerNet:
    """Affine - ReLU - affine - softmax, in float64.

    Args:
        input_dim: D, number of features.
        hidden_dim: H, number of hidden units.
        num_classes: C.
        weight_scale: standard deviation of the initial weights; biases start at zero.
        reg: strength of the L2 penalty, 0.5 * reg * sum(W**2) over both weight matrices.

    Attributes:
        params: W1 (D, H), b1 (H,), W2 (H, C), b2 (C,).

    Raises:
        ValueError: a size or number out of range.

    Source: CS231n lecture 4, "Neural networks".
    """

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        input_dim = _valid.integer("input_dim", input_dim, 1)
        hidden_dim = _valid.integer("hidden_dim", hidden_dim, 1)
        num_classes = _valid.integer("num_classes", num_classes, 1)
        weight_scale = _valid.real("weight_scale", weight_scale, low=0)
        self.params = {}
        self.reg = reg
        ### BEGIN SOLUTION
        self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)
        ### END SOLUTION
        self.params = _results.like(self.params, np.float64)

    def loss(self, X, y=None):
        """Return the scores, or the loss and its gradients.

        Args:
            X: minibatch, shape (N, d1, ..., dk) with d1 * ... * dk = D.
            y: labels, shape (N,), or None.

        Returns:
            without y: scores, shape (N, C).
            with y: loss, a number, and grads, a dict with the keys of params.

        Raises:
            ValueError: wrong shape, dtype or label.
        """
        X = _valid.numbers("X", X).astype(np.float64, copy=False)
        ### BEGIN SOLUTION
        hidden, hidden_cache = affine_relu_forward(X, self.params["W1"], self.params["b1"])
        scores, scores_cache = affine_forward(hidden, self.params["W2"], self.params["b2"])
        ### END SOLUTION
        if y is None:
            return _results.like(scores, X)
        reg, grads = _valid.real("reg", self.reg), {}
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)
        for name in ("W1", "W2"):
            W = self.params[name]
            loss += 0.5 * reg * np.sum(W * W)
            grads[name] += reg * W
        ### END SOLUTION
        return _results.like(loss, X), _results.like(grads, X)


class FullyConnectedNet:
    """{Affine - [batch or layer norm] - ReLU - [dropout]} x (L - 1) - affine - softmax.

    Args:
        hidden_dims: sizes of the hidden layers, a list of L - 1 integers.
        input_dim: D, number of features.
        num_classes: C.
        dropout: probability of keeping a hidden unit; 1 means no dropout.
        normalization: None, 'batchnorm' or 'layernorm'.
        reg: strength of the L2 penalty, 0.5 * reg * sum(W**2) over all weight matrices.
        weight_scale: standard deviation of the initial weights; biases and beta start at 0, gamma at 1.
        dtype: of the parameters and of the computation, np.float32 or np.float64.
        seed: makes each call draw the same dropout masks, as gradient checks need; None draws new ones.
        dropout_keep_ratio: another name for dropout.

    Attributes:
        params: W1, b1, ..., WL, bL; with normalisation also gamma1, beta1, ... for all but the last layer.
        num_layers: L.
        normalization, reg, dtype: as given.
        use_dropout: whether dropout is less than 1.
        dropout_param: one dict for all dropout layers, empty without dropout.
        bn_params: a list with one dict for each hidden layer, empty without normalisation.

    Raises:
        ValueError: a size or number is out of range, a name is unknown, or both dropout and dropout_keep_ratio are
            given.

    Source: CS231n lectures 4 and 6.
    """

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
        *,
        dropout_keep_ratio=None,
    ):
        if dropout_keep_ratio is not None:
            if dropout != 1:
                raise ValueError(
                    f"dropout is {dropout!r} and dropout_keep_ratio is {dropout_keep_ratio!r}, expected only one "
                    "of them: they are two names for the same probability"
                )
            dropout = dropout_keep_ratio
        keep = _valid.real("dropout", dropout)
        if not 0 < keep <= 1:
            raise ValueError(f"dropout is {dropout!r}, expected the probability of keeping a unit, 0 < p <= 1")
        self.normalization = _valid.option("normalization", normalization, (None, "batchnorm", "layernorm"))
        self.use_dropout = keep != 1
        self.reg = reg
        hidden_dims = _valid.sizes("hidden_dims", hidden_dims)
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = _valid.float_dtype("dtype", dtype)
        self.params = {}
        input_dim = _valid.integer("input_dim", input_dim, 1)
        num_classes = _valid.integer("num_classes", num_classes, 1)
        dims = [input_dim, *hidden_dims, num_classes]
        weight_scale = _valid.real("weight_scale", weight_scale, low=0)
        ### BEGIN SOLUTION
        for i, (fan_in, fan_out) in enumerate(zip(dims, dims[1:]), start=1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(fan_in, fan_out)
            self.params[f"b{i}"] = np.zeros(fan_out)
            if self.normalization and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(fan_out)
                self.params[f"beta{i}"] = np.zeros(fan_out)
        ### END SOLUTION
        self.params = _results.like(self.params, self.dtype)

        # The dropout layers share one dict; each normalisation layer has its own. The dicts keep the mode, the
        # seed and the running statistics from one call to the next.
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": keep}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        elif self.normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]

    def loss(self, X, y=None):
        """Return the scores, or the loss and its gradients.

        Args:
            X: minibatch, shape (N, d1, ..., dk) with d1 * ... * dk = D.
            y: labels, shape (N,), or None.

        Returns:
            without y: scores in test mode, shape (N, C).
            with y: loss, a number, and grads, a dict with the keys of params, in train mode.

        Raises:
            ValueError: wrong shape, dtype or label.
        """
        X = _valid.numbers("X", X).astype(self.dtype, copy=False)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        params, last = self.params, self.num_layers
        ### BEGIN SOLUTION
        h, caches = X, {}
        for i in range(1, last):
            h, caches["affine", i] = affine_forward(h, params[f"W{i}"], params[f"b{i}"])
            if self.normalization:
                norm_forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
                h, caches["norm", i] = norm_forward(
                    h, params[f"gamma{i}"], params[f"beta{i}"], self.bn_params[i - 1]
                )
            h, caches["relu", i] = relu_forward(h)
            if self.use_dropout:
                h, caches["dropout", i] = dropout_forward(h, self.dropout_param)
        scores, caches["affine", last] = affine_forward(h, params[f"W{last}"], params[f"b{last}"])
        ### END SOLUTION
        if y is None:
            return _results.like(scores, X)
        reg, grads = _valid.real("reg", self.reg), {}
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dh, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches["affine", last])
        for i in range(last - 1, 0, -1):
            if self.use_dropout:
                dh = dropout_backward(dh, caches["dropout", i])
            dh = relu_backward(dh, caches["relu", i])
            if self.normalization:
                norm_backward = batchnorm_backward_alt if self.normalization == "batchnorm" else layernorm_backward
                dh, grads[f"gamma{i}"], grads[f"beta{i}"] = norm_backward(dh, caches["norm", i])
            if i > 1:
                dh, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dh, caches["affine", i])
            else:  # the gradient of X would take as long as that of W1, and nobody needs it
                with np.errstate(invalid="ignore"):
                    grads["W1"], grads["b1"] = X.reshape(len(X), len(params["W1"])).T @ dh, dh.sum(axis=0)
        for i in range(1, last + 1):
            W = params[f"W{i}"]
            loss += 0.5 * reg * np.sum(W * W)
            grads[f"W{i}"] += reg * W
        ### END SOLUTION
        return _results.like(loss, X), _results.like(grads, X)
