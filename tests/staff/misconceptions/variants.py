"""Misconceptions as other people would write them: other algebra, loops, other caches; the same wrong numbers.

`VARIANTS` maps the name of a misconception to functions that return name -> function, instead of the package's.
"""

import numpy as np

from tests.checks.alternatives import ALTERNATIVES

VARIANTS = {}


def variant(name):
    """Register a function that returns name -> function."""

    def register(make):
        VARIANTS.setdefault(name, []).append(make)
        return make

    return register


# --- affine and relu ----------------------------------------------------------------------------------------


@variant("affine-bias-missing")
def _():
    return {"affine_forward": lambda x, w, b: (np.einsum("nd,dm->nm", x.reshape(len(x), -1), w), {"x": x})}


@variant("affine-bias-subtracted")
def _():
    return {"affine_forward": lambda x, w, b: (-(b - np.dot(np.reshape(x, (len(x), -1)), w)), None)}


@variant("affine-backward-db-averaged")
def _():
    def affine_backward(dout, cache):
        x, w, b = cache
        dx, dw, db = np.zeros(x.shape, x.dtype), np.zeros_like(w), np.zeros_like(b)
        for n in range(len(x)):
            dx[n] = (w @ dout[n]).reshape(x[n].shape)
            dw += np.outer(x[n], dout[n])
            db += dout[n] / len(x)
        return dx, dw, db

    return {"affine_backward": affine_backward}


@variant("affine-backward-dw-averaged")
def _():
    def affine_forward(x, w, b):
        rows = x.reshape(len(x), -1)
        return rows @ w + b, {"rows": rows, "w": w, "shape": x.shape}

    def affine_backward(dout, cache):
        share = dout / len(dout)
        dx = np.einsum("nm,dm->nd", dout, cache["w"]).reshape(cache["shape"])
        return dx, np.einsum("nd,nm->dm", cache["rows"], share), share.sum(0)

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@variant("affine-backward-dw-transposed")
def _():
    def affine_backward(dout, cache):
        x, w, _ = cache
        dw = np.einsum("nm,nd->md", dout, x.reshape(len(x), -1))
        return np.dot(dout, w.T).reshape(x.shape), dw, np.ones(len(dout)) @ dout

    return {"affine_backward": affine_backward}


@variant("relu-leaky")
def _():
    def relu_forward(x):
        out = np.array(x)
        out[out < 0] *= 0.01
        return out, out

    return {"relu_forward": relu_forward}


@variant("relu-backward-kink")
def _():
    def relu_backward(dout, x):
        dx = np.array(dout)
        dx[x < 0] = 0
        return dx

    return {"relu_backward": relu_backward}


@variant("relu-backward-without-mask")
def _():
    return {"relu_backward": lambda dout, cache: np.ones_like(dout) * dout}


@variant("relu-backward-mask-from-dout")
def _():
    def relu_backward(dout, x):
        dx = np.array(dout)
        dx[dout < 0] = 0
        return dx

    return {"relu_backward": relu_backward}


# --- batch normalisation ------------------------------------------------------------------------------------


def _batchnorm(var=None, inverse=None, blend=None, test_inverse=None):
    """Return another batchnorm_forward, with one thing changed."""

    def batchnorm_forward(x, gamma, beta, bn_param):
        eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
        zeros = np.zeros(x.shape[1], dtype=x.dtype)
        old = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros)
        if bn_param["mode"] == "train":
            now = np.average(x, axis=0), var(x) if var else np.average((x - x.mean(0)) ** 2, axis=0)
            new = [blend(a, b, momentum) if blend else b + momentum * (a - b) for a, b in zip(old, now)]
            bn_param["running_mean"], bn_param["running_var"] = new
            scale = gamma * (inverse(now[1], eps) if inverse else (now[1] + eps) ** -0.5)
            return x * scale + (beta - now[0] * scale), {"x": x, "stats": now}
        bn_param["running_mean"], bn_param["running_var"] = old
        scale = gamma * (test_inverse(old[1], eps) if test_inverse else (old[1] + eps) ** -0.5)
        return x * scale + (beta - old[0] * scale), None

    return lambda: {"batchnorm_forward": batchnorm_forward}


def _unbiased(x):
    return np.var(x, axis=0, ddof=1)


VARIANTS |= {
    "batchnorm-unbiased-variance": [_batchnorm(var=_unbiased)],
    "batchnorm-eps-outside-root": [_batchnorm(inverse=lambda v, eps: 1 / (v**0.5 + eps))],
    "batchnorm-eps-forgotten": [_batchnorm(inverse=lambda v, eps: 1 / np.sqrt(v))],
    "batchnorm-divided-by-variance": [_batchnorm(inverse=lambda v, eps: 1 / (v + eps))],
    "batchnorm-momentum-swapped": [_batchnorm(blend=lambda old, now, m: old + m * (now - old))],
    "batchnorm-running-not-updated": [_batchnorm(blend=lambda old, now, m: old)],
    "batchnorm-running-replaced": [_batchnorm(blend=lambda old, now, m: now)],
    "batchnorm-running-added-up": [_batchnorm(blend=lambda old, now, m: old + now - m * now)],
    "batchnorm-test-mode-eps-forgotten": [_batchnorm(test_inverse=lambda v, eps: v**-0.5)],
    "batchnorm-test-mode-divides-by-variance": [_batchnorm(test_inverse=lambda v, eps: 1 / (eps + v))],
}


def _batchnorm_backward(name, change):
    """Return another pair of passes with a cache of its own and one thing changed in the backward pass."""

    def make():
        both = dict(ALTERNATIVES["batchnorm_with_a_dict_for_a_cache"][1]()["layers"].__dict__)

        def backward(dout, cache):
            x, mean, inverse, gamma = (cache[key] for key in ("x", "mean", "inverse", "gamma"))
            xhat = (x - mean) * inverse
            parts = {"dout": dout, "xhat": xhat, "gamma": gamma, "inverse": inverse, "N": len(x)}
            parts |= {"through_mean": dout.mean(0), "through_var": xhat * (dout * xhat).mean(0)}
            dgamma, dbeta = np.einsum("nd,nd->d", dout, xhat), np.einsum("nd->d", dout)
            dx, dgamma, dbeta = change(parts, dgamma, dbeta)
            return dx, dgamma, dbeta

        return {"batchnorm_forward": both["batchnorm_forward"], name: backward}

    return make


def _dx(p, mean=1.0, var=1.0, scale=None):
    scale = p["gamma"] * p["inverse"] if scale is None else scale
    return scale * (p["dout"] - mean * p["through_mean"] - var * p["through_var"])


for _name, _prefix in (("batchnorm_backward", "batchnorm-backward"), ("batchnorm_backward_alt", "batchnorm-alt")):
    VARIANTS[f"{_prefix}-mean-forgotten"] = [_batchnorm_backward(_name, lambda p, g, b: (_dx(p, mean=0), g, b))]
    VARIANTS[f"{_prefix}-variance-forgotten"] = [_batchnorm_backward(_name, lambda p, g, b: (_dx(p, var=0), g, b))]
    VARIANTS[f"{_prefix}-gamma-forgotten"] = [
        _batchnorm_backward(_name, lambda p, g, b: (_dx(p, scale=p["inverse"]), g, b))
    ]
VARIANTS |= {
    "batchnorm-backward-statistics-as-constants": [
        _batchnorm_backward("batchnorm_backward", lambda p, g, b: (_dx(p, mean=0, var=0), g, b))
    ],
    "batchnorm-backward-parameters-averaged": [
        _batchnorm_backward("batchnorm_backward", lambda p, g, b: (_dx(p), g / p["N"], b / p["N"]))
    ],
    "batchnorm-backward-dgamma-without-xhat": [
        _batchnorm_backward("batchnorm_backward", lambda p, g, b: (_dx(p), b + 0, b))
    ],
    "batchnorm-alt-second-term-sign": [
        _batchnorm_backward("batchnorm_backward_alt", lambda p, g, b: (_dx(p, var=-1), g, b))
    ],
    "batchnorm-alt-sums-for-means": [
        _batchnorm_backward("batchnorm_backward_alt", lambda p, g, b: (_dx(p, mean=p["N"], var=p["N"]), g, b))
    ],
    "batchnorm-alt-std-forgotten": [
        _batchnorm_backward("batchnorm_backward_alt", lambda p, g, b: (_dx(p, scale=p["gamma"]), g, b))
    ],
}

# --- dropout, convolution, pooling --------------------------------------------------------------------------


def _dropout(keep, scale, test=lambda x, p: x + 0):
    """Return another dropout_forward, which draws from a new generator."""

    def dropout_forward(x, dropout_param):
        p = dropout_param["p"]
        if dropout_param["mode"] == "test":
            return test(x, p), {}
        kept = keep(np.random.default_rng(dropout_param.get("seed")).random(x.shape), p)
        return np.where(kept, x * x.dtype.type(scale(p)), np.zeros_like(x)), {"kept": kept}

    return lambda: {"dropout_forward": dropout_forward}


def _inverse(p):
    with np.errstate(divide="ignore"):
        return 1 / np.float64(p)


VARIANTS |= {
    "dropout-not-scaled": [_dropout(lambda u, p: u <= p, lambda p: 1)],
    "dropout-p-to-drop": [_dropout(lambda u, p: u > p, _inverse)],
    "dropout-scaled-down": [_dropout(lambda u, p: u > 1 - p, lambda p: p)],
    "dropout-scaled-twice": [_dropout(lambda u, p: u < p, _inverse, lambda x, p: p * x)],
}


@variant("conv-stride-ignored")
def _():
    def conv_forward_naive(x, w, b, conv_param):
        pad, stride = conv_param["pad"], conv_param["stride"]
        padded = np.pad(x, [(0, 0)] * 2 + [(pad, pad)] * 2)
        sizes = [1 + (n - k) // stride for n, k in zip(padded.shape[2:], w.shape[2:])]
        view = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], (2, 3))
        out = np.einsum("ncijhw,fchw->nfij", view[:, :, : sizes[0], : sizes[1]], w)
        return out + b[:, None, None], None

    return {"conv_forward_naive": conv_forward_naive}


@variant("conv-flipped-filter")
def _():
    def conv_forward_naive(x, w, b, conv_param):
        pad, stride = conv_param["pad"], conv_param["stride"]
        padded = np.pad(x, [(0, 0)] * 2 + [(pad, pad)] * 2)
        view = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], (2, 3))[:, :, ::stride, ::stride]
        return np.einsum("ncijhw,fchw->nfij", view, np.flip(w, (2, 3))) + b[:, None, None], (x, w)

    return {"conv_forward_naive": conv_forward_naive}


@variant("pool-average")
def _():
    def max_pool_forward_naive(x, pool_param):
        height, width, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
        view = np.lib.stride_tricks.sliding_window_view(x, (height, width), (2, 3))[:, :, ::stride, ::stride]
        return np.einsum("ncijhw->ncij", view) / x.dtype.type(height * width), None

    return {"max_pool_forward_naive": max_pool_forward_naive}


@variant("pool-backward-every-tie")
def _():
    def max_pool_backward_naive(dout, cache):
        x, param = cache
        dx = np.zeros_like(x)
        for i, j in np.ndindex(dout.shape[2:]):
            top, left = i * param["stride"], j * param["stride"]
            place = np.s_[:, :, top : top + param["pool_height"], left : left + param["pool_width"]]
            hit = x[place] >= x[place].max(axis=(2, 3), keepdims=True)
            dx[place] += np.where(hit, dout[:, :, i, j, None, None], 0)
        return dx

    return {"max_pool_backward_naive": max_pool_backward_naive}


# --- update rules -------------------------------------------------------------------------------------------


@variant("momentum-nesterov")
def _():
    def sgd_momentum(w, dw, config=None):
        config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w)} | (config or {})
        old, mu = config["velocity"], config["momentum"]
        new = mu * old - config["learning_rate"] * dw
        return w - mu * old + (1 + mu) * new, config | {"velocity": new}

    return {"sgd_momentum": sgd_momentum}


@variant("rmsprop-adagrad")
def _():
    def rmsprop(w, dw, config=None):
        config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": 0 * w} | (config or {})
        cache = config["cache"] + np.square(dw)
        return w - config["learning_rate"] / (cache**0.5 + config["epsilon"]) * dw, config | {"cache": cache}

    return {"rmsprop": rmsprop}


@variant("adam-no-bias-correction")
def _():
    def adam(w, dw, config=None):
        start = {
            "learning_rate": 1e-3,
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-8,
            "t": 0,
            "m": 0 * w,
            "v": 0 * w,
        }
        config = start | (config or {})
        config["t"] += 1
        config["m"] = config["m"] + (1 - config["beta1"]) * (dw - config["m"])
        config["v"] = config["v"] + (1 - config["beta2"]) * (np.square(dw) - config["v"])
        return w - config["learning_rate"] * (config["m"] / (config["v"] ** 0.5 + config["epsilon"])), config

    return {"adam": adam}
