"""Right solutions as strangers write them: whole functions pasted in, without our given lines and in float64.

`FIELD` maps a name to an Alternative. Where a detail costs points, the entry says which checks miss and why.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from cs231n import layers
from tests.checks import subjects

FIELD = {}
LEAST = 0.8  # the share of the points that the core earns


@dataclasses.dataclass(frozen=True)
class Alternative:
    """A right solution.

    Attributes:
        exercises: what it solves.
        make: returns the modules of the subject.
        misses: the details that it misses, names of checks.
        share: the least share of the points that it should earn.
    """

    exercises: tuple[str, ...]
    make: Callable
    misses: tuple[str, ...]
    share: float


def field(*exercises, misses=""):
    """Register a function that returns name -> function, or class, to replace in the module of the exercises."""
    module, _ = subjects.place(exercises[0])

    def register(make):
        assert make.__name__ not in FIELD, f"there are two {make.__name__}"
        FIELD[make.__name__] = Alternative(
            exercises,
            lambda: {module: subjects.replaced(module, **make())},
            tuple(misses.split()),
            LEAST if misses else 1.0,
        )
        return make

    return register


# --- affine and relu ----------------------------------------------------------------------------------------

AFFINE = ("affine_forward", "affine_backward")
RELU = ("relu_forward", "relu_backward")


def _affine(forward, backward):
    return lambda: {"affine_forward": forward, "affine_backward": backward}


def _affine_out(x, w, b):
    return np.dot(x.reshape(x.shape[0], -1), w) + b, (x, w, b)


def _affine_in_loops(dout, cache):
    x, w, b = cache
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    for i in range(x.shape[0]):
        dx[i] = np.dot(dout[i], w.T).reshape(x.shape[1:])
        dw += np.outer(x[i].flatten(), dout[i])
        db += dout[i]
    return dx, dw, db


def _affine_by_ones(dout, cache):
    x, w, _ = cache
    flat = np.reshape(x, (x.shape[0], np.prod(x.shape[1:])))
    return np.reshape(dout.dot(w.T), x.shape), flat.T.dot(dout), np.ones(len(dout)).dot(dout)


def _affine_in_float64(dout, cache):
    x, w, _ = (part.astype("float64") for part in cache)
    return np.matmul(dout, w.T).reshape(*x.shape), np.matmul(x.reshape(len(x), -1).T, dout), np.sum(dout, 0)


for _name, _backward in {
    "affine_example_by_example": _affine_in_loops,
    "affine_with_a_row_of_ones": _affine_by_ones,
    "affine_in_float64": _affine_in_float64,
}.items():
    _made = _affine(_affine_out, _backward)
    _made.__name__ = _name
    field(*AFFINE)(_made)


@field(*AFFINE)
def affine_with_a_bias_in_the_matrix():
    def affine_forward(x, w, b):
        flat = np.hstack([x.reshape(len(x), -1), np.ones((len(x), 1))])
        return flat @ np.vstack([w, b[None]]), (flat, w, x.shape)

    def affine_backward(dout, cache):
        flat, w, shape = cache
        both = flat.T @ dout
        return (dout @ w.T).reshape(shape), both[:-1], both[-1]

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@field("relu_backward", misses="dout_kept")
def relu_backward_in_place():
    def relu_backward(dout, cache):
        dout[cache <= 0] = 0
        dx = dout
        return dx

    return {"relu_backward": relu_backward}


@field("relu_backward", misses="zero_at_the_kink")
def relu_backward_that_passes_at_zero():
    return {"relu_backward": lambda dout, cache: dout * (cache >= 0)}


@field(*RELU, misses="inputs_kept")
def relu_in_place():
    def relu_forward(x):
        x[x < 0] = 0
        return x, x

    return {"relu_forward": relu_forward, "relu_backward": lambda dout, x: np.where(x > 0, dout, 0)}


@field(*RELU)
def relu_as_a_product_with_float64():
    def relu_forward(x):
        return x * (x > 0).astype(float), x

    return {"relu_forward": relu_forward, "relu_backward": lambda dout, x: (x > 0).astype(float) * dout}


@field(*RELU)
def relu_in_loops_over_all_numbers():
    def relu_forward(x):
        out = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            out[place] = x[place] if x[place] > 0 else 0.0
        return out, x

    def relu_backward(dout, x):
        dx = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            if x[place] > 0:
                dx[place] = dout[place]
        return dx

    return {"relu_forward": relu_forward, "relu_backward": relu_backward}


@field(*RELU)
def relu_by_a_sign():
    return {
        "relu_forward": lambda x: ((np.abs(x) + x) / 2.0, x),
        "relu_backward": lambda dout, x: np.multiply(dout, np.heaviside(x, 0.0)),
    }


# --- normalisation ------------------------------------------------------------------------------------------

BATCHNORM = ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt")


def _graph(dout, cache):
    xhat, gamma, centred, inverse, std, var, eps = cache
    N = dout.shape[0]
    dxhat = dout * gamma
    dinverse = np.sum(dxhat * centred, axis=0)
    dvar = 0.5 / np.sqrt(var + eps) * (-1.0 / std**2) * dinverse
    dcentred = dxhat * inverse + 2 * centred * (1.0 / N * np.ones(dout.shape) * dvar)
    dx = dcentred + 1.0 / N * np.ones(dout.shape) * (-np.sum(dcentred, axis=0))
    return dx, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def _closed(dout, cache):
    xhat, gamma, _, inverse = cache[:4]
    N = dout.shape[0]
    dxhat = dout * gamma
    dx = inverse / N * (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def _batchnorm(kept=lambda mean, var, eps: (mean, var), backward=_graph, alt=_closed):
    def batchnorm_forward(x, gamma, beta, bn_param):
        eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
        running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
        running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
        if bn_param["mode"] == "train":
            mean = x.mean(axis=0)
            centred = x - mean
            var = np.mean(centred**2, axis=0)
            std = np.sqrt(var + eps)
            inverse = 1.0 / std
            xhat = centred * inverse
            out, cache = gamma * xhat + beta, (xhat, gamma, centred, inverse, std, var, eps)
            new_mean, new_var = kept(mean, var, eps)
            running_mean = momentum * running_mean + (1 - momentum) * new_mean
            running_var = momentum * running_var + (1 - momentum) * new_var
        else:
            out, cache = gamma * ((x - running_mean) / np.sqrt(running_var + eps)) + beta, None
        bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
        return out, cache

    functions = (batchnorm_forward, backward, alt)
    return lambda: dict(zip(BATCHNORM, functions))


def _in_rows(backward):
    def rows(dout, cache):
        dx, dgamma, dbeta = backward(dout, cache)
        return dx, dgamma.reshape(1, -1), dbeta.reshape(1, -1)

    return rows


def _spoiling(backward):
    def spoils(dout, cache):
        found = backward(dout, cache)
        cache[0][...] = 0
        return found

    return spoils


for _name, _made, _misses in (
    ("batchnorm_node_by_node", _batchnorm(), ""),
    ("batchnorm_with_one_formula_for_both", _batchnorm(backward=_closed), ""),
    ("batchnorm_that_writes_into_its_cache", _batchnorm(backward=_spoiling(_graph)), "cache_kept"),
    ("batchnorm_alt_that_writes_into_its_cache", _batchnorm(alt=_spoiling(_closed)), "cache_kept"),
):
    _made.__name__ = _name
    field(*BATCHNORM, misses=_misses)(_made)


LAYERNORM = ("layernorm_forward", "layernorm_backward")


def _layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mean, var = x.T.mean(axis=0), x.T.var(axis=0)
    xhat = ((x.T - mean) / np.sqrt(var + eps)).T
    return xhat * gamma + beta, (xhat, gamma, np.sqrt(var + eps))


def _layernorm_backward(dout, cache):
    xhat, gamma, std = cache
    dxhat, D = (dout * gamma).T, dout.shape[1]
    dx = (D * dxhat - dxhat.sum(axis=0) - xhat.T * (dxhat * xhat.T).sum(axis=0)) / D / std
    return dx.T, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


@field(*LAYERNORM)
def layernorm_on_the_transpose():
    return {"layernorm_forward": _layernorm_forward, "layernorm_backward": _layernorm_backward}


@field(*LAYERNORM)
def layernorm_one_row_at_a_time():
    def layernorm_forward(x, gamma, beta, ln_param):
        out, xhat, std = np.zeros(x.shape), np.zeros(x.shape), np.zeros(len(x))
        for n in range(len(x)):
            std[n] = np.sqrt(np.var(x[n]) + ln_param.get("eps", 1e-5))
            xhat[n] = (x[n] - np.mean(x[n])) / std[n]
            out[n] = gamma * xhat[n] + beta
        return out, (xhat, gamma, std)

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": _layernorm_backward}


@field(*LAYERNORM)
def layernorm_through_batchnorm_whose_mode_it_sets():
    """Scale and shift follow afterwards, as they belong to features."""

    def layernorm_forward(x, gamma, beta, ln_param):
        param = {"mode": "train", "eps": ln_param.get("eps", 1e-5)}
        rows = np.ones(len(x)), np.zeros(len(x))
        xhat, cache = layers.batchnorm_forward(x.T.astype(np.float64), *rows, param)
        return xhat.T * gamma + beta, (xhat.T, gamma, cache)

    def layernorm_backward(dout, cache):
        xhat, gamma, cache = cache
        dx, _, _ = layers.batchnorm_backward((dout * gamma).T.astype(np.float64), cache)
        return dx.T, (dout * xhat).sum(0), dout.sum(0)

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


# --- dropout ------------------------------------------------------------------------------------------------

DROPOUT = ("dropout_forward", "dropout_backward")


def _dropout(mask_of):
    def dropout_forward(x, dropout_param):
        p, mode = dropout_param["p"], dropout_param["mode"]
        if "seed" in dropout_param:
            before = np.random.get_state()
            np.random.seed(dropout_param["seed"])
        mask = mask_of(x, p) if mode == "train" else None
        if "seed" in dropout_param:
            np.random.set_state(before)
        return x * mask if mode == "train" else x, (dropout_param, mask)

    def dropout_backward(dout, cache):
        dropout_param, mask = cache
        return dout * mask if dropout_param["mode"] == "train" else dout

    return lambda: {"dropout_forward": dropout_forward, "dropout_backward": dropout_backward}


def _by_uniform(x, p):
    return (np.random.uniform(0.0, 1.0, size=x.shape) < p).astype(np.float64) / p


def _by_binomial(x, p):
    return np.random.binomial(1, p, size=x.shape) / p


def _by_choice(x, p):
    return np.random.choice([0.0, 1.0 / p], size=x.shape, p=[1 - p, p])


def _by_sample(x, p):
    return np.array(np.random.random_sample(x.shape) < p, dtype=int) / p


for _mask in (_by_uniform, _by_binomial, _by_choice, _by_sample):
    _made = _dropout(_mask)
    _made.__name__ = f"dropout{_mask.__name__}_in_float64"
    field(*DROPOUT)(_made)

# --- convolution and pooling --------------------------------------------------------------------------------

CONV = ("conv_forward_naive", "conv_backward_naive")
POOL = ("max_pool_forward_naive", "max_pool_backward_naive")


def _exact(size, window, stride):
    assert (size - window) % stride == 0, "the stride does not fit"
    return (size - window) // stride + 1


def _by_int(size, window, stride):
    return int(1 + (size - window) / stride)


def _rounded(size, window, stride):
    return int(np.round(1 + (size - window) / stride))


def _plain_crop(dpadded, pad, x):
    return dpadded[:, :, pad:-pad, pad:-pad]


def _careful_crop(dpadded, pad, x):
    return dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]


def _convolution(count, crop):
    def conv_forward_naive(x, w, b, conv_param):
        stride, pad = conv_param["stride"], conv_param["pad"]
        padded = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
        rows, columns = (count(n + 2 * pad, k, stride) for n, k in zip(x.shape[2:], w.shape[2:]))
        out = np.zeros((len(x), len(w), rows, columns))
        for i in range(rows):
            for j in range(columns):
                window = padded[:, :, i * stride : i * stride + w.shape[2], j * stride : j * stride + w.shape[3]]
                for f in range(len(w)):
                    out[:, f, i, j] = np.sum(window * w[f], axis=(1, 2, 3))
        return out + b[None, :, None, None], (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        stride, pad = conv_param["stride"], conv_param["pad"]
        padded = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
        dpadded, dw = np.zeros(padded.shape), np.zeros(w.shape)
        for n in range(len(x)):
            for f in range(len(w)):
                for i in range(dout.shape[2]):
                    for j in range(dout.shape[3]):
                        y, z = i * stride, j * stride
                        dw[f] += padded[n, :, y : y + w.shape[2], z : z + w.shape[3]] * dout[n, f, i, j]
                        dpadded[n, :, y : y + w.shape[2], z : z + w.shape[3]] += w[f] * dout[n, f, i, j]
        return crop(dpadded, pad, x), dw, dout.sum(axis=(0, 2, 3))

    return lambda: {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": conv_backward_naive}


def _pooling(count, give):
    def sizes(x, pool_param):
        height, width, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
        return height, width, stride, count(x.shape[2], height, stride), count(x.shape[3], width, stride)

    def max_pool_forward_naive(x, pool_param):
        height, width, stride, rows, columns = sizes(x, pool_param)
        out = np.zeros((x.shape[0], x.shape[1], rows, columns))
        for i in range(rows):
            for j in range(columns):
                window = x[:, :, i * stride : i * stride + height, j * stride : j * stride + width]
                out[:, :, i, j] = np.max(window, axis=(2, 3))
        return out, (x, pool_param)

    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        height, width, stride, rows, columns = sizes(x, pool_param)
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(*x.shape[:2], rows, columns):
            place = np.s_[n, c, i * stride : i * stride + height, j * stride : j * stride + width]
            give(dx[place], x[place], dout[n, c, i, j])
        return dx

    return lambda: {
        "max_pool_forward_naive": max_pool_forward_naive,
        "max_pool_backward_naive": max_pool_backward_naive,
    }


def _to_the_first(dx, window, dout):
    dx[np.unravel_index(np.argmax(window), window.shape)] += dout


def _to_every_maximum(dx, window, dout):
    dx += (window == np.max(window)) * dout


def _assigned(dx, window, dout):
    dx[np.unravel_index(np.argmax(window), window.shape)] = dout


_SIZES = {"with_an_assert": _exact, "by_int": _by_int, "rounded": _rounded}
_CROPS = {"": _careful_crop, "_cropped_by_minus_pad": _plain_crop}
_GIVES = {"": _to_the_first, "_to_every_maximum": _to_every_maximum, "_assigned": _assigned}
for _size, _count in _SIZES.items():
    for _end, _crop in _CROPS.items():
        _made = _convolution(_count, _crop)
        _made.__name__ = f"convolution_{_size}{_end}"
        _misses = "rounded_down " * (_size != "by_int") + "no_padding" * bool(_end)
        field(*CONV, misses=_misses)(_made)
    for _end, _give in _GIVES.items():
        _made = _pooling(_count, _give)
        _made.__name__ = f"pooling_{_size}{_end}"
        _misses = {"with_an_assert": "rounded_down not_square ", "rounded": "rounded_down ", "by_int": ""}[_size]
        _misses += {"": "", "_to_every_maximum": "ties", "_assigned": "overlapping not_square"}[_end]
        field(*POOL, misses=_misses)(_made)

# --- update rules -------------------------------------------------------------------------------------------


def _adam(step):
    def adam(w, dw, config=None):
        config = {} if config is None else config
        config.setdefault("learning_rate", 1e-3)
        config.setdefault("beta1", 0.9)
        config.setdefault("beta2", 0.999)
        config.setdefault("epsilon", 1e-8)
        config.setdefault("m", np.zeros(w.shape))
        config.setdefault("v", np.zeros(w.shape))
        config.setdefault("t", 0)
        config["t"] += 1
        config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
        config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * (dw**2)
        return w - step(**config), config

    return lambda: {"adam": adam}


def _plainly(m, v, learning_rate, beta1, beta2, epsilon, t, **_):
    return learning_rate * (m / (1 - np.power(beta1, t))) / (np.sqrt(v / (1 - np.power(beta2, t))) + epsilon)


def _with_a_rate(m, v, learning_rate, beta1, beta2, epsilon, t, **_):
    rate = learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return rate * m / (np.sqrt(v) + epsilon)


def _number_by_number(m, v, learning_rate, beta1, beta2, epsilon, t, **_):
    step = np.zeros(m.shape)
    for place in np.ndindex(m.shape):
        step[place] = m[place] / (1 - beta1**t) / (np.sqrt(v[place] / (1 - beta2**t)) + epsilon)
    return learning_rate * step


for _step in (_plainly, _with_a_rate, _number_by_number):
    _made = _adam(_step)
    _made.__name__ = f"adam{_step.__name__}"
    field("adam")(_made)


@field("sgd_momentum")
def momentum_with_an_array_of_float64():
    def sgd_momentum(w, dw, config=None):
        config = {} if config is None else config
        config.setdefault("learning_rate", 1e-2)
        config.setdefault("momentum", 0.9)
        v = config.get("velocity", np.zeros(w.shape))
        v = -config["learning_rate"] * dw + config["momentum"] * v
        config["velocity"] = v
        return w + v, config

    return {"sgd_momentum": sgd_momentum}


@field("rmsprop")
def rmsprop_by_a_rate_of_each_number():
    def rmsprop(w, dw, config=None):
        config = {} if config is None else config
        config.setdefault("learning_rate", 1e-2)
        config.setdefault("decay_rate", 0.99)
        config.setdefault("epsilon", 1e-8)
        old = config.get("cache", np.zeros(w.shape))
        config["cache"] = np.square(dw) * (1 - config["decay_rate"]) + old * config["decay_rate"]
        rates = config["learning_rate"] / (config["epsilon"] + np.power(config["cache"], 0.5))
        return w - rates * dw, config

    return {"rmsprop": rmsprop}
