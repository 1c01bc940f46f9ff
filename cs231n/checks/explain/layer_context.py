"""What a wrong result of a layer may have to do with: lengths, inputs, another dout, overlapping windows."""

import numpy as np

from cs231n.checks.exercises.common import Case, Layer
from cs231n.checks.patterns import Context

__all__ = ["IMAGE", "ROWS", "axes_of", "context_of", "masks_of", "overlaps_of", "variants_of"]

IMAGE, ROWS = ("example", "channel", "row", "column"), ("example", "feature")
_AXES = {
    "affine": {"w": ("feature", "output"), "b": ("output",), "out": ("example", "output")},
    "conv": {
        "w": ("filter", "channel", "row", "column"),
        "b": ("filter",),
        "out": ("example", "filter", "row", "column"),
    },
}


def axes_of(layer: Layer, name: str, array: np.ndarray) -> tuple[str, ...]:
    """Return a word for each axis of an array of a layer: x, w, b, gamma, beta or out."""
    named = _AXES.get(layer.forward.split("_")[0], {})
    if name in named:
        return named[name]
    if name in ("x", "out"):
        words = {2: ROWS, 4: IMAGE}
        return words.get(array.ndim) or ("example", *(f"index {k}" for k in range(1, array.ndim)))
    if array.ndim == 4:
        return ("one", "channel", "one", "one")
    return ("channel" if "spatial" in layer.forward else "feature",)


def context_of(layer: Layer, case: Case, inputs: dict[str, np.ndarray]) -> Context:
    """Return lengths and arrays that a wrong result may have to do with."""
    x = case.inputs[0]
    sizes = dict(zip("NCHW" if x.ndim == 4 and "affine" not in layer.forward else "ND", x.shape))
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
    return Context(sizes=sizes, inputs=inputs, lines=lines, line=line, x=x if lines else None)


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


def variants_of(layer: Layer, case: Case, dout: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Return sentence -> gradients of each input: what autograd gives for another upstream gradient."""
    found = {"The upstream gradient is forgotten: this is right for dout = 1 everywhere.": np.ones_like(dout)}
    if dout.ndim == 4 and "spatial" in layer.forward:
        N, C, H, W = dout.shape
        sentence = "dout is reshaped without a transpose: its numbers end up in other channels."
        found[sentence] = dout.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    gradients = {sentence: case.autograd(upstream)[0] for sentence, upstream in found.items()}
    if layer.forward.endswith("_naive"):
        sentence = "Only the last window counts: where several meet in an entry, their gradients add up."
        gradients[sentence] = _last(layer, case, dout)
    return gradients


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


def masks_of(layer: Layer, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return conditions on the signs of x and dout, which is what a rectifier goes by."""
    if layer.forward != "relu_forward":
        return {}
    x, dout = inputs["x"], inputs.get("dout")
    found = {"x is exactly 0": x == 0, "x < 0": x < 0, "x > 0": x > 0}
    if dout is not None:
        found |= {"dout > 0": dout > 0, "dout < 0": dout < 0, "x and dout differ in sign": (x > 0) != (dout > 0)}
    return found


def overlaps_of(layer: Layer, case: Case) -> dict[str, np.ndarray]:
    """Return where windows of a convolution or a pooling overlap, and which pixels none reaches."""
    if layer.forward == "conv_forward_naive":
        (x, w, _), (param,) = case.inputs, case.settings
        (height, width), stride, pad = w.shape[2:], param["stride"], param["pad"]
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
    return {"windows overlap, so gradients add up": count > 1, "no window reaches": count == 0}
