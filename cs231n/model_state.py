"""What a model carries from one call to the next besides its parameters, and how to tell it from another model.

A model may say so itself: `state()` returns dicts, lists, numbers, strings and arrays, and `load_state(state)`
takes them back. From any other one `bn_params`, with the running statistics, and `dropout_param` are taken.
"""

import copy

import numpy as np

__all__ = ["difference", "get", "of_best", "restore", "restore_best", "settings", "shapes"]


def get(model):
    """Return all that a model carries, for a checkpoint."""
    if _speaks_for_itself(model):
        return model.state()
    bn_params = [dict(bn_param) for bn_param in getattr(model, "bn_params", [])]
    return {"bn_params": bn_params, "dropout_param": dict(getattr(model, "dropout_param", {}))}


def restore(model, state):
    """Give a model back what get returned."""
    if _speaks_for_itself(model):
        model.load_state(state)
        return
    for bn_param, saved in zip(getattr(model, "bn_params", []), state["bn_params"]):
        bn_param.update(saved)
    getattr(model, "dropout_param", {}).update(state["dropout_param"])


def of_best(model):
    """Return a copy of what belongs to the best parameters: the model's state, or the running statistics."""
    if _speaks_for_itself(model):
        return copy.deepcopy(model.state())
    return [
        {name: bn_param[name].copy() for name in ("running_mean", "running_var") if name in bn_param}
        for bn_param in getattr(model, "bn_params", [])
    ]


def restore_best(model, state):
    """Give a model back what of_best returned."""
    if _speaks_for_itself(model):
        model.load_state(copy.deepcopy(state))
        return
    for bn_param, statistics in zip(getattr(model, "bn_params", []), state):
        bn_param.update(statistics)


def shapes(model):
    """Return dtype and shape of every parameter, in words."""
    return {name: f"{np.asarray(w).dtype} {np.shape(w)}" for name, w in model.params.items()}


def settings(model):
    """Return the numbers and words among a model's public attributes, such as reg."""
    plain = (bool, int, float, str, np.generic)
    attributes = getattr(model, "__dict__", {}).items()
    return {name: value for name, value in attributes if not name.startswith("_") and isinstance(value, plain)}


def difference(model, expected_shapes, expected_state):
    """Return in what a model differs from the one whose shapes and state are given, in words, or None."""
    found = shapes(model)
    for name in sorted(expected_shapes | found):
        expected = expected_shapes.get(name, "none")
        if found.get(name, "none") != expected:
            return f"its params[{name!r}] is {expected}, in this model it is {found.get(name, 'none')}"
    if _speaks_for_itself(model):
        return None  # load_state has to complain
    expected, found = _configuration(expected_state), _configuration(get(model))
    return None if found == expected else f"its bn_params and dropout_param are {expected}, in this model {found}"


def _speaks_for_itself(model):
    return callable(getattr(model, "state", None)) and callable(getattr(model, "load_state", None))


def _configuration(state):
    """Return what a model was made with and training does not change: entries that are no arrays, nor mode."""
    return [
        {name: value if name != "mode" else "any" for name, value in param.items() if np.ndim(value) == 0}
        for param in (*state["bn_params"], state["dropout_param"])
    ]
