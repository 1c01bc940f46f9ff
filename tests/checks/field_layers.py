"""Right layers as strangers write them: matrices, windows by strides, columns, loops, single precision, prints.

Registered in `field.FIELD`.
"""

import copy
import itertools
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from cs231n import layers
from tests.checks.field import (
    AFFINE,
    BATCHNORM,
    CONV,
    DROPOUT,
    LAYERNORM,
    POOL,
    RELU,
    _closed,
    _convolution,
    _graph,
    _layernorm_backward,
    _layernorm_forward,
    _pooling,
    field,
)

SPATIAL = ("spatial_batchnorm_forward", "spatial_batchnorm_backward")
GROUPNORM = ("spatial_groupnorm_forward", "spatial_groupnorm_backward")
SINGLE = np.float32

# --- affine and relu ----------------------------------------------------------------------------------------


@field(*AFFINE, misses="gradient_shapes")
def affine_with_matrices():
    """A matrix has two axes wherever it goes, and so has the sum of its columns."""

    def affine_forward(x, w, b):
        return np.asmatrix(x.reshape(x.shape[0], -1)) * np.asmatrix(w) + b, (x, w, b)

    def affine_backward(dout, cache):
        x, w, b = cache
        dout, rows = np.asmatrix(dout), np.asmatrix(x.reshape(x.shape[0], -1))
        return np.asarray(dout * w.T).reshape(x.shape), rows.T * dout, dout.sum(axis=0)

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@field(*AFFINE)
def affine_with_hints_prints_and_a_helper():
    def flat(x: np.ndarray) -> np.ndarray:
        first, *rest = x.shape
        size = 1
        for length in rest:
            size *= length
        return np.resize(x, (first, size)) if x.flags.c_contiguous else np.ravel(x).reshape(first, size)

    def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]:
        print("affine_forward", x.shape, w.shape)
        scores = np.inner(flat(x), w.transpose())
        return np.add(scores, np.tile(b, (x.shape[0], 1))), [x, w, b]

    def affine_backward(dout, cache):
        x, w, _ = cache
        print(f"{dout.shape=}")
        dw = sum(np.outer(row, d) for row, d in zip(flat(x), dout))
        return (w @ dout.T).T.reshape(x.shape), dw, np.einsum("ij->j", dout)

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@field(*AFFINE)
def affine_in_single_precision():
    def affine_forward(x, w, b):
        rows = x.astype(SINGLE).reshape(x.shape[0], -1)
        return rows.dot(w.astype(SINGLE)) + b.astype(SINGLE), (x, w, b)

    def affine_backward(dout, cache):
        x, w, _ = (part.astype(SINGLE) for part in cache)
        dout = dout.astype(SINGLE)
        return dout.dot(w.T).reshape(x.shape), x.reshape(len(x), -1).T.dot(dout), dout.sum(axis=0)

    return {"affine_forward": affine_forward, "affine_backward": affine_backward}


@field("affine_backward", misses="gradient_shapes")
def affine_whose_bias_gradient_is_a_row():
    def affine_backward(dout, cache):
        x, w, b = cache
        rows = x.reshape(x.shape[0], w.shape[0])
        return dout.dot(w.T).reshape(x.shape), rows.T.dot(dout), np.ones((1, len(dout))).dot(dout)

    return {"affine_backward": affine_backward}


@field(*RELU)
def relu_in_single_precision():
    return {
        "relu_forward": lambda x: (np.maximum(np.zeros(x.shape, SINGLE), x.astype(SINGLE)), x),
        "relu_backward": lambda dout, x: dout.astype(SINGLE) * np.array(x > 0, dtype=SINGLE),
    }


@field(*RELU)
def relu_by_vectorize():
    step = np.vectorize(lambda v: v if v > 0 else 0.0, otypes=[float])
    slope = np.vectorize(lambda d, v: d if v > 0 else 0.0, otypes=[float])
    return {"relu_forward": lambda x: (step(x), x.copy()), "relu_backward": lambda dout, x: slope(dout, x)}


@field(*RELU)
def relu_by_masks_of_copies():
    def relu_forward(x):
        out = copy.deepcopy(x)
        out[out < 0] = 0
        return out, x

    def relu_backward(dout, cache):
        dx, x = np.zeros_like(dout), cache
        dx[np.where(x > 0)] = dout[np.where(x > 0)]
        return dx

    return {"relu_forward": relu_forward, "relu_backward": relu_backward}


@field("relu_backward", misses="dout_kept")
def relu_backward_by_multiplying_in_place():
    def relu_backward(dout, cache):
        dout *= cache > 0
        return dout

    return {"relu_backward": relu_backward}


@field("relu_backward", misses="cache_kept")
def relu_backward_that_turns_the_cache_into_a_mask():
    def relu_backward(dout, cache):
        x = cache
        x[x <= 0] = 0
        x[x > 0] = 1
        dx = x * dout
        x -= 0.5
        x *= -1
        return dx

    return {"relu_backward": relu_backward}


# --- batch normalisation ------------------------------------------------------------------------------------


def _batchnorm_by(keepdims=False, dtype=np.float64, var_of=np.var, plus_eps=False):
    def batchnorm_forward(x, gamma, beta, bn_param):
        mode, eps = bn_param["mode"], bn_param.get("eps", 1e-5)
        momentum = bn_param.get("momentum", 0.9)
        N, D = x.shape
        x = x.astype(dtype)
        start = np.zeros((1, D) if keepdims else D, dtype=dtype)
        running_mean, running_var = bn_param.get("running_mean", start), bn_param.get("running_var", start)
        out, cache = None, None
        if mode == "train":
            mu = np.mean(x, axis=0, keepdims=keepdims)
            var = var_of(x, axis=0, keepdims=keepdims)
            std = np.sqrt(var + eps)
            x_norm = (x - mu) / std
            out = np.tile(gamma, (N, 1)) * x_norm + beta
            kept = var + eps if plus_eps else var
            running_mean = momentum * running_mean + (1 - momentum) * mu
            running_var = momentum * running_var + (1 - momentum) * kept
            cache = x_norm, gamma, x - mu, 1.0 / std, std, var, eps
        elif mode == "test":
            x_norm = (x - running_mean) / np.sqrt(running_var + eps)
            out = x_norm * gamma + beta
        else:
            raise ValueError(f"Invalid forward batchnorm mode {mode}")
        bn_param["running_mean"] = running_mean
        bn_param["running_var"] = running_var
        return out.astype(dtype), cache

    return batchnorm_forward


def _second_moment(x, axis, keepdims):
    return np.mean(x * x, axis=axis, keepdims=keepdims) - np.mean(x, axis=axis, keepdims=keepdims) ** 2


def _in_rows(backward):
    def rows(dout, cache):
        dx, dgamma, dbeta = backward(dout, cache)
        return dx, dgamma[np.newaxis], dbeta[np.newaxis]

    return rows


def _pops(backward):
    """The cache is a list, whose last part is taken out."""

    def popping(dout, cache):
        eps = cache.pop()
        return backward(dout, (*cache, eps))

    return popping


def _with_a_list(forward):
    def listed(*args):
        out, cache = forward(*args)
        return out, None if cache is None else list(cache)

    return listed


def _single(backward):
    def rounded(dout, cache):
        return tuple(gradient.astype(SINGLE) for gradient in backward(dout.astype(SINGLE), cache))

    return rounded


def _named(name, made, exercises, misses=""):
    made.__name__ = name
    field(*exercises, misses=misses)(made)


for _name, _functions, _misses in (
    ("batchnorm_with_rows_of_statistics", (_batchnorm_by(keepdims=True), _graph, _closed), "running_shapes"),
    (
        "batchnorm_with_rows_everywhere",
        (_batchnorm_by(keepdims=True), _in_rows(_graph), _in_rows(_closed)),
        "running_shapes gradient_shapes",
    ),
    (
        "batchnorm_whose_running_variance_follows_var_and_eps",
        (_batchnorm_by(plus_eps=True), _graph, _closed),
        "running_var_without_eps",
    ),
    ("batchnorm_in_single_precision", (_batchnorm_by(dtype=SINGLE), _single(_graph), _single(_closed)), ""),
    ("batchnorm_by_the_second_moment", (_batchnorm_by(var_of=_second_moment), _closed, _graph), ""),
    (
        "batchnorm_that_pops_from_its_cache",
        (_with_a_list(_batchnorm_by()), _pops(_graph), _pops(_closed)),
        "cache_kept",
    ),
):
    _named(_name, lambda _functions=_functions: dict(zip(BATCHNORM, _functions)), BATCHNORM, _misses)


@field(*BATCHNORM)
def batchnorm_by_the_paper_in_steps():
    """Every intermediate result has a name, and the test mode folds scale and shift into one product."""

    def batchnorm_forward(x, gamma, beta, bn_param):
        bn_param.setdefault("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
        bn_param.setdefault("running_var", np.zeros(x.shape[1], dtype=x.dtype))
        eps, m = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
        if bn_param["mode"] == "test":
            scale = gamma / np.sqrt(bn_param["running_var"] + eps)
            return x * scale + (beta - bn_param["running_mean"] * scale), None
        N = float(x.shape[0])
        step1 = 1.0 / N * np.sum(x, axis=0)
        step2 = x - step1
        step3 = step2**2
        step4 = 1.0 / N * np.sum(step3, axis=0)
        step5 = np.sqrt(step4 + eps)
        step6 = 1.0 / step5
        step7 = step2 * step6
        bn_param["running_mean"] = m * bn_param["running_mean"] + (1.0 - m) * step1
        bn_param["running_var"] = m * bn_param["running_var"] + (1.0 - m) * step4
        return gamma * step7 + beta, (x, step1, step2, step4, step5, step6, step7, gamma, beta, eps, bn_param)

    def batchnorm_backward(dout, cache):
        x, mu, xmu, var, sqrtvar, ivar, xhat, gamma, beta, eps, bn_param = cache
        N, D = dout.shape
        dbeta = np.sum(dout, axis=0)
        dgammax = dout
        dgamma = np.sum(dgammax * xhat, axis=0)
        dxhat = dgammax * gamma
        divar = np.sum(dxhat * xmu, axis=0)
        dxmu1 = dxhat * ivar
        dsqrtvar = -1.0 / (sqrtvar**2) * divar
        dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
        dsq = 1.0 / N * np.ones((N, D)) * dvar
        dxmu2 = 2 * xmu * dsq
        dx1 = dxmu1 + dxmu2
        dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
        return dx1 + 1.0 / N * np.ones((N, D)) * dmu, dgamma, dbeta

    def batchnorm_backward_alt(dout, cache):
        x, mu, _, var, _, _, _, gamma, _, eps, _ = cache
        N = x.shape[0]
        dbeta = dout.sum(0)
        dgamma = np.sum((x - mu) * (var + eps) ** (-1.0 / 2.0) * dout, axis=0)
        dx = (1.0 / N) * gamma * (var + eps) ** (-1.0 / 2.0)
        dx = dx * (N * dout - dbeta - (x - mu) * (var + eps) ** (-1.0) * np.sum(dout * (x - mu), axis=0))
        return dx, dgamma, dbeta

    return dict(zip(BATCHNORM, (batchnorm_forward, batchnorm_backward, batchnorm_backward_alt)))


# --- layer normalisation ------------------------------------------------------------------------------------


@field(*LAYERNORM)
def layernorm_that_obeys_a_mode():
    def layernorm_forward(x, gamma, beta, ln_param):
        if ln_param.get("mode", "train") == "train":
            return _layernorm_forward(x, gamma, beta, ln_param)
        raise ValueError("Invalid forward layernorm mode")

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": _layernorm_backward}


@field(*LAYERNORM)
def layernorm_whose_dict_gets_a_mode():
    def layernorm_forward(x, gamma, beta, ln_param):
        ln_param["mode"] = "train"
        ln_param.setdefault("eps", 1e-5)
        param = dict(ln_param, momentum=0.0)
        xhat, cache = layers.batchnorm_forward(x.T, np.ones(len(x)), np.zeros(len(x)), param)
        return gamma * xhat.T + beta, (cache, xhat.T, gamma)

    def layernorm_backward(dout, cache):
        inner, xhat, gamma = cache
        dx, _, _ = layers.batchnorm_backward((dout * gamma).T, inner)
        return dx.T, np.sum(dout * xhat, axis=0), dout.sum(0)

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


@field(*LAYERNORM, misses="gradient_shapes")
def layernorm_with_rows_of_gradients():
    return {"layernorm_forward": _layernorm_forward, "layernorm_backward": _in_rows(_layernorm_backward)}


@field(*LAYERNORM)
def layernorm_with_columns_of_gamma():
    def layernorm_forward(x, gamma, beta, ln_param):
        eps = ln_param.get("eps", 1e-5)
        x_T = x.T
        mu = np.mean(x_T, axis=0)
        xc = x_T - mu
        inv_std = 1 / np.sqrt(np.mean(xc**2, axis=0) + eps)
        xn = xc * inv_std
        out = gamma.reshape(-1, 1) * xn + beta.reshape(-1, 1)
        return out.T, {"xn": xn, "xc": xc, "inv": inv_std, "gamma": gamma}

    def layernorm_backward(dout, cache):
        xn, xc, inv, gamma = cache["xn"], cache["xc"], cache["inv"], cache["gamma"]
        dout = dout.T
        D, N = dout.shape
        dbeta, dgamma = np.sum(dout, axis=1), np.sum(dout * xn, axis=1)
        dxn = dout * gamma[:, None]
        dvar = np.sum(dxn * xc, axis=0) * -0.5 * inv**3
        dmu = np.sum(-dxn * inv, axis=0) + dvar * np.sum(-2 * xc, axis=0) / D
        dx = dxn * inv + dvar * 2 * xc / D + dmu / D
        return dx.T, dgamma, dbeta

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


@field(*LAYERNORM)
def layernorm_in_single_precision():
    def layernorm_forward(x, gamma, beta, ln_param):
        out, cache = _layernorm_forward(x.astype(SINGLE), gamma.astype(SINGLE), beta.astype(SINGLE), ln_param)
        return out.astype(SINGLE), cache

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": _single(_layernorm_backward)}


# --- images -------------------------------------------------------------------------------------------------


@field(*SPATIAL)
def spatial_batchnorm_by_swapped_axes():
    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        C = x.shape[1]
        moved = np.moveaxis(x, 1, 3)
        out, cache = layers.batchnorm_forward(moved.reshape(-1, C), gamma, beta, bn_param)
        return np.moveaxis(out.reshape(moved.shape), 3, 1), cache

    def spatial_batchnorm_backward(dout, cache):
        N, C, H, W = dout.shape
        rows = np.swapaxes(dout.reshape(N, C, H * W), 1, 2).reshape(-1, C)
        dx, dgamma, dbeta = layers.batchnorm_backward(rows, cache)
        return np.swapaxes(dx.reshape(N, H * W, C), 1, 2).reshape(N, C, H, W), dgamma, dbeta

    return {
        "spatial_batchnorm_forward": spatial_batchnorm_forward,
        "spatial_batchnorm_backward": spatial_batchnorm_backward,
    }


@field(*SPATIAL)
def spatial_batchnorm_by_the_transpose_of_all_axes():
    """x.T puts width first; what counts is that the channels stay apart."""

    def spatial_batchnorm_forward(x, gamma, beta, bn_param):
        N, C, H, W = x.shape
        flat = x.transpose(1, 0, 2, 3).reshape(C, -1).T
        out, cache = layers.batchnorm_forward(flat.copy(), gamma, beta, bn_param)
        return out.T.reshape(C, N, H, W).transpose(1, 0, 2, 3), (cache, x.shape)

    def spatial_batchnorm_backward(dout, cache):
        cache, (N, C, H, W) = cache
        flat = dout.transpose(1, 0, 2, 3).reshape(C, -1).T
        dx, dgamma, dbeta = layers.batchnorm_backward_alt(flat.copy(), cache)
        return dx.T.reshape(C, N, H, W).transpose(1, 0, 2, 3), dgamma, dbeta

    return {
        "spatial_batchnorm_forward": spatial_batchnorm_forward,
        "spatial_batchnorm_backward": spatial_batchnorm_backward,
    }


def _groupnorm_forward(dtype):
    def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
        eps = gn_param.get("eps", 1e-5)
        N, C, H, W = x.shape
        x_group = np.reshape(x.astype(dtype), (N, G, C // G, H, W))
        mean = np.mean(x_group, axis=(2, 3, 4), keepdims=True)
        var = np.var(x_group, axis=(2, 3, 4), keepdims=True)
        norm = np.reshape((x_group - mean) / np.sqrt(var + eps), (N, C, H, W))
        return (norm * gamma + beta).astype(dtype), (G, x.astype(dtype), norm, mean, var, gamma, beta, eps)

    return spatial_groupnorm_forward


def _groupnorm_backward(dout, cache):
    G, x, norm, mean, var, gamma, beta, eps = cache
    N, C, H, W = x.shape
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * norm, axis=(0, 2, 3), keepdims=True)
    dnorm = (dout * gamma).reshape(N, G, C // G, H, W)
    x_group, m = x.reshape(N, G, C // G, H, W), C // G * H * W
    dvar = np.sum(dnorm * (x_group - mean) * -0.5 * (var + eps) ** -1.5, axis=(2, 3, 4), keepdims=True)
    dmean = np.sum(dnorm * -1.0 / np.sqrt(var + eps), axis=(2, 3, 4), keepdims=True)
    dmean += dvar * np.sum(-2 * (x_group - mean), axis=(2, 3, 4), keepdims=True) / m
    dx = dnorm / np.sqrt(var + eps) + dvar * 2 * (x_group - mean) / m + dmean / m
    return dx.reshape(N, C, H, W), dgamma, dbeta


def _groupnorm_rows_backward(dout, cache):
    """Every group is a row: layer normalisation's formula."""
    G, x, norm, mean, var, gamma, beta, eps = cache
    shape = dout.shape
    dnorm, rows = (dout * gamma).reshape(shape[0] * G, -1), norm.reshape(shape[0] * G, -1)
    D = rows.shape[1]
    dx = D * dnorm - dnorm.sum(1, keepdims=True) - rows * (dnorm * rows).sum(1, keepdims=True)
    dx = dx / D / np.sqrt(var.reshape(-1, 1) + eps)
    dgamma = np.zeros((1, shape[1], 1, 1))
    dgamma[0, :, 0, 0] = np.sum(dout * norm, axis=(0, 2, 3))
    return dx.reshape(shape), dgamma, np.sum(dout, axis=(0, 2, 3))[None, :, None, None]


for _name, _dtype, _backward, _misses in (
    ("groupnorm_with_five_axes_kept", np.float64, _groupnorm_backward, ""),
    ("groupnorm_with_a_row_for_a_group", np.float64, _groupnorm_rows_backward, ""),
    ("groupnorm_in_single_precision", SINGLE, _single(_groupnorm_backward), ""),
):
    _functions = _groupnorm_forward(_dtype), _backward
    _named(_name, lambda _functions=_functions: dict(zip(GROUPNORM, _functions)), GROUPNORM, _misses)


def _flat_parameters(dout, cache):
    dx, dgamma, dbeta = _groupnorm_backward(dout, cache)
    return dx, dgamma.reshape(-1), dbeta.reshape(-1)


_named(
    "groupnorm_with_flat_gradients_of_gamma_and_beta",
    lambda: dict(zip(GROUPNORM, (_groupnorm_forward(np.float64), _flat_parameters))),
    GROUPNORM,
    "gradient_shapes",
)

# --- dropout ------------------------------------------------------------------------------------------------


def _dropout_by(mask_of):
    def dropout_forward(x, dropout_param):
        p, mode = dropout_param["p"], dropout_param["mode"]
        if "seed" in dropout_param:
            np.random.seed(dropout_param["seed"])
        mask, out = None, None
        if mode == "train":
            mask = mask_of(x, p)
            out = x * mask
        elif mode == "test":
            out = x
        cache = (dropout_param, mask)
        out = out.astype(x.dtype, copy=False)
        return out, cache

    def dropout_backward(dout, cache):
        dropout_param, mask = cache
        mode = dropout_param["mode"]
        dx = None
        if mode == "train":
            dx = np.multiply(dout, mask)
        elif mode == "test":
            dx = dout
        return dx

    return lambda: {"dropout_forward": dropout_forward, "dropout_backward": dropout_backward}


_named(
    "dropout_that_seeds_the_global_stream", _dropout_by(lambda x, p: (np.random.rand(*x.shape) < p) / p), DROPOUT
)
_named(
    "dropout_with_a_mask_for_two_axes",
    _dropout_by(lambda x, p: (np.random.rand(x.shape[0], x.shape[1]) < p) / p),
    DROPOUT,
    "images images_backward layout",
)
_named(
    "dropout_in_single_precision",
    _dropout_by(lambda x, p: ((np.random.rand(*x.shape) < p) / p).astype(SINGLE)),
    DROPOUT,
)
_named(
    "dropout_by_ones_and_zeros_in_a_loop",
    _dropout_by(lambda x, p: np.array([1 / p if np.random.rand() < p else 0 for _ in x.flat]).reshape(x.shape)),
    DROPOUT,
)
_named(
    "dropout_above_one_minus_p", _dropout_by(lambda x, p: (np.random.random(x.shape) >= 1 - p) * (1 / p)), DROPOUT
)
_named(
    "dropout_by_the_floor",
    _dropout_by(lambda x, p: np.floor(np.random.uniform(size=x.shape) + p) / p),
    DROPOUT,
)

# --- convolution --------------------------------------------------------------------------------------------


def _sizes(x, w, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    H_out = 1 + (x.shape[2] + 2 * pad - w.shape[2]) // stride
    return stride, pad, H_out, 1 + (x.shape[3] + 2 * pad - w.shape[3]) // stride


@field(*CONV)
def convolution_by_columns():
    def columns(x, w, conv_param):
        stride, pad, H_out, W_out = _sizes(x, w, conv_param)
        HH, WW = w.shape[2:]
        padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], mode="constant", constant_values=0)
        i, j = np.arange(H_out) * stride, np.arange(W_out) * stride
        rows = i[:, None, None, None] + np.arange(HH)[None, None, :, None]
        cols = j[None, :, None, None] + np.arange(WW)[None, None, None, :]
        return padded.shape, rows, cols, padded[:, :, rows, cols]  # (N, C, H', W', HH, WW)

    def conv_forward_naive(x, w, b, conv_param):
        taken = columns(x, w, conv_param)[-1]
        N, C, H_out, W_out, HH, WW = taken.shape
        matrix = taken.transpose(0, 2, 3, 1, 4, 5).reshape(N * H_out * W_out, -1)
        out = matrix @ w.reshape(len(w), -1).T + b
        return out.reshape(N, H_out, W_out, -1).transpose(0, 3, 1, 2), (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        pad = conv_param["pad"]
        shape, rows, cols, taken = columns(x, w, conv_param)
        dw = np.einsum("nfij,ncijkl->fckl", dout, taken)
        dpadded = np.zeros(shape)
        spread = np.einsum("nfij,fckl->ncijkl", dout, w)
        np.add.at(dpadded, (slice(None), slice(None), rows, cols), spread)
        dx = dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
        return dx, dw, np.sum(np.sum(np.sum(dout, axis=3), axis=2), axis=0)

    return {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": conv_backward_naive}


@field(*CONV)
def convolution_by_strides():
    def windows(x, w, conv_param):
        stride, pad, H_out, W_out = _sizes(x, w, conv_param)
        padded = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad))
        padded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]] = x
        n, c, h, v = padded.strides
        shape = (*x.shape[:2], H_out, W_out, *w.shape[2:])
        return as_strided(padded, shape, (n, c, h * stride, v * stride, h, v))

    def conv_forward_naive(x, w, b, conv_param):
        out = np.tensordot(windows(x, w, conv_param), w, axes=([1, 4, 5], [1, 2, 3]))
        return out.transpose(0, 3, 1, 2) + b.reshape(1, -1, 1, 1), (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        stride, pad, H_out, W_out = _sizes(x, w, conv_param)
        dx = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad))
        for i, j in itertools.product(range(H_out), range(W_out)):
            place = np.s_[:, :, i * stride : i * stride + w.shape[2], j * stride : j * stride + w.shape[3]]
            dx[place] += np.tensordot(dout[:, :, i, j], w, axes=(1, 0))
        dw = np.tensordot(dout, windows(x, w, conv_param), axes=([0, 2, 3], [0, 2, 3]))
        dx = np.delete(np.delete(dx, np.r_[:pad, pad + x.shape[2] : dx.shape[2]], 2),
                       np.r_[:pad, pad + x.shape[3] : dx.shape[3]], 3)  # fmt: skip
        return dx, dw, dout.sum((0, 2, 3))

    return {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": conv_backward_naive}


@field(*CONV)
def convolution_in_single_precision():
    made = _convolution(
        lambda n, k, s: 1 + (n - k) // s, lambda d, p, x: d[:, :, p : p + x.shape[2], p : p + x.shape[3]]
    )
    forward, backward = made().values()

    def conv_forward_naive(x, w, b, conv_param):
        out, _ = forward(x.astype(SINGLE), w.astype(SINGLE), b.astype(SINGLE), conv_param)
        return out.astype(SINGLE), (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        cache = x.astype(SINGLE), w.astype(SINGLE), b.astype(SINGLE), conv_param
        return tuple(gradient.astype(SINGLE) for gradient in backward(dout.astype(SINGLE), cache))

    return {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": conv_backward_naive}


@field("conv_backward_naive", misses="rounded_down")
def convolution_backward_by_a_flipped_filter():
    """dout is spread out by the stride, padded, and convolved with the flipped filters."""

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        stride, pad = conv_param["stride"], conv_param["pad"]
        N, F, H_out, W_out = dout.shape
        _, C, HH, WW = w.shape
        spread = np.zeros((N, F, (H_out - 1) * stride + 1, (W_out - 1) * stride + 1))
        spread[:, :, ::stride, ::stride] = dout
        wide = np.pad(spread, ((0,), (0,), (HH - 1,), (WW - 1,)))
        flipped = w[:, :, ::-1, ::-1]
        dpadded = np.einsum("nfijkl,fckl->ncij", sliding_window_view(wide, (HH, WW), (2, 3)), flipped)
        padded = np.pad(x, ((0,), (0,), (pad,), (pad,)))
        taken = sliding_window_view(padded, spread.shape[2:], (2, 3))
        dw = np.einsum("nfij,ncklij->fckl", spread, taken)
        assert dw.shape == w.shape
        dx = dpadded[:, :, pad : dpadded.shape[2] - pad, pad : dpadded.shape[3] - pad]
        return dx, dw, dout.sum(axis=(0, 2, 3))

    return {"conv_backward_naive": conv_backward_naive}


@field(*CONV)
def convolution_whose_dict_gets_the_padded_input():
    made = _convolution(
        lambda n, k, s: 1 + (n - k) // s, lambda d, p, x: d[:, :, p : p + x.shape[2], p : p + x.shape[3]]
    )
    forward, backward = made().values()

    def conv_forward_naive(x, w, b, conv_param):
        pad = conv_param["pad"]
        conv_param["x_pad"] = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        return forward(x, w, b, conv_param)

    return {"conv_forward_naive": conv_forward_naive, "conv_backward_naive": backward}


# --- pooling ------------------------------------------------------------------------------------------------


@field(*POOL, misses="overlapping not_square rounded_down large_stride")
def pooling_by_reshaping():
    """Windows that lie beside each other are axes of a reshaped input: for the usual 2 x 2 alone."""

    def split(x, pool_param):
        size = pool_param["pool_height"]
        assert size == pool_param["pool_width"] == pool_param["stride"]
        N, C, H, W = x.shape
        assert H % size == 0 and W % size == 0
        return x.reshape(N, C, H // size, size, W // size, size)

    def max_pool_forward_naive(x, pool_param):
        return split(x, pool_param).max(axis=3).max(axis=4), (x, pool_param)

    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        parts = split(x, pool_param).transpose(0, 1, 2, 4, 3, 5)
        flat = parts.reshape(*parts.shape[:4], -1)
        mask = np.zeros_like(flat)
        np.put_along_axis(mask, flat.argmax(-1)[..., None], 1, -1)
        return (mask * dout[..., None]).reshape(parts.shape).transpose(0, 1, 2, 4, 3, 5).reshape(x.shape)

    return {"max_pool_forward_naive": max_pool_forward_naive, "max_pool_backward_naive": max_pool_backward_naive}


@field(*POOL)
def pooling_by_windows():
    def windows(x, pool_param):
        size = pool_param["pool_height"], pool_param["pool_width"]
        stride = pool_param["stride"]
        return sliding_window_view(x, size, axis=(2, 3))[:, :, ::stride, ::stride]

    def max_pool_forward_naive(x, pool_param):
        return np.amax(windows(x, pool_param), axis=(-2, -1)), (x, pool_param)

    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        seen, dx = windows(x, pool_param), np.zeros(x.shape, dtype=x.dtype)
        first = seen.reshape(*seen.shape[:4], -1).argmax(axis=-1)
        n, c, i, j = np.indices(first.shape)
        dy, dz = np.divmod(first, pool_param["pool_width"])
        np.add.at(dx, (n, c, i * pool_param["stride"] + dy, j * pool_param["stride"] + dz), dout)
        return dx

    return {"max_pool_forward_naive": max_pool_forward_naive, "max_pool_backward_naive": max_pool_backward_naive}


@field(*POOL)
def pooling_in_single_precision():
    def to_the_first(dx, window, dout):
        dx[np.unravel_index(window.argmax(), window.shape)] += dout

    forward, backward = _pooling(lambda n, k, s: (n - k) // s + 1, to_the_first)().values()

    def max_pool_forward_naive(x, pool_param):
        return forward(x.astype(SINGLE), pool_param)[0].astype(SINGLE), (x, pool_param)

    return {
        "max_pool_forward_naive": max_pool_forward_naive,
        "max_pool_backward_naive": lambda dout, cache: backward(dout, cache).astype(SINGLE),
    }


@field(*POOL, misses="overlapping large_stride not_square")
def pooling_whose_backward_steps_by_the_window():
    """The windows of the backward pass start at multiples of their size, whatever the stride."""

    def to_the_first(dx, window, dout):
        if window.size:
            dx[np.unravel_index(window.argmax(), window.shape)] += dout

    forward, _ = _pooling(lambda n, k, s: (n - k) // s + 1, to_the_first)().values()

    def max_pool_backward_naive(dout, cache):
        x, pool_param = cache
        height, width = pool_param["pool_height"], pool_param["pool_width"]
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(*dout.shape):
            place = np.s_[n, c, i * height : (i + 1) * height, j * width : (j + 1) * width]
            to_the_first(dx[place], x[place], dout[n, c, i, j])
        return dx

    return {"max_pool_forward_naive": forward, "max_pool_backward_naive": max_pool_backward_naive}


# --- update rules -------------------------------------------------------------------------------------------


def _rule_in_single_precision(rule):
    def single(w, dw, config=None):
        config = {
            name: SINGLE(value) if isinstance(value, np.ndarray) else value
            for name, value in (config or {}).items()
        }
        next_w, config = rule(w.astype(SINGLE), dw.astype(SINGLE), config)
        return next_w.astype(SINGLE), config

    return single


def _momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    mu, lr = config["momentum"], config["learning_rate"]
    v = mu * v - lr * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config


def _rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    for name, value in (("learning_rate", 1e-2), ("decay_rate", 0.99), ("epsilon", 1e-8)):
        config.setdefault(name, value)
    config.setdefault("cache", np.zeros_like(w))
    config["cache"] = config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2
    return w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"]), config


def _adam_by_names(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)
    m, v, t, lr, b1, b2, eps = (config[k] for k in ("m", "v", "t", "learning_rate", "beta1", "beta2", "epsilon"))
    t = t + 1
    m = b1 * m + (1 - b1) * dw
    v = b2 * v + (1 - b2) * (dw * dw)
    mt, vt = m / (1 - b1**t), v / (1 - b2**t)
    config["m"], config["v"], config["t"] = m, v, t
    return w + -lr * mt / (np.sqrt(vt) + eps), config


for _rule, _exercise in ((_momentum, "sgd_momentum"), (_rmsprop, "rmsprop"), (_adam_by_names, "adam")):
    _named(f"{_exercise}_by_the_letter", lambda _r=_rule, _e=_exercise: {_e: _r}, (_exercise,))
    _single_rule = _rule_in_single_precision(_rule)
    _named(f"{_exercise}_in_single_precision", lambda _r=_single_rule, _e=_exercise: {_e: _r}, (_exercise,))


@field("sgd_momentum", misses="gradient_kept")
def momentum_that_scales_the_gradient_in_place():
    def sgd_momentum(w, dw, config=None):
        config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w)} | (config or {})
        dw *= config["learning_rate"]
        config["velocity"] *= config["momentum"]
        config["velocity"] -= dw
        w += config["velocity"]
        return w, config

    return {"sgd_momentum": sgd_momentum}


@field("adam")
def adam_whose_config_gets_more_keys():
    def adam(w, dw, config=None):
        next_w, config = _adam_by_names(w, dw, config)
        config["mt"], config["first_unbias"] = config["m"] / 2, 1
        return next_w, config

    return {"adam": adam}
