"""Mistakes of layers and update rules as strangers write them, each in several ways; without our given lines.

`WAYS` maps (name of the mistake, way) to a Way. `field.way` and the functions here register them.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from cs231n import layers
from tests.checks import subjects
from tests.checks.field import _closed, _graph

WAYS = {}


@dataclasses.dataclass(frozen=True)
class Way:
    """A wrong solution.

    Attributes:
        name: of the mistake, in the catalogue.
        exercise: in which it is made.
        modules: returns the modules of the subject.
    """

    name: str
    exercise: str
    modules: Callable


def way(name, exercise, **replacing):
    """Register functions, or classes, that replace those of the exercise's module."""
    module, _ = subjects.place(exercise)
    number = sum(one.name == name for one in WAYS.values())
    WAYS[name, number] = Way(name, exercise, lambda: {module: subjects.replaced(module, **replacing)})


# --- update rules -------------------------------------------------------------------------------------------

START = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}


def adam(step, before=1, after=0, fresh=True):
    """Return Adam that adds to t before and after its step, in a dict of its own or in the one that came in."""

    def rule(w, dw, config=None):
        config = {**START, **(config or {})} if fresh or config is None else config
        for name, value in START.items():
            config.setdefault(name, value)
        for name in ("m", "v"):
            config.setdefault(name, np.zeros(w.shape))
        config["t"] += before
        config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
        config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw**2
        with np.errstate(all="ignore"):
            next_w = w - config["learning_rate"] * step(**config)
        config["t"] += after
        return next_w, config

    return rule


def corrected(m, v, beta1, beta2, epsilon, t, **_):
    return m / (1 - beta1 ** float(t)) / (np.sqrt(v / (1 - beta2 ** float(t))) + epsilon)


def corrected_in_one(m, v, beta1, beta2, epsilon, t, **_):
    mhat, vhat = m / (1 - np.power(beta1, t)), v / (1 - np.power(beta2, t))
    return np.divide(mhat, vhat**0.5 + epsilon)


def one_step_on(step):
    return lambda t, **rest: step(t=t + 1, **rest)


def at_least_one(step):
    return lambda t, **rest: step(t=max(t, 1), **rest)


def not_corrected(m, v, epsilon, **_):
    return m / (np.sqrt(v) + epsilon)


def not_corrected_in_a_loop(m, v, epsilon, **_):
    step = np.zeros(m.shape)
    for place in np.ndindex(m.shape):
        step[place] = m[place] / (v[place] ** 0.5 + epsilon)
    return step


def inside_the_root(m, v, beta1, beta2, epsilon, t, **_):
    return m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + epsilon)


def inside_the_root_by_a_power(m, v, beta1, beta2, epsilon, t, **_):
    vhat = v / (1 - beta2**t)
    return (vhat + epsilon) ** -0.5 * (m / (1 - beta1**t))


def inside_the_root_without_correction(m, v, epsilon, **_):
    return m / np.sqrt(v + epsilon)


for _step in (not_corrected, not_corrected_in_a_loop):
    way("adam-no-bias-correction", "adam", adam=adam(_step))
    way("adam-no-bias-correction", "adam", adam=adam(_step, before=0, fresh=False))
    way("adam-no-bias-correction", "adam", adam=adam(_step, before=0, after=1))
for _step in (corrected, corrected_in_one):
    way("adam-t-incremented-late", "adam", adam=adam(_step, before=0, after=1))
    way("adam-t-incremented-late", "adam", adam=adam(_step, before=0, after=1, fresh=False))
    way("adam-t-incremented-late", "adam", adam=adam(at_least_one(_step), before=0, after=1))
    way("adam-t-not-stored", "adam", adam=adam(one_step_on(_step), before=0))
    way("adam-t-not-stored", "adam", adam=adam(one_step_on(_step), before=0, fresh=False))
for _step in (inside_the_root, inside_the_root_by_a_power):
    way("adam-epsilon-inside-root", "adam", adam=adam(_step))
    way("adam-epsilon-inside-root", "adam", adam=adam(_step, fresh=False))
    way("adam-epsilon-inside-root", "adam", adam=adam(one_step_on(_step), before=0, after=1))


def momentum(blend, in_place=False):
    def sgd_momentum(w, dw, config=None):
        config = {"learning_rate": 1e-2, "momentum": 0.9} | (config or {})
        v = config.get("velocity", np.zeros(w.shape))
        config["velocity"] = blend(v, dw, config["learning_rate"])
        if in_place:
            w += config["velocity"]
            return w, config
        return w + config["velocity"], config

    return sgd_momentum


def by_numbers(v, dw, rate):
    out = np.empty(v.shape)
    for place in np.ndindex(v.shape):
        out[place] = 0.9 * v[place] - rate * dw[place]
    return out


for _blend in (
    lambda v, dw, rate: 0.9 * v - rate * dw,
    lambda v, dw, rate: v * 9 / 10 + dw * -rate,
    by_numbers,
):
    way("momentum-typed-in", "sgd_momentum", sgd_momentum=momentum(_blend))
way("momentum-typed-in", "sgd_momentum", sgd_momentum=momentum(by_numbers, in_place=True))


def rmsprop(keep, start=lambda w: np.zeros(w.shape)):
    def rule(w, dw, config=None):
        config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8} | (config or {})
        cache = config.get("cache", start(w))
        cache = config["decay_rate"] * cache + (1 - config["decay_rate"]) * np.square(dw)
        keep(config, w)
        return w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"]), config

    return rule


way("rmsprop-cache-not-stored", "rmsprop", rmsprop=rmsprop(lambda config, w: None))
way("rmsprop-cache-not-stored", "rmsprop", rmsprop=rmsprop(lambda config, w: config.setdefault("cache", 0 * w)))
way("rmsprop-cache-not-stored", "rmsprop", rmsprop=rmsprop(lambda config, w: config.update(grad_sq=1)))
way("rmsprop-cache-not-stored", "rmsprop", rmsprop=rmsprop(lambda config, w: None, start=lambda w: 0.0))

# --- batch normalisation ------------------------------------------------------------------------------------


def batchnorm(
    test=lambda x, gamma, beta, mean, var, eps: gamma * (x - mean) / np.sqrt(var + eps) + beta,
    blend=lambda momentum, old, new: momentum * old + (1 - momentum) * new,
    var_of=lambda x: np.var(x, axis=0),
    learns="train",
    dtype=np.float64,
):
    def batchnorm_forward(x, gamma, beta, bn_param):
        mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
        mean, var = (bn_param.get(name, np.zeros(x.shape[1])) for name in ("running_mean", "running_var"))
        cache, x = None, x.astype(dtype)
        if learns == "before" and mode == "test":
            mean, var = blend(momentum, mean, x.mean(0)), blend(momentum, var, var_of(x))
        if mode == "train":
            sample_mean, sample_var = np.mean(x, axis=0), var_of(x)
            std = np.sqrt(sample_var + eps)
            xhat = (x - sample_mean) / std
            out = gamma * xhat + beta
            cache = (xhat, gamma, x - sample_mean, 1 / std, std, sample_var, eps)
            mean, var = blend(momentum, mean, sample_mean), blend(momentum, var, sample_var)
        else:
            out = test(x, gamma, beta, mean, var, eps)
        if learns == "after" and mode == "test":
            mean, var = blend(momentum, mean, x.mean(0)), blend(momentum, var, var_of(x))
        bn_param["running_mean"], bn_param["running_var"] = mean, var
        return out, cache

    return {
        "batchnorm_forward": batchnorm_forward,
        "batchnorm_backward": _graph,
        "batchnorm_backward_alt": _closed,
    }


def rows_in_a_loop(x, gamma, beta, mean, var, eps):
    return np.array([(row - mean) / np.sqrt(var) * gamma + beta for row in x])


def unbiased_by_hand(x):
    return ((x - x.mean(axis=0)) ** 2).sum(axis=0) / (len(x) - 1)


def unbiased_in_a_loop(x):
    centred, total = x - x.mean(axis=0), np.zeros(x.shape[1])
    for row in centred:
        total = total + row * row
    return total / (x.shape[0] - 1)


BATCH = "batchnorm_forward"
for _test in (
    lambda x, gamma, beta, mean, var, eps: gamma * (x - mean) / np.sqrt(var) + beta,
    lambda x, gamma, beta, mean, var, eps: x * (gamma / var**0.5) + (beta - gamma * mean / var**0.5),
    rows_in_a_loop,
):
    way("batchnorm-test-mode-eps-forgotten", BATCH, **batchnorm(_test))
for _test in (
    lambda x, gamma, beta, mean, var, eps: (x - mean) / np.sqrt(var + eps),
    lambda x, gamma, beta, mean, var, eps: (x - mean) * (var + eps) ** -0.5,
    lambda x, gamma, beta, mean, var, eps: np.divide(np.subtract(x, mean), np.sqrt(eps + var)),
):
    way("batchnorm-test-mode-without-scale", BATCH, **batchnorm(_test))
way("batchnorm-test-mode-learns", BATCH, **batchnorm(learns="before"))
way("batchnorm-test-mode-learns", BATCH, **batchnorm(learns="after"))
way("batchnorm-test-mode-learns", BATCH, **batchnorm(learns="after", dtype=np.float32))
way("batchnorm-test-mode-learns", BATCH, **batchnorm(learns="before", dtype=np.float32))
for _blend in (
    lambda momentum, old, new: (1 - momentum) * old + momentum * new,
    lambda momentum, old, new: old + momentum * (new - old),
    lambda momentum, old, new: np.add(momentum * new, old - momentum * old),
):
    way("batchnorm-momentum-swapped", BATCH, **batchnorm(blend=_blend))
for _var in (
    lambda x: np.var(x, axis=0, ddof=1),
    unbiased_by_hand,
    unbiased_in_a_loop,
    lambda x: np.cov(x.T).diagonal(),
):
    way("batchnorm-unbiased-variance", BATCH, **batchnorm(var_of=_var))

# --- spatial batch normalisation ----------------------------------------------------------------------------

SPATIAL = "spatial_batchnorm_forward"


def _pixels_of_a_channel(x, gamma, beta, bn_param):
    """The rows of a channel are its images, the features its pixels."""
    N, C, H, W = x.shape
    out, eps, m = np.zeros(x.shape), bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    means, variances = (bn_param.get(name, np.zeros(C)) for name in ("running_mean", "running_var"))
    for c in range(C):
        rows = x[:, c].reshape(N, H * W)
        mean, var = np.full(H * W, means[c]), np.full(H * W, variances[c])
        if bn_param["mode"] == "train":
            mean, var = rows.mean(axis=0), rows.var(axis=0)
            means[c] = m * means[c] + (1 - m) * np.mean(mean)
            variances[c] = m * variances[c] + (1 - m) * np.mean(var)
        out[:, c] = (gamma[c] * (rows - mean) / np.sqrt(var + eps) + beta[c]).reshape(N, H, W)
    bn_param["running_mean"], bn_param["running_var"] = means, variances
    return out, None


def _pixels_at_once(x, gamma, beta, bn_param):
    mean, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mean) / np.sqrt(var + bn_param.get("eps", 1e-5))
    bn_param["running_mean"], bn_param["running_var"] = mean.mean(axis=(1, 2)), var.mean(axis=(1, 2))
    return gamma[:, None, None] * xhat + beta[:, None, None], (xhat, gamma)


def _pixels_with_test_mode(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = bn_param.get("running_mean", np.zeros(C))
    var = bn_param.get("running_var", np.zeros(C))
    flat, wide = x.reshape(N, -1), lambda v: np.repeat(v, H * W)
    if bn_param["mode"] == "train":
        mu, sigma2 = flat.mean(0), flat.var(0)
        mean = momentum * mean + (1 - momentum) * mu.reshape(C, -1).mean(1)
        var = momentum * var + (1 - momentum) * sigma2.reshape(C, -1).mean(1)
        out = wide(gamma) * (flat - mu) / np.sqrt(sigma2 + eps) + wide(beta)
    else:
        out = wide(gamma) * (flat - wide(mean)) / np.sqrt(wide(var) + eps) + wide(beta)
    bn_param["running_mean"], bn_param["running_var"] = mean, var
    return out.reshape(x.shape), None


for _forward in (_pixels_of_a_channel, _pixels_at_once, _pixels_with_test_mode):
    way("spatial-batchnorm-each-pixel", SPATIAL, spatial_batchnorm_forward=_forward)


def reshaped(to_rows, to_images, param_of=lambda bn_param: bn_param):
    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        rows, cache = layers.batchnorm_forward(to_rows(x), gamma, beta, param_of(bn_param))
        return to_images(rows, x.shape), cache

    return spatial_batchnorm_forward


for _to_rows, _to_images in (
    (lambda x: x.reshape(-1, x.shape[1]), lambda rows, shape: rows.reshape(shape)),
    (lambda x: np.reshape(x, (x.size // x.shape[1], x.shape[1])), lambda rows, shape: rows.reshape(*shape)),
    (
        lambda x: x.flatten().reshape(-1, x.shape[1]).astype(float),
        lambda rows, shape: np.array(rows).reshape(shape),
    ),
):
    way("spatial-batchnorm-not-transposed", SPATIAL, spatial_batchnorm_forward=reshaped(_to_rows, _to_images))


def _rows(x):
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def _images(rows, shape):
    N, C, H, W = shape
    return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)


for _param in (
    dict,
    lambda bn_param: {**bn_param},
    lambda bn_param: {"mode": bn_param["mode"], "eps": bn_param.get("eps", 1e-5)},
    lambda bn_param: {k: v for k, v in bn_param.items() if k in ("mode", "eps", "momentum")},
):
    way("spatial-batchnorm-statistics-lost", SPATIAL, spatial_batchnorm_forward=reshaped(_rows, _images, _param))

# --- layer and group normalisation --------------------------------------------------------------------------

LAYERNORM = "layernorm_forward"


def _through_batchnorm(x, gamma, beta, ln_param):
    ln_param["mode"] = "train"
    out, cache = layers.batchnorm_forward(x.T, gamma, beta, ln_param)
    return out.T, cache


def _by_the_transpose(x, gamma, beta, ln_param):
    x = x.T
    xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + ln_param.get("eps", 1e-5))
    out = gamma * xhat + beta
    return out.T, (xhat, gamma)


def _by_the_transpose_beta_first(x, gamma, beta, ln_param):
    xT = np.transpose(x)
    mu = np.mean(xT, axis=0)
    var = np.mean((xT - mu) ** 2, axis=0)
    normalised = (xT - mu) / np.sqrt(var + ln_param.get("eps", 1e-5))
    return (beta + normalised * gamma).T, (normalised,)


def _through_a_copy(x, gamma, beta, ln_param):
    bn_param = dict(ln_param, mode="train")
    rows = np.ascontiguousarray(x.transpose())
    out, cache = layers.batchnorm_forward(rows, gamma, beta, bn_param)
    return out.transpose(), cache


for _forward in (_through_batchnorm, _by_the_transpose, _by_the_transpose_beta_first, _through_a_copy):
    way("layernorm-gamma-on-wrong-axis", LAYERNORM, layernorm_forward=_forward)

GROUP = "spatial_groupnorm_forward"


def groupnorm(normalise):
    def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
        xhat = normalise(x, G, gn_param.get("eps", 1e-5))
        return gamma * xhat.reshape(x.shape) + beta, (xhat, gamma)

    return spatial_groupnorm_forward


def over(axes):
    def normalise(groups, eps):
        mean, var = groups.mean(axis=axes, keepdims=True), groups.var(axis=axes, keepdims=True)
        return (groups - mean) / np.sqrt(var + eps)

    return normalise


def _group_by_group(x, G, eps):
    out, size = np.zeros(x.shape), x.shape[1] // G
    for g in range(G):
        part = x[:, g * size : (g + 1) * size]
        out[:, g * size : (g + 1) * size] = (part - part.mean(axis=1, keepdims=True)) / np.sqrt(
            part.var(axis=1, keepdims=True) + eps
        )
    return out


def _split(x, G):
    N, C, H, W = x.shape
    return x.reshape(N, G, C // G, H, W)


for _normalise in (
    lambda x, G, eps: over(2)(_split(x, G), eps),
    lambda x, G, eps: over(2)(x.reshape(len(x), G, x.shape[1] // G, -1), eps),
    _group_by_group,
):
    way("groupnorm-positions-apart", GROUP, spatial_groupnorm_forward=groupnorm(_normalise))


def _strided_channels(x, G, eps):
    out = np.zeros(x.shape)
    for g in range(G):
        out[:, g::G] = over((1, 2, 3))(x[:, g::G], eps)
    return out


def _interleaved(x, G, eps):
    N, C, H, W = x.shape
    return over((1, 3, 4))(x.reshape(N, C // G, G, H, W), eps)


def _interleaved_by_swapping(x, G, eps):
    N, C, H, W = x.shape
    groups = x.reshape(N, C // G, G, H * W).transpose(0, 2, 1, 3).reshape(N * G, -1)
    groups = (groups - groups.mean(1)[:, None]) / np.sqrt(groups.var(1) + eps)[:, None]
    return groups.reshape(N, G, C // G, H * W).transpose(0, 2, 1, 3)


for _normalise in (_strided_channels, _interleaved, _interleaved_by_swapping):
    way("groupnorm-interleaved", GROUP, spatial_groupnorm_forward=groupnorm(_normalise))


def mixed(order):
    """Return what moves the channels to the end before it cuts the images into G parts, as if nothing had."""

    def normalise(x, G, eps):
        N, C, H, W = x.shape
        return order(x, N, C, H, W, G, eps)

    return normalise


def _pixels_first(x, N, C, H, W, G, eps):
    rows = over(1)(x.transpose(0, 2, 3, 1).reshape(N * G, -1), eps)
    return rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)


def _pixels_first_by_three_axes(x, N, C, H, W, G, eps):
    groups = np.moveaxis(x, 1, -1).reshape(N, G, C // G * H * W)
    return np.moveaxis(over(2)(groups, eps).reshape(N, H, W, C), -1, 1)


def _pixels_first_in_a_loop(x, N, C, H, W, G, eps):
    rows = x.swapaxes(1, 2).swapaxes(2, 3).reshape(N * G, -1)
    rows = np.array([(row - row.mean()) / np.sqrt(row.var() + eps) for row in rows])
    return rows.reshape(N, H, W, C).swapaxes(2, 3).swapaxes(1, 2)


for _order in (_pixels_first, _pixels_first_by_three_axes, _pixels_first_in_a_loop):
    way("groupnorm-channels-and-pixels-mixed", GROUP, spatial_groupnorm_forward=groupnorm(mixed(_order)))

# --- dropout ------------------------------------------------------------------------------------------------

DROPOUT = "dropout_forward"


def dropout(mask_of, out_of):
    def dropout_forward(x, dropout_param):
        p, mode = dropout_param["p"], dropout_param["mode"]
        if "seed" in dropout_param:
            np.random.seed(dropout_param["seed"])
        mask = mask_of(x, p) if mode == "train" else None
        return out_of(x, mask, p), (dropout_param, mask)

    return dropout_forward


for _mask, _out in (
    (lambda x, p: np.random.rand(*x.shape) < p, lambda x, m, p: x * m if m is not None else x * p),
    (lambda x, p: np.random.binomial(1, p, x.shape), lambda x, m, p: p * x if m is None else m * x),
    (lambda x, p: np.random.uniform(size=x.shape) < p, lambda x, m, p: p * x if m is None else np.where(m, x, 0)),
    (
        lambda x, p: (np.random.random(x.shape) < p).astype(np.float32),
        lambda x, m, p: np.multiply(x, p if m is None else m),
    ),
):
    way("dropout-scaled-at-test-time", DROPOUT, dropout_forward=dropout(_mask, _out))


def _inverted(x, mask, p):
    return x if mask is None else x * mask


for _mask in (
    lambda x, p: (np.random.rand(*x.shape[1:]) < p) / p,
    lambda x, p: (np.random.rand(1, *x.shape[1:]) < p).astype(np.float64) / p,
    lambda x, p: np.random.binomial(1, p, x[0].shape) / p,
    lambda x, p: np.tile((np.random.uniform(size=x.shape[1:]) < p) / p, (len(x), *[1] * (x.ndim - 1))),
):
    way("dropout-same-mask-for-all", DROPOUT, dropout_forward=dropout(_mask, _inverted))

# --- convolution and pooling --------------------------------------------------------------------------------


def sizes(x, w, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
    return stride, padded, *(1 + (n + 2 * pad - k) // stride for n, k in zip(x.shape[2:], w.shape[2:]))


def convolution(window, count=None, einsum=False):
    """Return a convolution whose windows are `window(i, j, HH, WW, stride)`, four bounds."""

    def conv_forward_naive(x, w, b, conv_param):
        stride, padded, rows, columns = sizes(x, w, conv_param)
        if count:
            rows, columns = count(padded, w, stride)
        out = np.zeros((len(x), len(w), rows, columns))
        for i in range(rows):
            for j in range(columns):
                top, bottom, left, right = window(i, j, *w.shape[2:], stride)
                seen = padded[:, :, top:bottom, left:right]
                if einsum:
                    out[:, :, i, j] = np.einsum("nchw,fchw->nf", seen, w) + b
                    continue
                for n, f in np.ndindex(len(x), len(w)):
                    out[n, f, i, j] = np.sum(seen[n] * w[f]) + b[f]
        return out, (x, w, b, conv_param)

    return conv_forward_naive


def _square(i, j, HH, WW, s):
    return i * s, i * s + HH, j * s, j * s + HH


def _square_count(padded, w, s):
    return tuple(1 + (n - w.shape[2]) // s for n in padded.shape[2:])


CONV = "conv_forward_naive"
for _count in (None, _square_count):
    for _einsum in (False, True):
        way("conv-square-filters-only", CONV, conv_forward_naive=convolution(_square, _count, _einsum))


def _without_stride(i, j, HH, WW, s):
    return i, i + HH, j, j + WW


def _stride_in_one_slice(i, j, HH, WW, s):
    return i * s, i * s + HH, j, j + WW


def _stride_in_the_other(i, j, HH, WW, s):
    return i, i + HH, j * s, j * s + WW


for _einsum in (False, True):
    way("conv-stride-ignored", CONV, conv_forward_naive=convolution(_without_stride, einsum=_einsum))
    way("conv-stride-in-one-slice", CONV, conv_forward_naive=convolution(_stride_in_one_slice, einsum=_einsum))
    way("conv-stride-in-one-slice", CONV, conv_forward_naive=convolution(_stride_in_the_other, einsum=_einsum))


def _windows_by_steps(x, w, b, conv_param):
    """Counts windows with the stride, and walks over pixels."""
    stride, padded, rows, columns = sizes(x, w, conv_param)
    out = np.zeros((len(x), len(w), rows, columns))
    for f in range(len(w)):
        for r in range(rows):
            for c in range(columns):
                seen = padded[:, :, r : r + w.shape[2], c : c + w.shape[3]]
                out[:, f, r, c] = (seen * w[f]).sum(axis=(1, 2, 3)) + b[f]
    return out, (x, w, b, conv_param)


way("conv-stride-ignored", CONV, conv_forward_naive=_windows_by_steps)


def convolution_backward(window, window_of_w=None, all_images=False, w_first=False):
    """Return a backward pass with windows of `window`, and of another function for dw."""

    def one(x, w, padded, dpadded, dw, dout, stride):
        for n, f, i, j in np.ndindex(*dout.shape):
            top, bottom, left, right = window(i, j, *w.shape[2:], stride)
            t, b, le, r = (window_of_w or window)(i, j, *w.shape[2:], stride)
            if w_first:
                dw[f] += padded[n, :, t:b, le:r] * dout[n, f, i, j]
            dpadded[n, :, top:bottom, left:right] += w[f] * dout[n, f, i, j]
            if not w_first:
                dw[f] += dout[n, f, i, j] * padded[n, :, t:b, le:r]

    def all_at_once(x, w, padded, dpadded, dw, dout, stride):
        for f, i, j in np.ndindex(*dout.shape[1:]):
            top, bottom, left, right = window(i, j, *w.shape[2:], stride)
            t, b, le, r = (window_of_w or window)(i, j, *w.shape[2:], stride)
            d = dout[:, f, i, j][:, None, None, None]
            if w_first:
                dw[f] += np.sum(padded[:, :, t:b, le:r] * d, axis=0)
            dpadded[:, :, top:bottom, left:right] += w[f] * d
            if not w_first:
                dw[f] += np.sum(padded[:, :, t:b, le:r] * d, axis=0)

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        stride, pad = conv_param["stride"], conv_param["pad"]
        padded = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
        dpadded, dw = np.zeros(padded.shape), np.zeros(w.shape)
        (all_at_once if all_images else one)(x, w, padded, dpadded, dw, dout, stride)
        H, W = x.shape[2:]
        return dpadded[:, :, pad : pad + H, pad : pad + W], dw, dout.sum(axis=(0, 2, 3))

    return conv_backward_naive


def _usual(i, j, HH, WW, s):
    return i * s, i * s + HH, j * s, j * s + WW


BACK = "conv_backward_naive"
for _all in (False, True):
    for _first in (False, True):
        _made = convolution_backward(_square, all_images=_all, w_first=_first)
        way("conv-backward-square-filters-only", BACK, conv_backward_naive=_made)
    for _name, _window in (
        ("conv-backward-stride-in-one-slice", _stride_in_one_slice),
        ("conv-backward-stride-in-one-slice", _stride_in_the_other),
        ("conv-backward-stride-ignored", _without_stride),
    ):
        way(_name, BACK, conv_backward_naive=convolution_backward(_window, all_images=_all))
        in_dx = convolution_backward(_window, _usual, _all)
        in_dw = convolution_backward(_usual, _window, _all)
        ends = ("-in-dx", "-in-dw") if _name.endswith("ignored") else ("", "")
        way(_name + ends[0], BACK, conv_backward_naive=in_dx)
        way(_name + ends[1], BACK, conv_backward_naive=in_dw)


def pool_backward(give):
    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        height, width, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(*dout.shape):
            place = np.s_[n, c, i * stride : i * stride + height, j * stride : j * stride + width]
            give(dx, place, x[place], dout[n, c, i, j])
        return dx

    return max_pool_backward_naive


def _last_wins(dx, place, window, d):
    dx[place] = np.where(window == window.max(), d, dx[place])


def _last_wins_at_its_maximum(dx, place, window, d):
    dx[place][np.unravel_index(window.argmax(), window.shape)] = d


def _last_wins_as_a_whole(dx, place, window, d):
    dx[place] = (window == np.max(window)) * d


def _last_wins_as_a_whole_at_one_place(dx, place, window, d):
    mask = np.zeros(window.shape)
    mask[np.unravel_index(np.argmax(window), window.shape)] = 1
    dx[place] = d * mask


POOL = "max_pool_backward_naive"
for _give in (_last_wins, _last_wins_at_its_maximum, _last_wins_as_a_whole, _last_wins_as_a_whole_at_one_place):
    way("pool-backward-overwritten", POOL, max_pool_backward_naive=pool_backward(_give))
