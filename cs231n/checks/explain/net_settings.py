"""Calls of the nets: each gradient beside autograd and the slopes of the student's own loss."""

import numpy as np

from cs231n.checks import compare
from cs231n.checks.exercises import nets
from cs231n.checks.explain.settings import Part, Setting, draws
from cs231n.checks.patterns import Context
from cs231n.checks.subject.client import Subject, SubjectFailure

__all__ = ["NETS", "kinds", "setting"]

_DEEP = ((6, 5, 4, 3), None)
NETS = {
    "two_layer_net": lambda: nets.two_layer(6, 5, 4, (6,)),
    "fully_connected_net": lambda: nets.fully_connected(*_DEEP),
    "fully_connected_net_batchnorm": lambda: nets.fully_connected(*_DEEP, "batchnorm"),
    "fully_connected_net_layernorm": lambda: nets.fully_connected(*_DEEP, "layernorm"),
    "fully_connected_net_dropout": lambda: nets.fully_connected(*_DEEP, dropout=0.7, seed=3),
    "three_layer_conv_net": lambda: nets.conv_net((2, 4, 4), 2, 3, 4, 3, (2, 2)),
}
_REG = {"without a penalty": 0.0, "with reg = 0.7": 0.7}


def kinds(exercise: str) -> dict[str, str]:
    """Return kind -> words."""
    return {kind: kind for kind in _REG}


def setting(subject: Subject, exercise: str, kind: str) -> Setting:
    """Return the Setting of a call of a net's loss.

    Raises:
        SubjectFailure, Failure: the code gave no answer to look at.
    """
    net, rng, reg = NETS[exercise](), draws(exercise, kind), _REG[kind]
    model, params = nets.with_params(subject, net, rng, reg=reg)
    X, y = net.batch(rng, 5)

    def call(moved):
        subject.update(model, "params", moved)
        return compare.tuple_of(2, "loss", subject.method(model, "loss", X, y))

    loss, grads = call(params)
    nets.check_keys("grads", grads, params)
    if _number(loss) != _number(call(params)[0]):
        raise SubjectFailure(
            "blocked", "two calls with the same input give different losses, so slopes cannot be measured"
        )
    right_loss, right = (
        (None, {}) if net.settings.get("dropout", 1) != 1 else nets.expected_loss(net, params, X, y, reg)
    )
    notes = []
    if right_loss is not None and not abs(_number(loss) - right_loss) <= 1e-7 * max(1, abs(right_loss)):
        notes = [
            f"The loss itself is {_number(loss):.8g}, expected {right_loss:.8g}. The slopes are those of your "
            "own loss, so each is judged by itself."
        ]
        notes += _penalty_note(_number(loss), right_loss, nets.expected_loss(net, params, X, y, 0.0)[0])
        right = {}
    sizes = {"N": len(X), "C": net.classes}
    parts = []
    for name in reversed(params):  # the way backpropagation goes
        context = Context(sizes, {"reg": reg}, _axes(params[name]), {name: params[name]})
        parts.append(Part(f"grads[{name!r}]", grads[name], right.get(name), name, context))
    words = f"loss of a {net.path.split('.')[-1]} with {_sizes(net)}, {len(X)} examples, {kind}"
    return Setting(words, tuple(parts), params, lambda moved: _number(call(moved)[0]), tuple(notes))


def _penalty_note(loss, right, without):
    """Return what the penalty in a loss comes to beside the right one, where there is a penalty."""
    got, expected = loss - without, right - without
    if not expected:
        return []
    return [
        f"Without a penalty the right loss is {without:.8g}. That leaves {got:.6g} for the penalty, expected "
        f"{expected:.6g}: {got / expected:.4g} times as much."
    ]


def _number(loss):
    value = float(compare.array("the loss", np.asarray(loss) if isinstance(loss, float) else loss, ()))
    if not np.isfinite(value):
        compare.fail(f"the loss is {value}")
    return value


def _sizes(net):
    return ", ".join(f"{name} {shape}" for name, shape in net.shapes.items())


def _axes(array):
    return {
        1: ("unit",),
        2: ("input", "unit"),
        4: ("filter", "channel", "row", "column"),
    }[array.ndim]
