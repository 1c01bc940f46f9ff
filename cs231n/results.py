"""What the lines around an exercise do about its results, so that the exercise is left with what is to be learned.

Results are brought into the promised dtype. Their values, shapes and number are the exercise's own: whatever is
wrong with these is handed on as it is.
"""

import functools
import math
from collections.abc import Mapping

import numpy as np

from cs231n import validation as _valid

__all__ = ["as_given", "like", "own_random_numbers"]


def like(value, *inputs):
    """Return a result as a plain array, in the dtype that NumPy gives the inputs together.

    Args:
        value: a result. A dict gets its arrays replaced, under the same names. What is not of floats is returned
            as it is: None, integers, complex numbers.
        inputs: arrays or dtypes.
    """
    dtype = np.result_type(*inputs)
    if isinstance(value, dict):
        for name, entry in value.items():
            if isinstance(entry, np.ndarray):
                value[name] = _as_dtype(entry, dtype)
        return value
    return _as_dtype(value, dtype)


def _as_dtype(value, dtype):
    """Return an array or a NumPy number of another width in this dtype."""
    is_plain = type(value) is np.ndarray or not isinstance(value, np.ndarray)
    if not isinstance(value, (np.ndarray, np.floating)) or (value.dtype == dtype and is_plain):
        return value
    if value.dtype.kind != "f" or isinstance(value, np.ma.MaskedArray):
        return value
    with np.errstate(all="ignore"):  # what the dtype cannot hold becomes infinite or zero
        return np.asarray(value, dtype) if isinstance(value, np.ndarray) else dtype.type(value)


def as_given(dgamma, dbeta, shapes):
    """Return the gradients of gamma and beta, seen as (1, C, 1, 1), in the shapes that these two have."""
    gradients = []
    for value, given in zip((dgamma, dbeta), shapes):
        seen = (1, math.prod(given), 1, 1)
        gradients.append(value.reshape(given) if isinstance(value, np.ndarray) and value.shape == seen else value)
    return gradients


def own_random_numbers(forward):
    """Let a function (x, dropout_param) draw from np.random, which follows `seed`, if there is one, meanwhile."""

    @functools.wraps(forward)
    def seeded(x, dropout_param):
        seed = dropout_param.get("seed") if isinstance(dropout_param, Mapping) else None
        if seed is None:
            return forward(x, dropout_param)
        before = np.random.get_state()
        try:
            np.random.seed(_valid.integer("dropout_param['seed']", seed, 0, 2**32 - 1))
            return forward(x, dropout_param)
        finally:
            np.random.set_state(before)

    return seeded
