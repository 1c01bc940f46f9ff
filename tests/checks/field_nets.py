"""Right nets as strangers write them: whole classes pasted in, with the arguments and names of other years.

Registered in `field.FIELD`.
"""

import numpy as np

from cs231n import fast_layers, layer_utils, layers
from tests.checks.field import field

FULL = ("fully_connected_net", "fully_connected_net_layernorm", "fully_connected_net_dropout")
ALL = (*FULL, "fully_connected_net_batchnorm")


def softmax_with_its_gradient(scores, y):
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    probabilities = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)
    loss = -np.sum(np.log(probabilities[range(len(y)), list(y)])) / len(y)
    probabilities[range(len(y)), list(y)] -= 1
    return loss, probabilities / len(y)


class Beginning:
    """What the courses of several years gave: the arguments, the dicts of the layers, the mode."""

    def _begin(self, hidden_dims, keep, normalization, reg, dtype, seed):
        self.normalization, self.use_dropout = normalization, keep != 1
        self.reg, self.num_layers, self.dtype = reg, 1 + len(hidden_dims), dtype
        self.params = {}
        self.dropout_param = {"mode": "train", "p": keep} if self.use_dropout else {}
        if self.use_dropout and seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} if normalization == "batchnorm" else {} for _ in hidden_dims]

    def _prepare(self, X, y):
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        return X.astype(self.dtype)


class KeepRatio(Beginning):
    """The form of 2021 and later; the first hidden layer is taken for granted."""

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout_keep_ratio=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self._begin(hidden_dims, dropout_keep_ratio, normalization, reg, dtype, seed)
        self.params["W1"] = np.random.normal(0, weight_scale, (input_dim, hidden_dims[0]))
        self.params["b1"] = np.zeros(hidden_dims[0])
        for i in range(1, len(hidden_dims)):
            self.params["W" + str(i + 1)] = np.random.randn(hidden_dims[i - 1], hidden_dims[i]) * weight_scale
            self.params["b" + str(i + 1)] = np.zeros(hidden_dims[i])
        self.params["W" + str(self.num_layers)] = np.random.randn(hidden_dims[-1], num_classes) * weight_scale
        self.params["b" + str(self.num_layers)] = np.zeros(num_classes)
        if normalization is not None:
            for i, width in enumerate(hidden_dims):
                self.params["gamma" + str(i + 1)] = np.ones(width)
                self.params["beta" + str(i + 1)] = np.zeros(width)
        for name, value in self.params.items():
            self.params[name] = value.astype(dtype)

    def loss(self, X, y=None):
        X = self._prepare(X, y)
        L, out = self.num_layers, X
        self.caches = []
        for i in range(1, L):
            W, b = self.params[f"W{i}"], self.params[f"b{i}"]
            out, fc_cache = layers.affine_forward(out, W, b)
            norm_cache = drop_cache = None
            if self.normalization == "batchnorm":
                gamma, beta = self.params[f"gamma{i}"], self.params[f"beta{i}"]
                out, norm_cache = layers.batchnorm_forward(out, gamma, beta, self.bn_params[i - 1])
            elif self.normalization == "layernorm":
                gamma, beta = self.params[f"gamma{i}"], self.params[f"beta{i}"]
                out, norm_cache = layers.layernorm_forward(out, gamma, beta, self.bn_params[i - 1])
            out, relu_cache = layers.relu_forward(out)
            if self.use_dropout:
                out, drop_cache = layers.dropout_forward(out, self.dropout_param)
            self.caches.append((fc_cache, norm_cache, relu_cache, drop_cache))
        scores, last_cache = layers.affine_forward(out, self.params[f"W{L}"], self.params[f"b{L}"])
        if y is None:
            return scores
        loss, grads = 0.0, {}
        loss, dout = softmax_with_its_gradient(scores, y)
        dout, grads[f"W{L}"], grads[f"b{L}"] = layers.affine_backward(dout, last_cache)
        for i in reversed(range(1, L)):
            fc_cache, norm_cache, relu_cache, drop_cache = self.caches.pop()
            if self.use_dropout:
                dout = layers.dropout_backward(dout, drop_cache)
            dout = layers.relu_backward(dout, relu_cache)
            if self.normalization == "batchnorm":
                dout, dgamma, dbeta = layers.batchnorm_backward(dout, norm_cache)
                grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma, dbeta
            if self.normalization == "layernorm":
                dout, dgamma, dbeta = layers.layernorm_backward(dout, norm_cache)
                grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma, dbeta
            dout, grads[f"W{i}"], grads[f"b{i}"] = layers.affine_backward(dout, fc_cache)
        for i in range(1, L + 1):
            loss += 0.5 * self.reg * np.sum(np.square(self.params[f"W{i}"]))
            grads[f"W{i}"] += self.reg * self.params[f"W{i}"]
        return loss, grads


class DropoutOf2018(Beginning):
    """The form of 2018: `dropout`, dicts of caches, a penalty collected on the way, layers put together before."""

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
    ):
        self._begin(hidden_dims, dropout, normalization, reg, dtype, seed)
        sizes = [input_dim] + list(hidden_dims) + [num_classes]
        for layer in range(self.num_layers):
            shape = sizes[layer], sizes[layer + 1]
            self.params[f"W{layer + 1}"] = weight_scale * np.random.standard_normal(shape).astype(dtype)
            self.params[f"b{layer + 1}"] = np.zeros((sizes[layer + 1],), dtype=dtype)
            if self.normalization is not None and layer != self.num_layers - 1:
                self.params[f"gamma{layer + 1}"] = np.ones((sizes[layer + 1],), dtype=dtype)
                self.params[f"beta{layer + 1}"] = np.zeros((sizes[layer + 1],), dtype=dtype)

    def _forward(self, h, k):
        cache = {}
        h, cache["affine"] = layers.affine_forward(h, self.params[f"W{k}"], self.params[f"b{k}"])
        if self.normalization:
            norm = getattr(layers, f"{self.normalization}_forward")
            h, cache["norm"] = norm(h, self.params[f"gamma{k}"], self.params[f"beta{k}"], self.bn_params[k - 1])
        h, cache["relu"] = layers.relu_forward(h)
        if self.use_dropout:
            h, cache["dropout"] = layers.dropout_forward(h, self.dropout_param)
        return h, cache

    def _backward(self, dh, cache, k, grads):
        if "dropout" in cache:
            dh = layers.dropout_backward(dh, cache["dropout"])
        dh = layers.relu_backward(dh, cache["relu"])
        if "norm" in cache:
            ending = "_backward_alt" if self.normalization == "batchnorm" else "_backward"
            norm = getattr(layers, self.normalization + ending)
            dh, grads[f"gamma{k}"], grads[f"beta{k}"] = norm(dh, cache["norm"])
        dh, dW, db = layers.affine_backward(dh, cache["affine"])
        grads[f"W{k}"], grads[f"b{k}"] = dW + self.reg * self.params[f"W{k}"], db
        return dh

    def loss(self, X, y=None):
        h, caches, penalty = self._prepare(X, y), {}, 0
        for k in range(1, self.num_layers):
            h, caches[k] = self._forward(h, k)
            penalty += np.sum(self.params[f"W{k}"] * self.params[f"W{k}"])
        W, b = self.params[f"W{self.num_layers}"], self.params[f"b{self.num_layers}"]
        scores, cache = layers.affine_forward(h, W, b)
        if y is None:
            return scores
        loss, dscores = layers.softmax_loss(scores, y)
        loss += 0.5 * self.reg * (penalty + np.sum(W * W))
        grads = {}
        dh, dW, db = layers.affine_backward(dscores, cache)
        grads[f"W{self.num_layers}"], grads[f"b{self.num_layers}"] = dW + self.reg * W, db
        for k in range(self.num_layers - 1, 0, -1):
            dh = self._backward(dh, caches[k], k, grads)
        return loss, grads


class UseBatchnorm(Beginning):
    """The form of 2017, which knows no layer normalisation; nested caches, an activation for each layer."""

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=0,
        use_batchnorm=False,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self._begin(hidden_dims, dropout or 1, "batchnorm" if use_batchnorm else None, reg, dtype, seed)
        self.use_batchnorm = use_batchnorm
        dims = np.hstack([input_dim, hidden_dims, num_classes])
        for i in range(self.num_layers):
            self.params["W" + str(i + 1)] = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params["b" + str(i + 1)] = np.zeros(dims[i + 1])
            if use_batchnorm and i < self.num_layers - 1:
                self.params["gamma" + str(i + 1)] = np.ones(dims[i + 1])
                self.params["beta" + str(i + 1)] = np.zeros(dims[i + 1])

    def loss(self, X, y=None):
        a, caches = {"h0": self._prepare(X, y)}, {}
        for i in range(self.num_layers):
            W, b, last = self.params["W" + str(i + 1)], self.params["b" + str(i + 1)], i == self.num_layers - 1
            h = a["h" + str(i)]
            if last:
                h, caches[i] = layers.affine_forward(h, W, b)
            elif self.use_batchnorm:
                h, one = layers.affine_forward(h, W, b)
                gamma, beta = self.params["gamma" + str(i + 1)], self.params["beta" + str(i + 1)]
                h, two = layers.batchnorm_forward(h, gamma, beta, self.bn_params[i])
                h, three = layers.relu_forward(h)
                caches[i] = one, two, three
            else:
                h, caches[i] = layer_utils.affine_relu_forward(h, W, b)
            if self.use_dropout and not last:
                h, caches["dropout", i] = layers.dropout_forward(h, self.dropout_param)
            a["h" + str(i + 1)] = h
        if y is None:
            return h
        loss, dh = layers.softmax_loss(h, y)
        grads = {}
        for i in range(self.num_layers)[::-1]:
            name, last = str(i + 1), i == self.num_layers - 1
            if self.use_dropout and not last:
                dh = layers.dropout_backward(dh, caches["dropout", i])
            if last:
                dh, grads["W" + name], grads["b" + name] = layers.affine_backward(dh, caches[i])
            elif self.use_batchnorm:
                one, two, three = caches[i]
                dh = layers.relu_backward(dh, three)
                dh, grads["gamma" + name], grads["beta" + name] = layers.batchnorm_backward(dh, two)
                dh, grads["W" + name], grads["b" + name] = layers.affine_backward(dh, one)
            else:
                dh, grads["W" + name], grads["b" + name] = layer_utils.affine_relu_backward(dh, caches[i])
            loss = loss + self.reg / 2.0 * np.sum(self.params["W" + name] ** 2)
            grads["W" + name] = grads["W" + name] + self.reg * self.params["W" + name]
        return loss, grads


class InSinglePrecision(DropoutOf2018):
    """Everything is computed in float32, whatever dtype is asked for."""

    def _prepare(self, X, y):
        return super()._prepare(X, y).astype(np.float32)

    def _forward(self, h, k):
        h, cache = super()._forward(h.astype(np.float32), k)
        return h.astype(np.float32), cache


@field(*ALL)
def full_net_with_a_keep_ratio():
    return {"FullyConnectedNet": KeepRatio}


@field(*ALL)
def full_net_of_2018():
    return {"FullyConnectedNet": DropoutOf2018}


@field("fully_connected_net", "fully_connected_net_dropout", "fully_connected_net_batchnorm")
def full_net_of_2017():
    return {"FullyConnectedNet": UseBatchnorm}


@field(*ALL)
def full_net_in_single_precision():
    return {"FullyConnectedNet": InSinglePrecision}


# --- two layers ---------------------------------------------------------------------------------------------


class TwoLayers:
    """Affine - ReLU - affine, with layers called one by one."""

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params, self.reg = {}, reg
        self.params["W1"] = np.random.normal(loc=0.0, scale=weight_scale, size=(input_dim, hidden_dim))
        self.params["W2"] = np.random.normal(loc=0.0, scale=weight_scale, size=(hidden_dim, num_classes))
        self.params["b1"], self.params["b2"] = np.zeros(hidden_dim), np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        out1, cache1 = layers.affine_forward(X, W1, b1)
        out2, cache2 = layers.relu_forward(out1)
        scores, cache3 = layers.affine_forward(out2, W2, b2)
        if y is None:
            return scores
        loss, grads = 0, {}
        loss, dscores = layers.softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))
        dout2, dW2, db2 = layers.affine_backward(dscores, cache3)
        _, dW1, db1 = layers.affine_backward(layers.relu_backward(dout2, cache2), cache1)
        dW1 += self.reg * W1
        dW2 += self.reg * W2
        grads.update(W1=dW1, b1=db1, W2=dW2, b2=db2)
        return loss, grads


class TwoLayersWithRowsOfBiases(TwoLayers):
    """Biases are (1, H), and one more axis for the loss."""

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        super().__init__(input_dim, hidden_dim, num_classes, weight_scale, reg)
        self.params["W1"] = self.params["W1"].astype(np.float32)

    def loss(self, X, y=None):
        p = self.params
        rows = np.reshape(X, (X.shape[0], -1))
        before = np.dot(rows, p["W1"]) + p["b1"]
        hidden = before * (before > 0)
        scores = np.dot(hidden, p["W2"]) + p["b2"]
        if y is None:
            return scores
        loss, dscores = softmax_with_its_gradient(scores, y)
        loss = loss + 0.5 * self.reg * sum(np.linalg.norm(p[name], "fro") ** 2 for name in ("W1", "W2"))
        dbefore = np.dot(dscores, p["W2"].T)
        dbefore[before <= 0] = 0
        grads = {"W2": np.dot(hidden.T, dscores) + self.reg * p["W2"], "b2": dscores.sum(axis=0, keepdims=True)}
        grads |= {"W1": np.dot(rows.T, dbefore) + self.reg * p["W1"], "b1": dbefore.sum(axis=0, keepdims=True)}
        return np.array(loss), grads


class TwoLayersInSinglePrecision(TwoLayers):
    """What goes in is made float32, and what comes out is."""

    def loss(self, X, y=None):
        own, self.params = self.params, {name: value.astype(np.float32) for name, value in self.params.items()}
        try:
            return super().loss(X.astype(np.float32), y)
        finally:
            self.params = own


@field("two_layer_net")
def two_layers_in_single_precision():
    return {"TwoLayerNet": TwoLayersInSinglePrecision}


@field("two_layer_net")
def two_layers_one_by_one():
    return {"TwoLayerNet": TwoLayers}


@field("two_layer_net")
def two_layers_whose_bias_gradients_are_rows():
    return {"TwoLayerNet": TwoLayersWithRowsOfBiases}


# --- the conv net -------------------------------------------------------------------------------------------


class ConvNet:
    """The three-layer net; `_pooled` says how many units are left."""

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
        self.params, self.reg, self.dtype = {}, reg, dtype
        C, H, W = input_dim
        self.params["W1"] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params["b1"] = np.zeros(num_filters)
        units = self._pooled(num_filters, H, W)
        self.params["W2"] = np.random.normal(0, weight_scale, (units, hidden_dim))
        self.params["b2"] = np.zeros(hidden_dim)
        self.params["W3"] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
        self.params["b3"] = np.zeros(num_classes)
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def _pooled(self, F, H, W):
        return F * (H // 2) * (W // 2)

    def _convolve(self, X, pool_param):
        conv_param = {"stride": 1, "pad": (self.params["W1"].shape[2] - 1) // 2}
        return layer_utils.conv_relu_pool_forward(X, self.params["W1"], self.params["b1"], conv_param, pool_param)

    def _convolve_back(self, dout, cache):
        return layer_utils.conv_relu_pool_backward(dout, cache)

    def loss(self, X, y=None):
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        X1, cache1 = self._convolve(X, pool_param)
        X2, cache2 = layer_utils.affine_relu_forward(X1, self.params["W2"], self.params["b2"])
        scores, cache3 = layers.affine_forward(X2, self.params["W3"], self.params["b3"])
        if y is None:
            return scores
        loss, dscores = layers.softmax_loss(scores, y)
        grads = {}
        dX2, grads["W3"], grads["b3"] = layers.affine_backward(dscores, cache3)
        dX1, grads["W2"], grads["b2"] = layer_utils.affine_relu_backward(dX2, cache2)
        dX, grads["W1"], grads["b1"] = self._convolve_back(dX1, cache1)
        for name in ["W1", "W2", "W3"]:
            loss += 0.5 * self.reg * (self.params[name] ** 2).sum()
            grads[name] += self.reg * self.params[name]
        return loss, grads


class ConvNetByAQuarter(ConvNet):
    """F * H * W // 4 units, and the layers called one by one."""

    def _pooled(self, F, H, W):
        return F * H * W // 4

    def _convolve(self, X, pool_param):
        conv_param = {"stride": 1, "pad": (self.params["W1"].shape[2] - 1) // 2}
        a, conv = fast_layers.conv_forward_fast(X, self.params["W1"], self.params["b1"], conv_param)
        r, relu = layers.relu_forward(a)
        out, pool = fast_layers.max_pool_forward_fast(r, pool_param)
        return out.reshape(out.shape[0], -1), (conv, relu, pool, out.shape)

    def _convolve_back(self, dout, cache):
        conv, relu, pool, shape = cache
        dr = fast_layers.max_pool_backward_fast(dout.reshape(shape), pool)
        return fast_layers.conv_backward_fast(layers.relu_backward(dr, relu), conv)


class ConvNetByHalves(ConvNet):
    def _pooled(self, F, H, W):
        return int(F * (H / 2) * (W / 2))


class ConvNetOfEvenSizes(ConvNet):
    def _pooled(self, F, H, W):
        assert H % 2 == 0 and W % 2 == 0, "even sizes please"
        return int(F * H / 2 * W / 2)


@field("three_layer_conv_net")
def conv_net_with_sandwich_layers():
    return {"ThreeLayerConvNet": ConvNet}


@field("three_layer_conv_net", misses="odd_sizes")
def conv_net_with_a_quarter_of_the_units():
    return {"ThreeLayerConvNet": ConvNetByAQuarter}


@field("three_layer_conv_net", misses="odd_sizes")
def conv_net_with_halves():
    return {"ThreeLayerConvNet": ConvNetByHalves}


@field("three_layer_conv_net", misses="odd_sizes")
def conv_net_for_even_sizes():
    return {"ThreeLayerConvNet": ConvNetOfEvenSizes}
