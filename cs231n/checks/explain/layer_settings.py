"""Calls of the layers: forward passes beside torch, backward passes beside autograd and the slopes of the forward."""

import dataclasses

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.engine import Failure
from cs231n.checks.exercises import (
    affine,
    batchnorm,
    common,
    convolution,
    dropout,
    groupnorm,
    layernorm,
    pooling,
    relu,
    spatial_batchnorm,
)
from cs231n.checks.explain.patterns import Context
from cs231n.checks.explain.settings import Part, Setting, draws, shapes
from cs231n.checks.subject import SubjectFailure

__all__ = ["kinds", "setting"]

_ALL = [module.LAYER for module in (affine, relu, batchnorm, layernorm, convolution, pooling)]
_ALL += [spatial_batchnorm.LAYER, groupnorm.LAYER]
_LAYERS = {name: layer for layer in _ALL for name in (layer.forward, layer.backward)}
_LAYERS["batchnorm_backward_alt"] = batchnorm.LAYER
_DROPOUT = ("dropout_forward", "dropout_backward")

# Inputs that sit on a kink of the forward pass, for the backward passes where the exercise says what to do there.
_KINKS = {"relu_backward": relu.draw_at_the_kink, "max_pool_backward_naive": pooling.draw_ties}

_IMAGE, _ROWS = ("example", "channel", "row", "column"), ("example", "feature")
_AXES = {
    "affine": {"w": ("feature", "output"), "b": ("output",), "out": ("example", "output")},
    "conv": {"w": ("filter", "channel", "row", "column"), "b": ("filter",), "out": ("example", "filter", "row", "column")},
}


def kinds(exercise):
    """Return kind -> words, the usual ones first."""
    if exercise in _DROPOUT:
        return {mode: f"mode {mode!r}" for mode in ("train", "test")}
    layer = _LAYERS[exercise]
    found = {kind: kind for kind in layer.usual} | layer.awkward
    if exercise in _KINKS:
        found["kinks"] = "inputs on a kink"
    return found


def setting(subject, exercise, kind):
    """Return the Setting of a call of a layer.

    Raises:
        SubjectFailure, Failure: the code gave no answer to look at.
    """
    if exercise in _DROPOUT:
        return _dropout(subject, exercise, kind)
    layer, rng = _LAYERS[exercise], draws(exercise, kind)
    case = _KINKS[exercise](rng) if kind == "kinks" else layer.draw(rng, kind)
    if exercise == layer.forward:
        return _forward(subject, layer, case)
    return _backward(subject, layer, exercise, case, rng)


def _forward(subject, layer, case):
    out, _ = common.forward(subject, layer, case)
    inputs = _inputs(layer, case)
    context = dataclasses.replace(_context(layer, case, inputs), axes=_axes(layer, "out", case.out()))
    part = Part("out", out, case.out(), context=context, masks=_masks(layer, inputs))
    return Setting(_words(layer.forward, case, inputs), (part,))


def _backward(subject, layer, exercise, case, rng):
    inputs = _inputs(layer, case)
    dout = rng.standard_normal(case.out().shape)
    cache, value, agrees, notes = _own_forward(subject, layer, case, inputs, dout)
    came = common.split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
    right, others = case.autograd(dout)[0], _variants(layer, case, dout)
    parts = []
    for k, (name, gradient) in enumerate(zip(inputs, came)):
        context = _context(layer, case, inputs | {"dout": dout})
        variants = {
            f"What came is {layer.gradients[j]}: are the two swapped?": other
            for j, other in enumerate(right)
            if j != k and other.shape == right[k].shape
        }
        variants |= {sentence: gradients[k] for sentence, gradients in others.items()}
        context = dataclasses.replace(context, axes=_axes(layer, name, right[k]), variants=variants, gradient=True)
        masks = _masks(layer, inputs | {"dout": dout})
        if name == "x":
            masks |= _overlaps(layer, case)
        parts.append(Part(layer.gradients[k], gradient, right[k] if agrees else None, name, context, masks))
    words = f"{_words(layer.forward, case, inputs)}, then {exercise} with a random dout {dout.shape}"
    return Setting(words, tuple(parts), inputs, value, "sum(out * dout)", notes)


def _own_forward(subject, layer, case, inputs, dout):
    """Return the cache, the function to take slopes of, whether it is torch's, and notes.

    Where the student's forward pass is no help and the contract fixes the cache, torch stands in for it.
    """

    def own(moved):
        out, _ = common.forward(subject, layer, dataclasses.replace(case, inputs=tuple(moved.values())))
        return float(np.sum(compare.array("out", out, dout.shape) * dout))

    def torchs(moved):
        return float(np.sum(oracle.value(case.function, *moved.values()) * dout))

    try:
        out, cache = common.forward(subject, layer, case)
        if not np.isfinite(compare.array("out", out, dout.shape)).all():
            compare.fail("out has NaN or infinity in it")
    except (Failure, SubjectFailure) as failure:
        if case.cache is None:
            raise SubjectFailure("blocked", f"needs {layer.forward} first: {failure}") from failure
        note = f"{layer.forward} gives no answer ({failure}); the slopes are those of torch's."
        return subject.keep(case.cache), torchs, True, (note,)
    try:
        compare.close("out", out, case.out())
    except Failure:
        note = (
            f"{layer.forward} computes something else than torch does. The slopes are those of what it computes, so "
            "that each pass can be judged by itself."
        )
        return cache, own, False, (note,)
    return cache, own, True, ()


# --- what may explain a difference --------------------------------------------------------------------------


def _inputs(layer, case):
    return dict(zip(layer.names, case.inputs))


def _words(function, case, inputs):
    extra = ", ".join(map(_short, case.settings))
    return f"{function} with {shapes(inputs)}" + (f", {extra}" if extra else "")


def _short(setting):
    """Return an argument that is no array in few characters."""
    if not isinstance(setting, dict):
        return f"G {setting}"
    return ", ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in setting.items())


def _axes(layer, name, array):
    named = _AXES.get(layer.forward.split("_")[0], {})
    if name in named:
        return named[name]
    if array.ndim == 4 and array.shape[0] > 1 or name in ("x", "out") and array.ndim == 4:
        return _IMAGE
    if name in ("x", "out"):
        return _ROWS if array.ndim == 2 else tuple("example" if not k else f"index {k}" for k in range(array.ndim))
    if array.ndim == 4:
        return ("one", "channel", "one", "one")
    return ("channel" if "spatial" in layer.forward else "feature",)


def _context(layer, case, inputs):
    """Return lengths, numbers and arrays that a wrong result may have to do with."""
    x = case.inputs[0]
    sizes = dict(zip("NCHW" if x.ndim == 4 and "affine" not in layer.forward else "ND", x.shape))
    numbers = {}
    if layer.forward == "affine_forward":
        sizes |= {"D": case.inputs[1].shape[0], "M": case.inputs[1].shape[1]}
    if layer.forward == "conv_forward_naive":
        filters, _, height, width = case.inputs[1].shape
        sizes |= {"F": filters, "HH": height, "WW": width}
    if layer.forward == "spatial_groupnorm_forward":
        sizes["G"] = case.settings[0]
    if layer.forward.startswith("max_pool"):
        sizes |= {name: case.settings[0][name] for name in ("pool_height", "pool_width")}
    lines, line = _lines(layer, case)
    if lines is not None:
        eps = case.settings[-1]["eps"]
        inputs = inputs | {"std": _std(x, lines, eps)}
    return Context(sizes=sizes, numbers=numbers, inputs=inputs, lines=lines, line=line, x=x if lines else None)


def _lines(layer, case):
    """Return the function that lays out the lines that a normalisation works on, and what one is."""
    name = layer.forward
    if name == "batchnorm_forward":
        return (lambda array: array.T), "each feature"
    if name == "layernorm_forward":
        return (lambda array: array), "each example"
    if name == "spatial_batchnorm_forward":
        return (lambda array: array.swapaxes(0, 1).reshape(array.shape[1], -1)), "each channel"
    if name == "spatial_groupnorm_forward":
        return (lambda array: array.reshape(array.shape[0] * case.settings[0], -1)), "each group"
    return None, ""


def _std(x, lines, eps):
    """Return sqrt(var + eps) of the line that each entry of x is in, an array of the shape of x."""
    places = lines(np.arange(x.size).reshape(x.shape))
    std = np.empty(x.size)
    std[places] = np.sqrt(lines(x).var(axis=1, keepdims=True) + eps)
    return std.reshape(x.shape)


def _variants(layer, case, dout):
    """Return sentence -> gradients of each input: what autograd gives for another upstream gradient."""
    found = {"The upstream gradient is forgotten: this is right for dout = 1 everywhere.": np.ones_like(dout)}
    if dout.ndim == 4 and "spatial" in layer.forward:
        N, C, H, W = dout.shape
        sentence = "dout is reshaped without a transpose: its numbers end up in other channels."
        found[sentence] = dout.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    found = {sentence: case.autograd(upstream)[0] for sentence, upstream in found.items()}
    if layer.forward.endswith("_naive"):
        found["Only the last window counts: where several meet in an entry, their gradients add up."] = _last(
            layer, case, dout
        )
    return found


def _last(layer, case, dout):
    """Return what is left of the gradients where each window of the loops overwrites what was there."""
    filters = slice(-1, None) if layer.forward.startswith("conv") else slice(None)
    found = [np.zeros(array.shape) for array in case.inputs]
    for n, i, j in np.ndindex(dout.shape[0], *dout.shape[2:]):
        for place, channels in enumerate((filters, *(slice(None) for _ in found[1:]))):
            alone = np.zeros_like(dout)
            alone[n, channels, i, j] = dout[n, channels, i, j]
            gradient = case.autograd(alone)[0][place]
            found[place] = np.where(gradient != 0, gradient, found[place])
    return found


def _masks(layer, inputs):
    """Return conditions on the signs of x and dout, which is what a rectifier goes by."""
    if layer is not _LAYERS["relu_forward"]:
        return {}
    x, dout = inputs["x"], inputs.get("dout")
    found = {"x is exactly 0": x == 0, "x < 0": x < 0, "x > 0": x > 0}
    if dout is not None:
        found |= {"dout > 0": dout > 0, "dout < 0": dout < 0, "x and dout differ in sign": (x > 0) != (dout > 0)}
    return found


def _overlaps(layer, case):
    """Return where windows of a convolution or a pooling overlap, and which pixels none reaches."""
    if layer.forward == "conv_forward_naive":
        (x, w, _), (param,) = case.inputs, case.settings
        height, width, stride, pad = *w.shape[2:], param["stride"], param["pad"]
    elif layer.forward == "max_pool_forward_naive":
        (x,), (param,) = case.inputs, case.settings
        height, width, stride, pad = param["pool_height"], param["pool_width"], param["stride"], 0
    else:
        return {}
    H, W = (length + 2 * pad for length in x.shape[2:])
    count = np.zeros((H, W), int)
    for top in range(0, H - height + 1, stride):
        for left in range(0, W - width + 1, stride):
            count[top : top + height, left : left + width] += 1
    count = np.broadcast_to(count[pad : H - pad, pad : W - pad], x.shape)
    return {"windows overlap, so that gradients add up": count > 1, "no window reaches": count == 0}


# --- dropout ------------------------------------------------------------------------------------------------


def _dropout(subject, exercise, mode):
    """Return the Setting of a call of dropout, with a seed that makes the mask repeat."""
    rng = draws(exercise, mode)
    x, p = dropout.draw(rng, (4, 6))
    param = {"mode": mode, "p": p, "seed": 3}
    words = f"dropout_forward with x {x.shape}, p {p:.3f}, mode {mode!r}, seed 3"

    def forward(x):
        out, cache = compare.tuple_of(2, "dropout_forward", subject.call(dropout.FORWARD, x, dict(param), hold=1))
        return compare.array("out", out, x.shape).astype(np.float64), cache

    out, cache = forward(x)
    kept = out != 0
    context = Context(dict(zip("ND", x.shape)), {"p": p if mode == "train" else 1.0}, _ROWS, {"x": x})
    masks = {"the element was dropped": ~kept, "the element was kept": kept}
    if exercise == "dropout_forward":
        right = np.where(kept, x / p, 0) if mode == "train" else x
        part = Part("out", out, right, context=context, masks=masks)
        share = f"{np.count_nonzero(kept)} of {kept.size} elements were kept."
        return Setting(words, (part,), notes=(share,) if mode == "train" else ())
    if not np.array_equal(out, forward(x)[0]):
        raise SubjectFailure("blocked", "needs dropout_forward first: with a seed, the mask does not repeat")
    dout = rng.standard_normal(x.shape)
    came = subject.call(dropout.BACKWARD, dout, cache)
    context = dataclasses.replace(
        context,
        inputs={"x": x, "dout": dout},
        variants={"The mask is forgotten: what came is dout.": dout} if mode == "train" else {},
    )
    part = Part("dx", came, out / x * dout, "x", context, masks)
    words += f", then dropout_backward with a random dout {dout.shape}"
    value = lambda moved: float(np.sum(forward(moved["x"])[0] * dout))  # noqa: E731
    return Setting(words, (part,), {"x": x}, value, "sum(out * dout)")
