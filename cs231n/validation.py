"""Checks on the arguments of layers, update rules and models.

Each function returns its arguments ready for arithmetic, or raises an error that names the argument, what it got
and what was expected. They are here so that a layer has only its formula.
"""

import math
import operator
import sys
from collections.abc import Mapping

import numpy as np

__all__ = [
    "affine",
    "backward",
    "batchnorm",
    "convolution",
    "convolution_backward",
    "decay",
    "dropout",
    "float_array",
    "float_dtype",
    "groupnorm",
    "image_shape",
    "images",
    "integer",
    "key",
    "layernorm",
    "mapping",
    "normalisation",
    "numbers",
    "option",
    "parameter",
    "pooling",
    "pooling_backward",
    "real",
    "scores",
    "shape",
    "sizes",
    "spatial_normalisation",
    "state",
    "update",
    "upstream",
    "window",
]


def float_array(name, value):
    """Return `value` as a plain float32 or float64 array in native byte order, without a copy where it is one.

    Raises:
        ValueError: the dtype is another one.
    """
    array = _array(name, value)
    if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8):
        raise ValueError(
            f"{name} has dtype {array.dtype}, expected float32 or float64; "
            f"convert it first, for instance with {name}.astype(np.float32)"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _array(name, value):
    """Return `value` as a plain array.

    Raises:
        ValueError: it has no shape, as a list of unequal lists.
    """
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not an array: {error}") from error


def float_dtype(name, value):
    """Return np.float32 or np.float64 for anything that NumPy understands as one of them.

    Raises:
        ValueError: another dtype.
    """
    try:
        dtype = None if value is None else np.dtype(value).type
    except TypeError:
        dtype = None
    return option(name, value if dtype is None else dtype, (np.float32, np.float64))


def numbers(name, value):
    """Return the minibatch a model was given as an array of integers or floats, of any size.

    Raises:
        ValueError: another dtype.
    """
    array = _array(name, value)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} is of dtype {array.dtype}, expected an array of floats or integers")
    return array


def parameter(name, value, expected_shape, dtype):
    """Return a weight, bias, scale or shift of the expected shape; integers are cast to `dtype`.

    Raises:
        ValueError: wrong shape or dtype.
    """
    array = _array(name, value)
    array = float_array(name, array.astype(dtype) if array.dtype.kind in "iu" else array)
    shape(name, array, expected_shape)
    return array


def shape(name, array, expected):
    """Check a shape; in `expected` a string such as "N" stands for any length.

    Raises:
        ValueError: another rank, or another length where `expected` has a number.
    """
    if array.shape == expected:
        return
    fits = array.ndim == len(expected) and all(
        isinstance(want, str) or want == have for want, have in zip(expected, array.shape)
    )
    if not fits:
        wanted = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise ValueError(f"{name} has shape {array.shape}, expected ({wanted})")


def mapping(name, value):
    """Return `value` if it is a dictionary.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is {value!r} of type {type(value).__name__}, expected a dict")
    return value


def key(name, settings, wanted):
    """Return settings[wanted].

    Raises:
        KeyError: the dictionary has no such key.
        ValueError: it is no dictionary.
    """
    mapping(name, settings)
    if wanted not in settings:
        raise KeyError(f"{name} has no key {wanted!r}; its keys are {sorted(map(str, settings))}")
    return settings[wanted]


def option(name, value, options):
    """Return `value` if it is one of `options`.

    Raises:
        ValueError: it is not.
    """
    if not any(value is known or (isinstance(value, str) and value == known) for known in options):
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(map(repr, options))}")
    return value


def integer(name, value, low, high=None):
    """Return `value` as an int between `low` and `high` (no upper bound if None).

    Raises:
        ValueError: not an integer, or out of range.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    # What no Py_ssize_t holds can be no size of anything, and compiled code could not take it.
    highest = sys.maxsize if high is None else high
    if number is None or not low <= number <= highest:
        too_large = number is not None and number > highest
        bounds = f"of at least {low}" if high is None and not too_large else f"from {low} to {highest}"
        raise ValueError(f"{name} is {value!r}, expected an integer {bounds}")
    return number


def sizes(name, values):
    """Return a sequence of sizes, each an integer of at least 1, as a list.

    Raises:
        ValueError: not a sequence, or one of them is not such an integer.
    """
    if not np.iterable(values) or isinstance(values, (str, bytes)):
        raise ValueError(f"{name} is {values!r}, expected a list of integers")
    return [integer(name, value, 1) for value in values]


def real(name, value, low=-math.inf, high=math.inf):
    """Return `value` as a Python float between `low` and `high`, ends included.

    A Python float, because a np.float64 scalar would turn float32 arrays into float64 ones.

    Raises:
        ValueError: not a finite number, or out of range.
    """
    try:
        number = float(value) if _is_real(value) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high):
        bounds = "" if (low, high) == (-math.inf, math.inf) else f" from {low:g} to {high:g}"
        raise ValueError(f"{name} is {value!r}, expected a finite number{bounds}")
    return number


def _is_real(value):
    """Return whether float(value) takes nothing away and reads nothing into it, as it does with text and truth."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return not isinstance(value, (bool, str, bytes))


def upstream(dout, expected_shape):
    """Return the upstream gradient, which has the shape of the forward pass's output.

    Raises:
        ValueError: wrong shape or dtype.
    """
    dout = float_array("dout", dout)
    if dout.shape != tuple(expected_shape):
        raise ValueError(f"dout has shape {dout.shape}, expected {tuple(expected_shape)}, the shape of the output")
    return dout


def backward(layer, dout, shape_and_cache):
    """Return dout and the inner cache of a layer whose forward pass returned (out.shape, inner cache).

    Raises:
        ValueError: dout has another shape, or the inner cache is None because the mode was 'test'.
    """
    out_shape, cache = shape_and_cache
    if cache is None:
        raise ValueError(f"cache is empty: {layer}_backward needs the cache of {layer}_forward in mode 'train'")
    return upstream(dout, out_shape), cache


def affine(x, w, b):
    """Check the arguments of an affine layer: x (N, d1, ..., dk), w (D, M), b (M,), D = d1 * ... * dk.

    Raises:
        ValueError: wrong shape or dtype.
    """
    x = float_array("x", x)
    if x.ndim < 2:
        raise ValueError(f"x has shape {x.shape}, expected (N, d1, ..., dk) with at least one feature axis")
    w = parameter("w", w, (math.prod(x.shape[1:]), "M"), x.dtype)
    b = parameter("b", b, (w.shape[1],), x.dtype)
    return x, w, b


def normalisation(x, gamma, beta):
    """Check x (N, D), gamma (D,) and beta (D,).

    Raises:
        ValueError: wrong shape or dtype.
    """
    x = float_array("x", x)
    shape("x", x, ("N", "D"))
    gamma = parameter("gamma", gamma, (x.shape[1],), x.dtype)
    beta = parameter("beta", beta, (x.shape[1],), x.dtype)
    return x, gamma, beta


def spatial_normalisation(x, gamma, beta):
    """Check x (N, C, H, W), gamma (C,) and beta (C,).

    Raises:
        ValueError: wrong shape or dtype.
    """
    x = images(x)
    gamma = parameter("gamma", gamma, (x.shape[1],), x.dtype)
    beta = parameter("beta", beta, (x.shape[1],), x.dtype)
    return x, gamma, beta


def _eps(name, settings):
    """Return settings["eps"], 1e-5 where there is none."""
    return real(f"{name}['eps']", mapping(name, settings).get("eps", 1e-5), low=0)


def batchnorm(x, bn_param):
    """Return mode, eps, momentum, running_mean and running_var for x (N, D), with the defaults filled in.

    Raises:
        KeyError: no mode.
        ValueError: unknown mode, a number out of range, running statistics not of shape (D,), or an empty
            minibatch in train mode, which has no mean.
    """
    mode = option("bn_param['mode']", key("bn_param", bn_param, "mode"), ("train", "test"))
    if mode == "train" and x.shape[0] == 0:
        raise ValueError(f"x has shape {x.shape}: an empty minibatch has no mean in mode 'train'")
    momentum = real("bn_param['momentum']", bn_param.get("momentum", 0.9), low=0, high=1)
    zeros = np.zeros(x.shape[1], x.dtype)
    running_mean, running_var = (
        parameter(f"bn_param[{name!r}]", bn_param.get(name, zeros), zeros.shape, x.dtype)
        for name in ("running_mean", "running_var")
    )
    return mode, _eps("bn_param", bn_param), momentum, running_mean, running_var


def layernorm(x, gamma, beta, ln_param):
    """Check x (N, D), gamma (D,) and beta (D,) with D >= 1; return them and eps.

    Raises:
        ValueError: wrong shape, dtype or eps, or rows without features, which have no mean.
    """
    x, gamma, beta = normalisation(x, gamma, beta)
    if x.shape[1] == 0:
        raise ValueError(f"x has shape {x.shape}: a row without features has no mean")
    return x, gamma, beta, _eps("ln_param", ln_param)


def groupnorm(x, gamma, beta, G, gn_param):
    """Check x (N, C, H, W), gamma and beta ((C,) or (1, C, 1, 1)) and G, a divisor of C; return them and eps.

    Raises:
        ValueError: wrong shape, dtype, G or eps, or groups without elements, which have no mean.
    """
    x = images(x)
    C = x.shape[1]
    G = integer("G", G, 1)
    if C == 0 or C % G:
        raise ValueError(f"G is {G}, which does not divide the C = {C} channels of x with shape {x.shape}")
    if 0 in x.shape[2:]:
        raise ValueError(f"x has shape {x.shape}: a group without elements has no mean")
    gamma, beta = (
        parameter(name, value, (1, C, 1, 1) if _array(name, value).ndim == 4 else (C,), x.dtype)
        for name, value in (("gamma", gamma), ("beta", beta))
    )
    return x, gamma, beta, G, _eps("gn_param", gn_param)


def dropout(x, dropout_param):
    """Return x, p, the mode, and the source of random numbers: the global stream, or one of its own with `seed`.

    Raises:
        KeyError: no p or no mode.
        ValueError: wrong dtype, no axis, p outside (0, 1], unknown mode, or a seed that NumPy does not take.
    """
    x = float_array("x", x)
    if x.ndim == 0:
        raise ValueError("x has shape (), expected at least one axis")
    p = real("dropout_param['p']", key("dropout_param", dropout_param, "p"))
    if not 0 < p <= 1:
        raise ValueError(f"dropout_param['p'] is {p!r}, expected the probability to keep, 0 < p <= 1")
    mode = option("dropout_param['mode']", key("dropout_param", dropout_param, "mode"), ("train", "test"))
    seed = dropout_param.get("seed")
    if seed is None:
        return x, p, mode, np.random
    return x, p, mode, np.random.RandomState(integer("dropout_param['seed']", seed, 0, 2**32 - 1))


def images(x):
    """Check a minibatch of images, x (N, C, H, W).

    Raises:
        ValueError: wrong rank or dtype.
    """
    x = float_array("x", x)
    shape("x", x, ("N", "C", "H", "W"))
    return x


def convolution(x, w, b, conv_param):
    """Check x (N, C, H, W), w (F, C, HH, WW), b (F,); return them, and stride and pad of conv_param.

    Raises:
        KeyError: conv_param has no stride or no pad.
        ValueError: wrong shape, dtype, stride or pad, or a filter larger than the padded image.
    """
    x = images(x)
    w = parameter("w", w, ("F", x.shape[1], "HH", "WW"), x.dtype)
    if 0 in w.shape[2:]:
        raise ValueError(f"w has shape {w.shape}, expected filters of at least 1 x 1")
    b = parameter("b", b, (w.shape[0],), x.dtype)
    stride = integer("conv_param['stride']", key("conv_param", conv_param, "stride"), 1)
    pad = integer("conv_param['pad']", key("conv_param", conv_param, "pad"), 0)
    window(x.shape, *w.shape[2:], pad, stride, names=("the height of w", "the width of w", "pad"))
    return x, w, b, stride, pad


def convolution_backward(dout, x, w, conv_param):
    """Return dout, which has the shape (N, F, H', W') of the output, and stride and pad of conv_param.

    Raises:
        ValueError: dout has another shape.
    """
    stride, pad = operator.index(conv_param["stride"]), operator.index(conv_param["pad"])
    oh, ow = window(x.shape, *w.shape[2:], pad, stride)[-2:]
    return upstream(dout, (len(x), len(w), oh, ow)), stride, pad


def pooling(x, pool_param):
    """Check x (N, C, H, W); return it, and pool_height, pool_width and stride of pool_param.

    Raises:
        KeyError: pool_param lacks one of the three.
        ValueError: wrong rank, dtype or size, or a window larger than the image.
    """
    x = images(x)
    names = ("pool_height", "pool_width", "stride")
    height, width, stride = (
        integer(f"pool_param[{name!r}]", key("pool_param", pool_param, name), 1) for name in names
    )
    window(x.shape, height, width, 0, stride, names=("pool_height", "pool_width", "pad"))
    return x, height, width, stride


def pooling_backward(dout, x, pool_param):
    """Return dout, which has the shape (N, C, H', W') of the output, and the three sizes of pool_param.

    Raises:
        ValueError: dout has another shape.
    """
    x, height, width, stride = pooling(x, pool_param)
    oh, ow = window(x.shape, height, width, 0, stride)[-2:]
    return upstream(dout, (*x.shape[:2], oh, ow)), height, width, stride


def window(x_shape, height, width, pad, stride, names=("height", "width", "pad")):
    """Return height, width, pad and stride as ints, and how many such windows fit into the padded images.

    Args:
        x_shape: (N, C, H, W).
        height, width: size of the window.
        pad: zeros on each side of H and W.
        stride: step from window to window.
        names: what the caller calls height, width and pad.

    Returns:
        height, width, pad, stride, number of windows vertically, number of windows horizontally.

    Raises:
        ValueError: a size is not an integer or out of range, or the window is larger than the padded image.
    """
    pad = integer(names[2], pad, 0)
    stride = integer("stride", stride, 1)
    height, width = integer(names[0], height, 1), integer(names[1], width, 1)
    if 8 * math.prod(max(n, 1) for n in x_shape[:2]) * math.prod(n + 2 * pad for n in x_shape[2:]) > sys.maxsize:
        raise ValueError(f"{names[2]} is {pad}: no memory could hold the padded x {tuple(x_shape)}")
    for name, length, size in zip(names, (height, width), x_shape[2:]):
        if length > size + 2 * pad:
            raise ValueError(
                f"{name} is {length}, expected a window of at most {size + 2 * pad}, "
                f"the size of x {tuple(x_shape)} with {pad} zeros on each side"
            )
    oh, ow = (1 + (size + 2 * pad - length) // stride for size, length in zip(x_shape[2:], (height, width)))
    return height, width, pad, stride, oh, ow


def image_shape(x_shape):
    """Return the shape (N, C, H, W) of a minibatch of images as four ints.

    Raises:
        ValueError: not four integers, or a negative one.
    """
    if not np.iterable(x_shape) or len(x_shape) != 4:
        raise ValueError(f"x_shape is {x_shape!r}, expected (N, C, H, W)")
    return tuple(integer(f"{name} of x_shape", length, 0) for name, length in zip("NCHW", x_shape))


def scores(x, y):
    """Check scores x (N, C) and labels y (N,) with 0 <= y < C.

    Raises:
        ValueError: wrong shape or dtype, no rows or no classes, labels that are not integers or out of range.
    """
    x = float_array("x", x)
    shape("x", x, ("N", "C"))
    N, C = x.shape
    if N == 0 or C == 0:
        raise ValueError(f"x has shape {x.shape}: a mean loss needs at least one row and one class")
    y = _array("y", y)
    if y.dtype.kind not in "iu":
        raise ValueError(f"y has dtype {y.dtype}, expected integer class labels")
    shape("y", y, (N,))
    if y.min() < 0 or y.max() >= C:
        raise ValueError(
            f"y has labels from {y.min()} to {y.max()}, expected 0 to {C - 1} for x with shape {x.shape}"
        )
    return x, y


def update(w, dw, config, **defaults):
    """Return w, dw and config for an update rule, with `defaults` for the hyperparameters config lacks.

    Raises:
        ValueError: wrong dtype, dw does not have the shape of w, or a hyperparameter is not a finite number.
    """
    w, dw = float_array("w", w), float_array("dw", dw)
    if dw.shape != w.shape:
        raise ValueError(f"dw has shape {dw.shape}, expected {w.shape}, the shape of w")
    config = {} if config is None else mapping("config", config)
    for name, default in defaults.items():
        config[name] = real(f"config[{name!r}]", config.get(name, default))
    return w, dw, config


def state(config, name, w):
    """Put zeros of the shape of w into config[name] if there is nothing yet.

    Raises:
        ValueError: what is there does not have the shape of w.
    """
    if name in config:
        config[name] = parameter(f"config[{name!r}]", config[name], w.shape, w.dtype)
    else:
        config[name] = np.zeros_like(w)


def decay(config, name):
    """Check that config[name] is a factor by which a running mean forgets, at least 0 and less than 1.

    Raises:
        ValueError: it is not.
    """
    if not 0 <= config[name] < 1:
        raise ValueError(f"config[{name!r}] is {config[name]!r}, expected a number of at least 0 and less than 1")
