"""Calls of the layers: forward passes beside torch, backward passes beside autograd and the forward's slopes."""

import dataclasses

import numpy as np

from cs231n.checks import compare, exercises, oracle
from cs231n.checks.exercises import batchnorm, common, pooling, relu
from cs231n.checks.explain.layer_context import axes_of, context_of, masks_of, overlaps_of, variants_of
from cs231n.checks.explain.settings import Part, Setting, draws, shapes
from cs231n.checks.subject.client import Subject, SubjectFailure
from cs231n.checks.verdicts import Failure

__all__ = ["BY_EXERCISE", "kinds", "setting"]

BY_EXERCISE = {name: layer for layer in exercises.LAYERS for name in (layer.forward, layer.backward)}
BY_EXERCISE["batchnorm_backward_alt"] = batchnorm.LAYER

# Inputs that sit on a kink of the forward pass, for the backward passes where the exercise says what to do there.
_KINKS = {"relu_backward": relu.draw_at_the_kink, "max_pool_backward_naive": pooling.draw_ties}


def kinds(exercise: str) -> dict[str, str]:
    """Return kind -> words, the usual ones first."""
    layer = BY_EXERCISE[exercise]
    found = {kind: kind for kind in layer.usual} | layer.awkward
    if exercise in _KINKS:
        found["kinks"] = "inputs on a kink"
    return found


def setting(subject: Subject, exercise: str, kind: str) -> Setting:
    """Return the Setting of a call of a layer.

    Raises:
        SubjectFailure, Failure: the code gave no answer to look at.
    """
    layer, rng = BY_EXERCISE[exercise], draws(exercise, kind)
    case = _KINKS[exercise](rng) if kind == "kinks" else layer.draw(rng, kind)
    if exercise == layer.forward:
        return _forward(subject, layer, case)
    return _backward(subject, layer, exercise, case, rng)


def _forward(subject, layer, case):
    out, _ = common.forward(subject, layer, case)
    inputs = _inputs(layer, case)
    context = dataclasses.replace(context_of(layer, case, inputs), axes=axes_of(layer, "out", case.out()))
    part = Part("out", out, case.out(), context=context, masks=masks_of(layer, inputs))
    return Setting(_words(layer.forward, case, inputs), (part,))


def _backward(subject, layer, exercise, case, rng):
    inputs = _inputs(layer, case)
    dout = rng.standard_normal(case.out().shape)
    cache, value, agrees, notes = _own_forward(subject, layer, case, inputs, dout)
    got = common.split(layer, exercise, subject.call(f"layers.{exercise}", dout, cache))
    right, others = case.autograd(dout)[0], variants_of(layer, case, dout)
    parts = []
    for k, (name, gradient) in enumerate(zip(inputs, got)):
        context = context_of(layer, case, inputs | {"dout": dout})
        variants = {
            f"This is {layer.gradients[j]}: are the two swapped?": other
            for j, other in enumerate(right)
            if j != k and other.shape == right[k].shape
        }
        variants |= {sentence: gradients[k] for sentence, gradients in others.items()}
        context = dataclasses.replace(
            context, axes=axes_of(layer, name, right[k]), variants=variants, gradient=True
        )
        masks = masks_of(layer, inputs | {"dout": dout})
        if name == "x":
            masks |= overlaps_of(layer, case)
        parts.append(Part(layer.gradients[k], gradient, right[k] if agrees else None, name, context, masks))
    words = f"{_words(layer.forward, case, inputs)}, then {exercise} with a random dout {dout.shape}"
    return Setting(words, tuple(parts), inputs, value, notes)


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
        note = f"Your {layer.forward} does not run ({failure}). The slopes are those of PyTorch's."
        return subject.keep(case.cache), torchs, True, (note,)
    try:
        compare.close("out", out, case.out())
    except Failure:
        note = (
            f"Your {layer.forward} does not match PyTorch. The slopes are those of your own {layer.forward}, so "
            "each pass is judged by itself."
        )
        return cache, own, False, (note,)
    return cache, own, True, ()


def _inputs(layer, case):
    return dict(zip(layer.names, case.inputs))


def _words(function, case, inputs):
    extra = ", ".join(map(_short, case.settings))
    return f"{function} with {shapes(inputs)}" + (f", {extra}" if extra else "")


def _short(setting):
    """Return an argument that is no array in few characters."""
    if not isinstance(setting, dict):
        return f"G {setting}"
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in setting.items()
    )
