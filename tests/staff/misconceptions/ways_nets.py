"""Mistakes of the nets as strangers write them, on the classes of `field_nets`. Registered in `ways.WAYS`."""

import numpy as np

from cs231n import layers
from tests.checks import field_nets
from tests.checks.field_nets import softmax_with_its_gradient
from tests.staff.misconceptions.ways import way

TWO, FULL, LAYER, CONV = (
    "two_layer_net",
    "fully_connected_net",
    "fully_connected_net_layernorm",
    "three_layer_conv_net",
)
NETS = {
    TWO: (
        "TwoLayerNet",
        (field_nets.TwoLayers, field_nets.TwoLayersWithRowsOfBiases, field_nets.TwoLayersInSinglePrecision),
    ),
    FULL: ("FullyConnectedNet", (field_nets.KeepRatio, field_nets.DropoutOf2018, field_nets.InSinglePrecision)),
    CONV: ("ThreeLayerConvNet", (field_nets.ConvNet, field_nets.ConvNetByAQuarter)),
}
PREFIX = {TWO: "two-layer", FULL: "full-net", CONV: "conv-net"}


def ways(ending, exercise, change):
    """Register a change of each net of an exercise: `change(net)` returns a class."""
    class_name, nets = NETS[exercise]
    for net in nets:
        way(f"{PREFIX[exercise]}-{ending}", exercise, **{class_name: change(net)})


def weights(params):
    return sorted(name for name in params if name[0] == "W")


# --- the penalty --------------------------------------------------------------------------------------------


def penalised(in_loss, in_grads=None, of_loss=0.5, of_grads=1.0):
    """Return a change: another penalty in loss and gradients, of the names that two functions choose."""
    in_grads = in_grads or in_loss

    def change(net):
        class Penalised(net):
            def loss(self, X, y=None):
                reg, self.reg = self.reg, 0.0
                try:
                    result = super().loss(X, y)
                finally:
                    self.reg = reg
                if y is None:
                    return result
                loss, grads = result
                for name in in_loss(self.params):
                    loss = loss + of_loss * reg * np.sum(self.params[name] ** 2)
                for name in in_grads(self.params):
                    grads[name] = grads[name] + of_grads * reg * self.params[name]
                return loss, grads

        return Penalised

    return change


def biases_too(params):
    return sorted(params)


for _exercise in (TWO, FULL, CONV):
    ways("half-forgotten", _exercise, penalised(weights, of_loss=1.0))
    ways("half-forgotten-everywhere", _exercise, penalised(weights, of_loss=1.0, of_grads=2.0))
    ways("penalty-gradient-halved", _exercise, penalised(weights, of_grads=0.5))
    ways("penalty-gradient-doubled", _exercise, penalised(weights, of_grads=2.0))
    ways("penalty-on-biases", _exercise, penalised(biases_too))
    ways("no-penalty", _exercise, penalised(lambda params: ()))
    ways("no-penalty-gradient", _exercise, penalised(weights, lambda params: ()))
ways("penalty-on-first-layer-only", TWO, penalised(lambda params: weights(params)[:-1]))
ways("last-layer-not-penalised", FULL, penalised(lambda params: weights(params)[:-1]))
ways("last-layer-not-penalised", CONV, penalised(lambda params: weights(params)[:-1]))
ways("penalty-loss-misses-last-layer", FULL, penalised(lambda params: weights(params)[:-1], weights))
ways("penalty-gradient-not-in-every-layer", FULL, penalised(weights, lambda params: weights(params)[:-1]))
ways("filters-not-penalised", CONV, penalised(lambda params: weights(params)[1:]))
ways("filters-not-penalised", CONV, penalised(lambda params: weights(params)[1:], weights))
ways("filters-not-penalised", CONV, penalised(weights, lambda params: weights(params)[1:]))

# --- the start ----------------------------------------------------------------------------------------------


def started(choose, draw):
    """Return a change: the parameters that `choose` names start with what `draw(shape)` returns."""

    def change(net):
        class Started(net):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                for name in choose(self.params):
                    self.params[name] = draw(self.params[name].shape)

        return Started

    return change


def last(params):
    return weights(params)[-1:]


def biases(params):
    return sorted(name for name in params if name[0] == "b" and name[1].isdigit())


for _exercise in (TWO, FULL, CONV):
    ways("last-layer-not-scaled", _exercise, started(last, lambda shape: np.random.randn(*shape)))
    ways("last-layer-not-scaled", _exercise, started(last, lambda shape: 1e-3 * np.random.randn(*shape)))
    ways(
        "last-layer-not-scaled", _exercise, started(last, lambda shape: np.random.randn(*shape) / shape[0] ** 0.5)
    )
    ways("last-layer-not-scaled", _exercise, started(last, lambda shape: np.random.normal(0, 0.01, shape)))
    ways("random-biases", _exercise, started(biases, lambda shape: 0.01 * np.random.randn(*shape)))
    ways("random-biases", _exercise, started(biases, lambda shape: np.random.randn(*shape)))
    ways("random-biases", _exercise, started(biases, lambda shape: np.random.uniform(size=shape)))

# --- scores and loss ----------------------------------------------------------------------------------------


def summed(net):
    class Summed(net):
        def loss(self, X, y=None):
            result = super().loss(X, y)
            if y is None:
                return result
            loss, grads = result
            penalty = 0.5 * self.reg * sum(np.sum(self.params[name] ** 2) for name in weights(self.params))
            for name, gradient in grads.items():
                pull = self.reg * self.params[name] if name[0] == "W" else 0.0
                grads[name] = (gradient - pull) * len(X) + pull
            return (loss - penalty) * len(X) + penalty, grads

    return Summed


for _exercise in (TWO, FULL, CONV):
    ways("loss-summed", _exercise, summed)


class TwoRectified(field_nets.TwoLayers):
    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        out1, cache1 = layers.affine_forward(X, W1, b1)
        out2, cache2 = layers.relu_forward(out1)
        out3, cache3 = layers.affine_forward(out2, W2, b2)
        scores, cache4 = layers.relu_forward(out3)
        if y is None:
            return scores
        loss, dscores = softmax_with_its_gradient(scores, y)
        dout2, dW2, db2 = layers.affine_backward(layers.relu_backward(dscores, cache4), cache3)
        _, dW1, db1 = layers.affine_backward(layers.relu_backward(dout2, cache2), cache1)
        loss += 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))
        return loss, {"W1": dW1 + self.reg * W1, "W2": dW2 + self.reg * W2, "b1": db1, "b2": db2}


class FullRectified(field_nets.DropoutOf2018):
    """The last layer goes through the same sandwich as all others."""

    def loss(self, X, y=None):
        h, caches, L = self._prepare(X, y), {}, self.num_layers
        normalization, self.normalization = self.normalization, None
        for k in range(1, L + 1):
            h, caches[k] = self._forward(h, k)
        self.normalization = normalization
        if y is None:
            return h
        loss, dh = layers.softmax_loss(h, y)
        grads = {}
        for k in range(L, 0, -1):
            loss += 0.5 * self.reg * np.sum(self.params[f"W{k}"] ** 2)
            dh = self._backward(dh, caches[k], k, grads)
        return loss, grads


way("two-layer-scores-rectified", TWO, TwoLayerNet=TwoRectified)
way("full-net-scores-rectified", FULL, FullyConnectedNet=FullRectified)


class FullRectifiedInSinglePrecision(FullRectified):
    """float32 for whoever asks for scores."""

    def loss(self, X, y=None):
        result = super().loss(X, y)
        return result.astype(np.float32) if y is None else result


way("full-net-scores-rectified", FULL, FullyConnectedNet=FullRectifiedInSinglePrecision)


def without_shift(scores, y):
    exp = np.exp(scores)
    p = exp / exp.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).sum() / len(y)
    p[np.arange(len(y)), y] -= 1
    return loss, p / len(y)


def without_shift_in_a_loop(scores, y):
    loss, d = 0.0, np.zeros(scores.shape)
    for n, label in enumerate(y):
        e = np.exp(scores[n])
        loss -= np.log(e[label] / np.sum(e))
        d[n] = e / np.sum(e)
        d[n, label] -= 1
    return loss / len(y), d / len(y)


def without_shift_by_logarithms(scores, y):
    total = np.sum(np.exp(scores), axis=1)
    loss = np.mean(np.log(total) - scores[range(len(y)), y])
    d = np.exp(scores) / total[:, None]
    d[range(len(y)), y] -= 1.0
    return loss, d / scores.shape[0]


def with_softmax(softmax):
    """Return a change: the net has a softmax of its own."""

    def change(net):
        class Unshifted(net):
            def loss(self, X, y=None):
                before = layers.softmax_loss, field_nets.softmax_with_its_gradient
                layers.softmax_loss = field_nets.softmax_with_its_gradient = softmax
                try:
                    with np.errstate(all="ignore"):
                        return super().loss(X, y)
                finally:
                    layers.softmax_loss, field_nets.softmax_with_its_gradient = before

        return Unshifted

    return change


for _exercise in (TWO, FULL, CONV):
    for _softmax in (without_shift, without_shift_in_a_loop, without_shift_by_logarithms):
        ways("softmax-without-shift", _exercise, with_softmax(_softmax))

# --- layer normalisation in the net -------------------------------------------------------------------------


class WithoutParameters(field_nets.DropoutOf2018):
    """The condition knows batch normalisation alone, where the parameters start."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.normalization == "layernorm":
            self.params = {k: v for k, v in self.params.items() if not k.startswith(("gamma", "beta"))}


class WithoutParametersAnywhere(WithoutParameters):
    """Scale and shift are ones and zeros, and their gradients go nowhere."""

    def loss(self, X, y=None):
        if self.normalization != "layernorm":
            return super().loss(X, y)
        own = dict(self.params)
        for k in range(1, self.num_layers):
            units = self.params[f"W{k}"].shape[1]
            self.params |= {f"gamma{k}": np.ones(units), f"beta{k}": np.zeros(units)}
        result = super().loss(X, y)
        self.params = own
        if y is None:
            return result
        return result[0], {k: v for k, v in result[1].items() if k[0] in "Wb" and k[1].isdigit()}


class WithoutParametersOf2021(field_nets.KeepRatio):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in list(self.params):
            if self.normalization == "layernorm" and name.startswith(("gamma", "beta")):
                del self.params[name]


for _net in (WithoutParameters, WithoutParametersAnywhere, WithoutParametersOf2021):
    way("layernorm-net-without-scale-and-shift", LAYER, FullyConnectedNet=_net)


class BatchnormCalled(field_nets.DropoutOf2018):
    """One function for both kinds of normalisation: that of batch normalisation."""

    def _forward(self, h, k):
        kind, self.normalization = self.normalization, self.normalization and "batchnorm"
        try:
            return super()._forward(h, k)
        finally:
            self.normalization = kind


class BatchnormCalledOf2021(field_nets.KeepRatio):
    def loss(self, X, y=None):
        kind, self.normalization = self.normalization, self.normalization and "batchnorm"
        try:
            return super().loss(X, y)
        finally:
            self.normalization = kind

    def _prepare(self, X, y):
        return X.astype(self.dtype)


class BatchnormCalledWithoutKeys(BatchnormCalled):
    def _prepare(self, X, y):
        X = super()._prepare(X, y)
        for bn_param in self.bn_params:
            if self.normalization == "layernorm":
                bn_param.clear()
        return X


for _net in (BatchnormCalled, BatchnormCalledOf2021, BatchnormCalledWithoutKeys):
    way("layernorm-net-batchnorms-dict", LAYER, FullyConnectedNet=_net)


def in_one_mode(when):
    """Return nets that normalise only if `when(y)`."""

    def change(net):
        class Partly(net):
            def loss(self, X, y=None):
                kind = self.normalization
                if kind == "layernorm" and not when(y):
                    self.normalization = None
                try:
                    result = super().loss(X, y)
                finally:
                    self.normalization = kind
                return result

        return Partly

    return change


for _net in (field_nets.KeepRatio, field_nets.DropoutOf2018, field_nets.InSinglePrecision):
    way("layernorm-net-only-in-training", LAYER, FullyConnectedNet=in_one_mode(lambda y: y is not None)(_net))
    way("layernorm-net-only-for-scores", LAYER, FullyConnectedNet=in_one_mode(lambda y: y is None)(_net))
