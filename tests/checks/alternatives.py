"""Right solutions that look different from ours: other caches, loops, einsum, views, in place where allowed.

`ALTERNATIVES` maps a name to (exercises, function that returns the modules of the subject).
"""

import numpy as np

from cs231n import layers, optim
from tests.checks.subjects import replaced, rewritten

ALTERNATIVES = {}


def alternative(*exercises):
    """Register a function that returns name -> function to replace, in layers or, for update rules, in optim."""
    module = "optim" if hasattr(optim, exercises[0]) else "layers"

    def register(make):
        ALTERNATIVES[make.__name__] = exercises, lambda: {module: replaced(module, **make())}
        return make

    return register


# --- affine and relu ----------------------------------------------------------------------------------------


@alternative("affine_forward", "affine_backward")
def affine_by_einsum_with_another_cache():
    def affine_forward(x, w, b):
        rows = np.array(x).reshape(len(x), -1)
        return np.einsum("nd,dm->nm", rows, w) + b, {"rows": rows, "w": w, "shape": x.shape}

    def affine_backward(dout, cache):
        dx = np.einsum("nm,dm->nd", dout, cache["w"]).reshape(cache["shape"])
        return dx, np.einsum("nd,nm->dm", cache["rows"], dout), np.einsum("nm->m", dout)

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@alternative("affine_forward", "affine_backward")
def affine_by_loops():
    def affine_forward(x, w, b):
        out = np.zeros((len(x), w.shape[1]), x.dtype)
        for n in range(len(x)):
            for m in range(w.shape[1]):
                out[n, m] = sum(x[n].ravel() * w[:, m]) + b[m]
        return out, (x, w, b)

    def affine_backward(dout, cache):
        x, w, b = cache
        dx, dw, db = np.zeros(x.shape, x.dtype), np.zeros_like(w, order="C"), np.zeros_like(b)
        for n, m in np.ndindex(dout.shape):
            dx[n] += dout[n, m] * w[:, m].reshape(x.shape[1:])
            dw[:, m] += dout[n, m] * x[n].ravel()
            db[m] += dout[n, m]
        return [dx, dw, db]

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@alternative("relu_forward", "relu_backward")
def relu_with_a_mask_in_the_cache():
    def relu_forward(x):
        mask = x > 0
        return np.where(mask, x, np.zeros_like(x)), mask

    def relu_backward(dout, cache):
        dx = dout.copy()
        dx[cache <= 0] = 0
        return dx

    return {"relu_forward": relu_forward, "relu_backward": relu_backward}


@alternative("relu_forward", "relu_backward")
def relu_that_returns_views():
    def relu_forward(x):
        return np.clip(x, 0, None)[...], x

    def relu_backward(dout, cache):
        return np.stack([dout * (cache > 0), dout])[0]

    return {"relu_forward": relu_forward, "relu_backward": relu_backward}


@alternative("relu_backward")
def relu_backward_by_the_sign():
    return {"relu_backward": lambda dout, x: dout * np.maximum(np.sign(x), 0)}


# --- batch normalisation ------------------------------------------------------------------------------------


def _settings(x, bn_param):
    mean, var = (bn_param.get(f"running_{name}", np.zeros(x.shape[1], x.dtype)) for name in ("mean", "var"))
    return bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9), mean, var


def _batchnorm_pair(var_of=lambda x: x.var(axis=0), in_place=False):
    """A pair whose cache is a dict; the two modes share their last line."""

    def batchnorm_forward(x, gamma, beta, bn_param):
        mode, eps, momentum, running_mean, running_var = _settings(x, bn_param)
        mean, var = running_mean, running_var
        if mode == "train":
            mean, var = np.mean(x, 0), var_of(x)
            if in_place:
                running_mean *= momentum
                running_mean += (1 - momentum) * mean
                running_var *= momentum
                running_var += (1 - momentum) * var
            else:
                running_mean = momentum * running_mean + (1 - momentum) * mean
                running_var = momentum * running_var + (1 - momentum) * var
        bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
        inverse = 1 / np.sqrt(var + eps)
        out = gamma * ((x - mean) * inverse) + beta
        return out, {"x": x, "mean": mean, "inverse": inverse, "gamma": gamma}

    def batchnorm_backward(dout, cache):
        x, mean, inverse, gamma = (cache[name] for name in ("x", "mean", "inverse", "gamma"))
        N = x.shape[0]
        dxhat = dout * gamma
        dvar = np.sum(dxhat * (x - mean) * -0.5 * inverse**3, axis=0)
        dmean = np.sum(-dxhat * inverse, axis=0) + dvar * np.mean(-2 * (x - mean), axis=0)
        dx = dxhat * inverse + dvar * 2 * (x - mean) / N + dmean / N
        return dx, np.sum(dout * (x - mean) * inverse, axis=0), np.sum(dout, axis=0)

    both = {"batchnorm_backward": batchnorm_backward, "batchnorm_backward_alt": batchnorm_backward}
    return {"batchnorm_forward": batchnorm_forward} | both


BATCHNORM = ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt")
SPATIAL = ("spatial_batchnorm_forward", "spatial_batchnorm_backward")


@alternative(*BATCHNORM, *SPATIAL)
def batchnorm_with_a_dict_for_a_cache():
    return _batchnorm_pair()


@alternative(*BATCHNORM)
def batchnorm_with_the_mean_square_less_the_squared_mean():
    return _batchnorm_pair(lambda x: (x**2).mean(axis=0) - x.mean(axis=0) ** 2)


@alternative(*BATCHNORM, *SPATIAL)
def batchnorm_with_running_statistics_in_place():
    return _batchnorm_pair(in_place=True)


@alternative(*BATCHNORM)
def batchnorm_with_sums_one_after_the_other():
    def var_of(x):
        mean, total = sum(x) / x.dtype.type(len(x)), np.zeros(x.shape[1], x.dtype)
        for row in x:
            total += (row - mean) ** 2
        return total / x.dtype.type(len(x))

    return _batchnorm_pair(var_of)


@alternative("batchnorm_backward_alt")
def batchnorm_backward_by_jacobians():
    def batchnorm_backward_alt(dout, cache):
        _, (_, std, xhat, gamma) = cache
        N = len(xhat)
        dx = np.empty(dout.shape, dout.dtype)
        for d in range(dout.shape[1]):
            jacobian = (np.eye(N) - 1 / N - np.outer(xhat[:, d], xhat[:, d]) / N) * gamma[d] / std[d]
            dx[:, d] = jacobian @ dout[:, d]
        return dx, np.einsum("nd,nd->d", dout, xhat), dout.sum(0)

    return {"batchnorm_backward_alt": batchnorm_backward_alt}


@alternative(*BATCHNORM)
def batchnorm_with_both_backward_passes_the_closed_form():
    return {"batchnorm_backward": layers.batchnorm_backward_alt}


# --- layer normalisation ------------------------------------------------------------------------------------

LAYERNORM = ("layernorm_forward", "layernorm_backward")


@alternative(*LAYERNORM)
def layernorm_as_batchnorm_of_the_transpose():
    def layernorm_forward(x, gamma, beta, ln_param):
        N = len(x)
        param = {**ln_param, "mode": "train"}
        xhat, cache = layers.batchnorm_forward(x.T, np.ones(N, x.dtype), np.zeros(N, x.dtype), param)
        return gamma * xhat.T + beta, (cache, xhat.T, gamma)

    def layernorm_backward(dout, cache):
        inner, xhat, gamma = cache
        dx, _, _ = layers.batchnorm_backward_alt((dout * gamma).T, inner)
        return dx.T, (dout * xhat).sum(axis=0), dout.sum(axis=0)

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


@alternative(*LAYERNORM)
def layernorm_row_by_row():
    def layernorm_forward(x, gamma, beta, ln_param):
        out = np.empty(x.shape, x.dtype)
        for n, row in enumerate(x):
            out[n] = gamma * (row - row.mean()) / np.sqrt(row.var() + ln_param.get("eps", 1e-5)) + beta
        return out, (x, gamma, ln_param.get("eps", 1e-5))

    def layernorm_backward(dout, cache):
        x, gamma, eps = cache
        dx, dgamma, dbeta = np.empty(x.shape, x.dtype), np.zeros_like(gamma), np.zeros_like(gamma)
        for n, row in enumerate(x):
            inverse = 1 / np.sqrt(row.var() + eps)
            xhat, d = (row - row.mean()) * inverse, dout[n] * gamma
            dx[n] = inverse * (d - d.mean() - xhat * (d * xhat).mean())
            dgamma += dout[n] * xhat
            dbeta += dout[n]
        return dx, dgamma, dbeta

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


# --- dropout ------------------------------------------------------------------------------------------------

DROPOUT = ("dropout_forward", "dropout_backward")


def _dropout_pair(draw, view=False):
    def dropout_forward(x, dropout_param):
        if dropout_param["mode"] == "test":
            return (x if view else x + 0), None
        kept = draw(x, dropout_param["p"], dropout_param.get("seed"))
        p = x.dtype.type(dropout_param["p"])
        return np.where(kept, x / p, x.dtype.type(0)), (kept, p)

    def dropout_backward(dout, cache):
        if cache is None:
            return dout if view else dout.copy()
        kept, p = cache
        return dout * kept / p

    return {"dropout_forward": dropout_forward, "dropout_backward": dropout_backward}


@alternative(*DROPOUT)
def dropout_from_a_new_generator():
    return _dropout_pair(lambda x, p, seed: np.random.default_rng(seed).random(x.shape) < p)


@alternative(*DROPOUT)
def dropout_by_choice_that_returns_its_argument_in_test_mode():
    def draw(x, p, seed):
        random = np.random if seed is None else np.random.RandomState(seed)
        return random.choice([True, False], x.shape, p=[p, 1 - p])

    return _dropout_pair(draw, view=True)


@alternative(*DROPOUT)
def dropout_by_binomials_from_the_last_axis_to_the_first():
    def draw(x, p, seed):
        random = np.random if seed is None else np.random.RandomState(seed)
        return random.binomial(1, p, x.shape[::-1]).T.astype(bool)

    return _dropout_pair(draw)


# --- convolution and pooling --------------------------------------------------------------------------------

CONV = ("conv_forward_naive", "conv_backward_naive")
POOL = ("max_pool_forward_naive", "max_pool_backward_naive")


@alternative(*CONV)
def convolution_one_filter_tap_at_a_time():
    def taps(x, w, param):
        stride, pad = param["stride"], param["pad"]
        padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        rows, columns = (1 + (size - k) // stride for size, k in zip(padded.shape[2:], w.shape[2:]))
        for i, j in np.ndindex(*w.shape[2:]):
            place = np.s_[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            yield i, j, padded, place

    def conv_forward_naive(x, w, b, conv_param):
        out = 0
        for i, j, padded, place in taps(x, w, conv_param):
            out = out + np.einsum("nchw,fc->nfhw", padded[place], w[:, :, i, j])
        return out + b[None, :, None, None], (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        pad, dw, dpadded = conv_param["pad"], np.zeros_like(w, order="C"), None
        for i, j, padded, place in taps(x, w, conv_param):
            dpadded = np.zeros_like(padded) if dpadded is None else dpadded
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, padded[place])
            dpadded[place] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
        H, W = x.shape[2:]
        return dpadded[:, :, pad:, pad:][:, :, :H, :W], dw, np.sum(np.sum(dout, axis=(2, 3)), axis=0)

    return {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": conv_backward_naive}


@alternative("conv_forward_naive")
def convolution_in_seven_loops():
    def conv_forward_naive(x, w, b, conv_param):
        stride, pad = conv_param["stride"], conv_param["pad"]
        (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
        out = np.zeros((N, F, 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride), x.dtype)
        for n, f, i, j in np.ndindex(out.shape):
            out[n, f, i, j] = b[f]
            for c, k, m in np.ndindex(C, HH, WW):
                row, column = i * stride + k - pad, j * stride + m - pad
                if 0 <= row < H and 0 <= column < W:
                    out[n, f, i, j] += x[n, c, row, column] * w[f, c, k, m]
        return out, (x, w, b, conv_param)

    return {"conv_forward_naive": conv_forward_naive}


@alternative(*POOL)
def pooling_with_remembered_places():
    def max_pool_forward_naive(x, pool_param):
        height, width, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
        windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), (2, 3))[:, :, ::stride, ::stride]
        flat = windows.reshape(*windows.shape[:4], -1)
        return flat.max(axis=-1), (flat.argmax(axis=-1), x, pool_param)

    def max_pool_backward_naive(dout, cache):
        if len(cache) == 2:  # the cache of the contract
            _, cache = max_pool_forward_naive(*cache)
        places, x, pool_param = cache
        dx = np.zeros(x.shape, x.dtype)
        n, c, i, j = np.indices(dout.shape)
        rows, columns = np.divmod(places, pool_param["pool_width"])
        stride = pool_param["stride"]
        np.add.at(dx, (n, c, i * stride + rows, j * stride + columns), dout)
        return dx

    return {"max_pool_forward_naive": max_pool_forward_naive, "max_pool_backward_naive": max_pool_backward_naive}


# --- normalisation of images --------------------------------------------------------------------------------


@alternative(*SPATIAL)
def spatial_batchnorm_without_batchnorm():
    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        mode, eps, momentum, mean, var = _settings(x, bn_param)
        axes = (0, 2, 3)
        if mode == "train":
            bn_param["running_mean"] = momentum * mean + (1 - momentum) * x.mean(axis=axes)
            bn_param["running_var"] = momentum * var + (1 - momentum) * x.var(axis=axes)
            mean, var = x.mean(axis=axes), x.var(axis=axes)
        inverse = 1 / np.sqrt(var + eps)[:, None, None]
        xhat = (x - mean[:, None, None]) * inverse
        return gamma[:, None, None] * xhat + beta[:, None, None], (xhat, inverse, gamma)

    def spatial_batchnorm_backward(dout, cache):
        xhat, inverse, gamma = cache
        axes = (0, 2, 3)
        mean, product = dout.mean(axis=axes, keepdims=True), (dout * xhat).mean(axis=axes, keepdims=True)
        dx = gamma[:, None, None] * inverse * (dout - mean - xhat * product)
        return dx, (dout * xhat).sum(axis=axes), dout.sum(axis=axes)

    return {
        "spatial_batchnorm_forward": spatial_batchnorm_forward,
        "spatial_batchnorm_backward": spatial_batchnorm_backward,
    }


@alternative(*SPATIAL)
def spatial_batchnorm_with_channels_first():
    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        channels = np.swapaxes(x, 0, 1)
        out, cache = layers.batchnorm_forward(channels.reshape(x.shape[1], -1).T, gamma, beta, bn_param)
        return np.swapaxes(out.T.reshape(channels.shape), 0, 1), cache

    def spatial_batchnorm_backward(dout, cache):
        channels = np.swapaxes(dout, 0, 1)
        dx, dgamma, dbeta = layers.batchnorm_backward(channels.reshape(dout.shape[1], -1).T, cache)
        return np.swapaxes(dx.T.reshape(channels.shape), 0, 1), dgamma, dbeta

    return {
        "spatial_batchnorm_forward": spatial_batchnorm_forward,
        "spatial_batchnorm_backward": spatial_batchnorm_backward,
    }


@alternative("spatial_groupnorm_forward", "spatial_groupnorm_backward")
def groupnorm_as_layernorm_of_groups():
    def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
        N, C = x.shape[:2]
        rows = x.reshape(N * G, -1)
        ones, zeros = np.ones(rows.shape[1], x.dtype), np.zeros(rows.shape[1], x.dtype)
        xhat, cache = layers.layernorm_forward(rows, ones, zeros, gn_param)
        xhat = xhat.reshape(x.shape)
        out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
        return out, (cache, xhat, gamma, G)

    def spatial_groupnorm_backward(dout, cache):
        inner, xhat, gamma, G = cache
        N, C = dout.shape[:2]
        rows = (dout * gamma.reshape(1, C, 1, 1)).reshape(N * G, -1)
        dx, _, _ = layers.layernorm_backward(rows, inner)
        dgamma, dbeta = (dout * xhat).sum((0, 2, 3)), dout.sum((0, 2, 3))
        return dx.reshape(dout.shape), dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape)

    return {
        "spatial_groupnorm_forward": spatial_groupnorm_forward,
        "spatial_groupnorm_backward": spatial_groupnorm_backward,
    }


@alternative("spatial_groupnorm_forward")
def groupnorm_image_by_image():
    def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
        out, size = np.empty(x.shape, x.dtype), x.shape[1] // G
        for n, g in np.ndindex(len(x), G):
            part = x[n, g * size : (g + 1) * size]
            out[n, g * size : (g + 1) * size] = (part - part.mean()) / np.sqrt(
                part.var() + gn_param.get("eps", 1e-5)
            )
        return gamma.reshape(-1, 1, 1) * out + beta.reshape(-1, 1, 1), None

    return {"spatial_groupnorm_forward": spatial_groupnorm_forward}


@alternative("affine_forward", "affine_backward")
def affine_with_the_bias_as_a_last_weight():
    def affine_forward(x, w, b):
        rows = np.hstack([x.reshape(len(x), -1), np.ones((len(x), 1), x.dtype)])
        return rows @ np.vstack([w, b]), (x, w, b)

    def affine_backward(dout, cache):
        x, w, _ = cache
        rows = np.hstack([x.reshape(len(x), -1), np.ones((len(x), 1), x.dtype)])
        dwb = np.dot(rows.T, dout)
        return np.dot(dout, w.T).reshape(*x.shape), dwb[:-1], dwb[-1]

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@alternative("affine_forward", "affine_backward")
def affine_by_tensordot():
    def affine_forward(x, w, b):
        axes = list(range(1, x.ndim))
        return np.tensordot(x, w.reshape(*x.shape[1:], -1), (axes, range(len(axes)))) + b[None], (x, w, b)

    def affine_backward(dout, cache):
        x, w, _ = cache
        dw = np.tensordot(x, dout, (0, 0)).reshape(w.shape)
        return np.tensordot(dout, w, (1, 1)).reshape(x.shape), dw, np.ones(len(dout), dout.dtype) @ dout

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@alternative("relu_forward", "relu_backward")
def relu_as_half_the_sum_of_x_and_its_size():
    def relu_forward(x):
        return (x + np.abs(x)) / 2, {"positive": np.greater(x, 0)}

    def relu_backward(dout, cache):
        positive = cache["positive"] if isinstance(cache, dict) else cache > 0
        return np.where(positive, dout, np.zeros_like(dout))

    return {"relu_forward": relu_forward, "relu_backward": relu_backward}


@alternative("relu_forward", "relu_backward")
def relu_by_the_mask_and_putmask():
    def relu_forward(x):
        out = np.array(x)
        np.putmask(out, out < 0, 0)
        return out, x

    def relu_backward(dout, cache):
        dx = np.zeros_like(dout)
        np.copyto(dx, dout, where=cache > 0)
        return dx

    return {"relu_forward": relu_forward, "relu_backward": relu_backward}


@alternative(*BATCHNORM)
def batchnorm_by_einsum():
    return _batchnorm_pair(lambda x: np.einsum("nd,nd->d", x - x.mean(0), x - x.mean(0)) / x.dtype.type(len(x)))


@alternative(*BATCHNORM)
def batchnorm_feature_by_feature():
    def batchnorm_forward(x, gamma, beta, bn_param):
        mode, eps, momentum, mean, var = _settings(x, bn_param)
        out, inverse, mean, var = (
            np.empty_like(x, order="C"),
            np.ones(x.shape[1], x.dtype),
            mean.copy(),
            var.copy(),
        )
        for d in range(x.shape[1]):
            column, centre, spread = x[:, d], mean[d], var[d]
            if mode == "train":
                centre, spread = np.average(column), np.var(column)
                mean[d] = momentum * mean[d] + (1 - momentum) * centre
                var[d] = momentum * var[d] + (1 - momentum) * spread
            inverse[d] = (spread + eps) ** -0.5
            out[:, d] = gamma[d] * (column - centre) * inverse[d] + beta[d]
        bn_param.update(running_mean=mean, running_var=var)
        return out, (x, inverse, gamma)

    def batchnorm_backward(dout, cache):
        x, inverse, gamma = cache
        dx = np.empty_like(dout, order="C")
        dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
        for d in range(x.shape[1]):
            xhat = (x[:, d] - x[:, d].mean()) * inverse[d]
            dgamma[d], dbeta[d] = np.dot(dout[:, d], xhat), dout[:, d].sum()
            dx[:, d] = gamma[d] * inverse[d] * (dout[:, d] - (dbeta[d] + xhat * dgamma[d]) / x.dtype.type(len(x)))
        return dx, dgamma, dbeta

    return {
        "batchnorm_forward": batchnorm_forward,
        "batchnorm_backward": batchnorm_backward,
        "batchnorm_backward_alt": batchnorm_backward,
    }


@alternative("batchnorm_forward")
def batchnorm_that_folds_scale_and_shift_at_test_time():
    def batchnorm_forward(x, gamma, beta, bn_param):
        if bn_param["mode"] == "train":
            return layers.batchnorm_forward(x, gamma, beta, bn_param)
        _, eps, _, mean, var = _settings(x, bn_param)
        bn_param.setdefault("running_mean", mean)
        bn_param.setdefault("running_var", var)
        scale = gamma / (var + eps) ** 0.5
        return scale * x + (beta - scale * mean), None

    return {"batchnorm_forward": batchnorm_forward}


@alternative("batchnorm_backward_alt")
def batchnorm_alt_with_n_drawn_out():
    def batchnorm_backward_alt(dout, cache):
        _, (_, std, xhat, gamma) = cache
        N = dout.shape[0]
        dgamma, dbeta = np.einsum("nd,nd->d", xhat, dout), np.einsum("nd->d", dout)
        return (gamma / (N * std)) * (N * dout - dbeta - xhat * dgamma), dgamma, dbeta

    return {"batchnorm_backward_alt": batchnorm_backward_alt}


@alternative(*LAYERNORM)
def layernorm_by_einsum_with_a_dict_for_a_cache():
    def layernorm_forward(x, gamma, beta, ln_param):
        D = x.dtype.type(x.shape[1])
        centred = x - np.einsum("nd->n", x)[:, None] / D
        inverse = 1 / np.sqrt(np.einsum("nd,nd->n", centred, centred)[:, None] / D + ln_param.get("eps", 1e-5))
        return centred * inverse * gamma[None] + beta[None], {"xhat": centred * inverse, "i": inverse, "g": gamma}

    def layernorm_backward(dout, cache):
        xhat, D = cache["xhat"], dout.shape[1]
        d = dout * cache["g"]
        dx = cache["i"] / D * (D * d - d.sum(1, keepdims=True) - xhat * (d * xhat).sum(1, keepdims=True))
        return dx, np.einsum("nd,nd->d", dout, xhat), np.einsum("nd->d", dout)

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


@alternative(*LAYERNORM)
def layernorm_node_by_node_on_the_transpose():
    def layernorm_forward(x, gamma, beta, ln_param):
        columns = x.T
        mean, var = columns.mean(axis=0), columns.var(axis=0)
        std = np.sqrt(var + ln_param.get("eps", 1e-5))
        return ((columns - mean) / std).T * gamma + beta, (columns - mean, std, gamma)

    def layernorm_backward(dout, cache):
        centred, std, gamma = cache
        d, D = (dout * gamma).T, len(centred)
        dvar = np.sum(-0.5 * d * centred / std**3, axis=0)
        dmean = np.sum(-d / std, axis=0)
        dx = d / std + 2 * dvar * centred / D + dmean / D
        return dx.T, np.sum(dout * (centred / std).T, axis=0), np.sum(dout, axis=0)

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


@alternative("layernorm_backward")
def layernorm_backward_by_jacobians():
    def layernorm_backward(dout, cache):
        _, (xhat, std, gamma) = cache
        D, dx = xhat.shape[1], np.empty(dout.shape, dout.dtype)
        for n in range(len(dout)):
            dx[n] = (np.eye(D) - 1 / D - np.outer(xhat[n], xhat[n]) / D) @ (dout[n] * gamma) / std[n]
        return dx, sum(dout * xhat), sum(dout)

    return {"layernorm_backward": layernorm_backward}


@alternative(*DROPOUT)
def dropout_with_one_number_at_a_time():
    def draw(x, p, seed):
        random = np.random if seed is None else np.random.RandomState(seed)
        return np.array([random.random_sample() < p for _ in range(x.size)]).reshape(x.shape)

    return _dropout_pair(draw)


@alternative(*DROPOUT)
def dropout_that_keeps_above_one_minus_p():
    return _dropout_pair(
        lambda x, p, seed: (
            (np.random if seed is None else np.random.RandomState(seed)).uniform(size=x.shape) >= 1 - p
        )
    )


@alternative(*DROPOUT)
def dropout_in_place_on_a_copy():
    def dropout_forward(x, dropout_param):
        p, out, mask = dropout_param["p"], np.array(x), None
        if dropout_param["mode"] == "train":
            seed = dropout_param.get("seed")
            random = np.random if seed is None else np.random.RandomState(seed)
            mask = random.rand(*x.shape) < p
            out *= mask
            out /= x.dtype.type(p)
        return out, (mask, p)

    def dropout_backward(dout, cache):
        mask, p = cache
        dx = np.array(dout)
        if mask is not None:
            dx[~mask] = 0
            dx /= dx.dtype.type(p)
        return dx

    return {"dropout_forward": dropout_forward, "dropout_backward": dropout_backward}


@alternative(*CONV)
def convolution_by_windows_and_einsum():
    def windows_of(x, w, conv_param):
        pad, stride = conv_param["pad"], conv_param["stride"]
        padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        view = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], (2, 3))
        return view[:, :, ::stride, ::stride]

    def conv_forward_naive(x, w, b, conv_param):
        out = np.einsum("ncijhw,fchw->nfij", windows_of(x, w, conv_param), w) + b.reshape(1, -1, 1, 1)
        return out, (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, _, conv_param = cache
        pad, stride = conv_param["pad"], conv_param["stride"]
        dw = np.einsum("ncijhw,nfij->fchw", windows_of(x, w, conv_param), dout)
        dx = np.zeros(x.shape, dout.dtype)
        for (i, j), (h, k) in (
            (place, tap) for place in np.ndindex(dout.shape[2:]) for tap in np.ndindex(w.shape[2:])
        ):
            row, column = i * stride + h - pad, j * stride + k - pad
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                dx[:, :, row, column] += dout[:, :, i, j] @ w[:, :, h, k]
        return dx, dw, np.einsum("nfij->f", dout)

    return {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": conv_backward_naive}


@alternative(*CONV)
def convolution_image_by_image_as_a_matrix_product():
    def columns_of(image, w, conv_param, out_shape):
        pad, stride = conv_param["pad"], conv_param["stride"]
        padded = np.zeros((image.shape[0], image.shape[1] + 2 * pad, image.shape[2] + 2 * pad), image.dtype)
        padded[:, pad : pad + image.shape[1], pad : pad + image.shape[2]] = image
        corners = [(i * stride, j * stride) for i, j in np.ndindex(*out_shape)]
        return [padded[:, i : i + w.shape[2], j : j + w.shape[3]].ravel() for i, j in corners], corners, padded

    def conv_forward_naive(x, w, b, conv_param):
        sizes = [
            1 + (n + 2 * conv_param["pad"] - k) // conv_param["stride"] for n, k in zip(x.shape[2:], w.shape[2:])
        ]
        out = [np.array(columns_of(image, w, conv_param, sizes)[0]) @ w.reshape(len(w), -1).T + b for image in x]
        return np.array(out).transpose(0, 2, 1).reshape(len(x), len(w), *sizes), (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, _, conv_param = cache
        pad, dx, dw = conv_param["pad"], np.empty_like(x, order="C"), np.zeros_like(w, order="C")
        for n in range(len(x)):
            columns, corners, padded = columns_of(x[n], w, conv_param, dout.shape[2:])
            flat, dpadded = dout[n].reshape(len(w), -1), np.zeros_like(padded)
            dw += (flat @ np.array(columns)).reshape(w.shape)
            for (i, j), part in zip(corners, flat.T @ w.reshape(len(w), -1)):
                dpadded[:, i : i + w.shape[2], j : j + w.shape[3]] += part.reshape(w.shape[1:])
            dx[n] = dpadded[:, pad : pad + x.shape[2], pad : pad + x.shape[3]]
        return dx, dw, dout.sum(0).sum(1).sum(1)

    return {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": conv_backward_naive}


@alternative("max_pool_forward_naive")
def pooling_one_place_of_the_window_at_a_time():
    def max_pool_forward_naive(x, pool_param):
        height, width, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
        rows, columns = 1 + (x.shape[2] - height) // stride, 1 + (x.shape[3] - width) // stride
        out = np.full((*x.shape[:2], rows, columns), -np.inf, x.dtype)
        for i, j in np.ndindex(height, width):
            taken = x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            np.maximum(out, taken, out=out)
        return out, (x, pool_param)

    return {"max_pool_forward_naive": max_pool_forward_naive}


@alternative(*POOL)
def pooling_in_loops_over_every_pixel():
    def best(x, n, c, i, j, param):
        stride, place = param["stride"], None
        for row in range(i * stride, i * stride + param["pool_height"]):
            for column in range(j * stride, j * stride + param["pool_width"]):
                if place is None or x[n, c, row, column] > x[(n, c, *place)]:
                    place = row, column
        return n, c, *place

    def max_pool_forward_naive(x, pool_param):
        rows = (x.shape[2] - pool_param["pool_height"]) // pool_param["stride"] + 1
        columns = (x.shape[3] - pool_param["pool_width"]) // pool_param["stride"] + 1
        out = np.zeros((*x.shape[:2], rows, columns), x.dtype)
        for place in np.ndindex(out.shape):
            out[place] = x[best(x, *place, pool_param)]
        return out, (x, pool_param)

    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        dx = np.zeros(x.shape, x.dtype)
        for place in np.ndindex(dout.shape):
            dx[best(x, *place, pool_param)] += dout[place]
        return dx

    return {"max_pool_forward_naive": max_pool_forward_naive, "max_pool_backward_naive": max_pool_backward_naive}


@alternative("max_pool_backward_naive")
def pooling_backward_by_a_mask_of_first_maxima():
    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        height, width, stride = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
        dx = np.zeros_like(x, order="C")
        for i, j in np.ndindex(dout.shape[2:]):
            place = np.s_[:, :, i * stride : i * stride + height, j * stride : j * stride + width]
            flat = x[place].reshape(*x.shape[:2], -1)
            first = np.cumsum(flat == flat.max(axis=2, keepdims=True), axis=2) == 1
            first &= flat == flat.max(axis=2, keepdims=True)
            dx[place] += (first * dout[:, :, i, j, None]).reshape(*x.shape[:2], height, width)
        return dx

    return {"max_pool_backward_naive": max_pool_backward_naive}


@alternative("spatial_batchnorm_backward")
def spatial_batchnorm_backward_by_the_graph():
    def spatial_batchnorm_backward(dout, cache):
        _, cache = cache
        rows = np.stack([dout[:, c].ravel() for c in range(dout.shape[1])], axis=1)
        dx, dgamma, dbeta = layers.batchnorm_backward(rows, cache)
        N, C, H, W = dout.shape
        return np.stack([dx[:, c].reshape(N, H, W) for c in range(C)], axis=1), dgamma, dbeta

    return {"spatial_batchnorm_backward": spatial_batchnorm_backward}


@alternative("spatial_groupnorm_forward", "spatial_groupnorm_backward")
def groupnorm_with_five_axes():
    def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
        N, C, H, W = x.shape
        groups = x.reshape(N, G, C // G, H, W)
        mean, var = groups.mean((2, 3, 4), keepdims=True), groups.var((2, 3, 4), keepdims=True)
        inverse = 1 / np.sqrt(var + gn_param.get("eps", 1e-5))
        xhat = ((groups - mean) * inverse).reshape(x.shape)
        out = gamma.reshape(-1, 1, 1) * xhat + beta.reshape(-1, 1, 1)
        return out, {"groups": groups, "mean": mean, "inverse": inverse, "gamma": gamma, "beta": beta}

    def spatial_groupnorm_backward(dout, cache):
        groups, mean, inverse, gamma = (cache[name] for name in ("groups", "mean", "inverse", "gamma"))
        axes, size = (2, 3, 4), groups[0, 0].size
        d = (dout * gamma.reshape(-1, 1, 1)).reshape(groups.shape)
        dvar = (-0.5 * d * (groups - mean) * inverse**3).sum(axes, keepdims=True)
        dmean = -(d * inverse).sum(axes, keepdims=True)
        dx = d * inverse + 2 * dvar * (groups - mean) / size + dmean / size
        xhat = ((groups - mean) * inverse).reshape(dout.shape)
        dgamma, dbeta = np.einsum("nchw,nchw->c", dout, xhat), np.einsum("nchw->c", dout)
        return dx.reshape(dout.shape), dgamma.reshape(gamma.shape), dbeta.reshape(cache["beta"].shape)

    return {
        "spatial_groupnorm_forward": spatial_groupnorm_forward,
        "spatial_groupnorm_backward": spatial_groupnorm_backward,
    }


# --- update rules -------------------------------------------------------------------------------------------


@alternative("sgd_momentum")
def momentum_with_w_updated_in_place():
    def sgd_momentum(w, dw, config=None):
        config = {} if config is None else config
        config.setdefault("learning_rate", 1e-2)
        config.setdefault("momentum", 0.9)
        v = config.get("velocity", np.zeros_like(w))
        v = config["momentum"] * v - config["learning_rate"] * dw
        w += v
        config["velocity"] = v
        return w, config

    return {"sgd_momentum": sgd_momentum}


@alternative("sgd_momentum")
def momentum_that_returns_a_new_dict():
    def sgd_momentum(w, dw, config=None):
        config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w), **(config or {})}
        velocity = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
        return w + velocity, {**config, "velocity": velocity}

    return {"sgd_momentum": sgd_momentum}


@alternative("rmsprop")
def rmsprop_in_place():
    def rmsprop(w, dw, config=None):
        config = {} if config is None else config
        for name, default in (("learning_rate", 1e-2), ("decay_rate", 0.99), ("epsilon", 1e-8)):
            config.setdefault(name, default)
        cache = config.setdefault("cache", np.zeros_like(w))
        cache *= config["decay_rate"]
        cache += (1 - config["decay_rate"]) * np.square(dw)
        w -= config["learning_rate"] * dw / (cache**0.5 + config["epsilon"])
        return w, config

    return {"rmsprop": rmsprop}


@alternative("adam")
def adam_with_both_corrections_in_the_step():
    def adam(w, dw, config=None):
        config = {} if config is None else config
        for name, default in (
            ("learning_rate", 1e-3),
            ("beta1", 0.9),
            ("beta2", 0.999),
            ("epsilon", 1e-8),
            ("t", 0),
        ):
            config.setdefault(name, default)
        beta1, beta2 = config["beta1"], config["beta2"]
        config["t"] = t = config["t"] + 1
        config["m"] = config.get("m", 0 * w) + (1 - beta1) * (dw - config.get("m", 0 * w))
        config["v"] = config.get("v", 0 * w) + (1 - beta2) * (dw * dw - config.get("v", 0 * w))
        root = (1 - beta2**t) ** 0.5
        step = config["learning_rate"] * root / (1 - beta1**t)
        return w - step * config["m"] / (np.sqrt(config["v"]) + config["epsilon"] * root), config

    return {"adam": adam}


@alternative("sgd_momentum")
def momentum_with_the_velocity_in_place():
    def sgd_momentum(w, dw, config=None):
        config = {} if config is None else config
        rate, momentum = config.setdefault("learning_rate", 1e-2), config.setdefault("momentum", 0.9)
        velocity = config.setdefault("velocity", np.zeros_like(w))
        velocity *= momentum
        velocity -= rate * dw
        return np.add(w, velocity), config

    return {"sgd_momentum": sgd_momentum}


@alternative("rmsprop")
def rmsprop_as_a_step_towards_the_new_square():
    def rmsprop(w, dw, config=None):
        config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": np.zeros_like(w)} | (
            config or {}
        )
        cache = config["cache"] + (1 - config["decay_rate"]) * (dw * dw - config["cache"])
        return w - config["learning_rate"] * (dw / (config["epsilon"] + cache**0.5)), config | {"cache": cache}

    return {"rmsprop": rmsprop}


def _adam_with(step):
    def adam(w, dw, config=None):
        config = {} if config is None else config
        defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
        for name, value in (defaults | {"m": np.zeros_like(w), "v": np.zeros_like(w)}).items():
            config.setdefault(name, value)
        config["t"] += 1
        return step(w, dw, config), config

    return {"adam": adam}


@alternative("adam")
def adam_as_in_the_paper():
    def step(w, dw, config):
        config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
        config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw**2
        mhat, vhat = (config[k] / (1 - config[b] ** config["t"]) for k, b in (("m", "beta1"), ("v", "beta2")))
        return w - config["learning_rate"] * mhat / (np.sqrt(vhat) + config["epsilon"])

    return _adam_with(step)


@alternative("adam")
def adam_in_place():
    def step(w, dw, config):
        for name, beta, new in (("m", config["beta1"], dw), ("v", config["beta2"], np.square(dw))):
            config[name] *= beta
            config[name] += (1 - beta) * new
        root = np.sqrt(config["v"] / (1 - config["beta2"] ** config["t"]))
        w -= (
            config["learning_rate"]
            / (1 - config["beta1"] ** config["t"])
            * config["m"]
            / (root + config["epsilon"])
        )
        return w

    return _adam_with(step)


# --- nets ---------------------------------------------------------------------------------------------------


class TwoLayerByHand:
    """No layer is called: one matrix product after the other, softmax included."""

    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        random = np.random.default_rng()
        self.reg = reg
        self.params = {
            "W2": random.normal(0, weight_scale, (hidden_dim, num_classes)),
            "b2": np.zeros(num_classes),
            "W1": random.normal(0, weight_scale, (input_dim, hidden_dim)),
            "b1": np.zeros((hidden_dim,)),
        }

    def loss(self, X, y=None):
        p = self.params
        X = X.reshape(len(X), -1).astype(np.float64)
        before = X @ p["W1"] + p["b1"]
        hidden = np.maximum(before, 0)
        scores = hidden @ p["W2"] + p["b2"]
        if y is None:
            return scores
        probabilities = np.exp(scores - scores.max(1, keepdims=True))
        probabilities /= probabilities.sum(1, keepdims=True)
        loss = -np.log(probabilities[np.arange(len(y)), y]).mean()
        loss += 0.5 * self.reg * ((p["W1"] ** 2).sum() + (p["W2"] ** 2).sum())
        probabilities[np.arange(len(y)), y] -= 1
        dscores = probabilities / len(y)
        dhidden = np.where(before > 0, dscores @ p["W2"].T, 0)
        return float(loss), {
            "W1": X.T @ dhidden + self.reg * p["W1"],
            "b1": dhidden.sum(0),
            "W2": hidden.T @ dscores + self.reg * p["W2"],
            "b2": dscores.sum(0),
        }


ALTERNATIVES["two_layers_by_hand"] = (
    ("two_layer_net",),
    lambda: {"fc_net": replaced("classifiers.fc_net", TwoLayerNet=TwoLayerByHand)},
)


def _naive_conv_net():
    """The conv net with the naive layers for the fast ones."""
    return {
        "cnn": replaced(
            "classifiers.cnn",
            conv_relu_pool_forward=_conv_relu_pool_forward,
            conv_relu_pool_backward=_conv_relu_pool_backward,
        )
    }


def _conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, conv_cache = layers.conv_forward_naive(x, w, b, conv_param)
    r, relu_cache = layers.relu_forward(a)
    out, pool_cache = layers.max_pool_forward_naive(r, pool_param)
    return out, (conv_cache, relu_cache, pool_cache)


def _conv_relu_pool_backward(dout, cache, input_grad=True):
    conv_cache, relu_cache, pool_cache = cache
    da = layers.relu_backward(layers.max_pool_backward_naive(dout, pool_cache), relu_cache)
    return layers.conv_backward_naive(da, conv_cache)


ALTERNATIVES["conv_net_of_naive_layers"] = ("three_layer_conv_net",), _naive_conv_net


def _full_net_with(**functions):
    names = (
        "fully_connected_net",
        *(f"fully_connected_net_{kind}" for kind in ("batchnorm", "layernorm", "dropout")),
    )
    return names, lambda: {"fc_net": replaced("classifiers.fc_net", **functions)}


ALTERNATIVES["full_net_with_the_graph_for_batchnorm"] = _full_net_with(
    batchnorm_backward_alt=layers.batchnorm_backward
)
ALTERNATIVES["full_net_with_other_layers"] = _full_net_with(
    relu_forward=lambda x: (np.where(x > 0, x, x.dtype.type(0)), x > 0),
    relu_backward=lambda dout, mask: dout * mask,
    batchnorm_forward=_batchnorm_pair()["batchnorm_forward"],
    batchnorm_backward_alt=_batchnorm_pair()["batchnorm_backward"],
    dropout_forward=dropout_from_a_new_generator()["dropout_forward"],
    dropout_backward=dropout_from_a_new_generator()["dropout_backward"],
)
ALTERNATIVES["full_net_with_the_first_layers_of_this_list"] = _full_net_with(
    affine_forward=affine_by_einsum_with_another_cache()["affine_forward"],
    affine_backward=affine_by_einsum_with_another_cache()["affine_backward"],
    layernorm_forward=layernorm_row_by_row()["layernorm_forward"],
    layernorm_backward=layernorm_row_by_row()["layernorm_backward"],
)
ALTERNATIVES["full_net_of_loops"] = _full_net_with(
    **affine_by_loops(),
    **relu_by_the_mask_and_putmask(),
    **layernorm_node_by_node_on_the_transpose(),
    **dropout_in_place_on_a_copy(),
    batchnorm_forward=batchnorm_feature_by_feature()["batchnorm_forward"],
    batchnorm_backward_alt=batchnorm_feature_by_feature()["batchnorm_backward_alt"],
)


def _two_layer_net(penalty):
    """The two layers with another way of writing the penalty and its gradient."""
    edits = (
        "loss += 0.5 * reg * np.sum(W * W)\n            grads[name] += reg * W",
        penalty,
    )
    return {"fc_net": rewritten("classifiers.fc_net", edits)}


ALTERNATIVES["two_layers_with_a_penalty_by_the_norm"] = (
    ("two_layer_net",),
    lambda: _two_layer_net(
        "loss += reg / 2 * np.linalg.norm(W) ** 2\n            grads[name] = grads[name] + W * reg"
    ),
)
ALTERNATIVES["two_layers_with_a_penalty_by_einsum"] = (
    ("two_layer_net",),
    lambda: _two_layer_net(
        'loss = loss + reg * np.einsum("ij,ij", W, W) / 2\n            grads[name] = np.add(grads[name], reg * W)'
    ),
)


def _conv_net(**functions):
    return ("three_layer_conv_net",), lambda: {"cnn": replaced("classifiers.cnn", **functions)}


ALTERNATIVES["conv_net_of_other_affine_layers"] = _conv_net(
    affine_forward=affine_with_the_bias_as_a_last_weight()["affine_forward"],
    affine_backward=affine_with_the_bias_as_a_last_weight()["affine_backward"],
)


def _sandwich():
    """Affine and ReLU with the mask of the output for a cache."""

    def affine_relu_forward(x, w, b):
        out = np.maximum(x.reshape(len(x), -1) @ w + b, 0)
        return out, (x, w, out)

    def affine_relu_backward(dout, cache):
        x, w, out = cache
        da = dout * (out > 0)
        return (da @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ da, da.sum(0)

    return {"affine_relu_forward": affine_relu_forward, "affine_relu_backward": affine_relu_backward}


ALTERNATIVES["conv_net_with_a_sandwich_of_its_own"] = _conv_net(**_sandwich())
ALTERNATIVES["two_layers_with_a_sandwich_of_their_own"] = (
    ("two_layer_net",),
    lambda: {"fc_net": replaced("classifiers.fc_net", **_sandwich())},
)
