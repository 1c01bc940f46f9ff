"""Errors of the fast layers and of torch itself, both in the dtype measured, against torch in float64."""

import numpy as np

from benchmarks import peers
from benchmarks.goals import error_bound
from benchmarks.shapes import DTYPES

__all__ = ["measurements"]


def measurements(convolutions):
    """Yield one record for each convolution and dtype: per array, largest difference over largest value."""
    for shape in convolutions:
        for dtype in DTYPES:
            arrays = shape.arrays(dtype)
            expected = _results(peers.CONVOLUTIONS["torch"], [array.astype(np.float64) for array in arrays], shape)
            bounds = {name: error_bound(dtype, length) for name, length in _lengths(shape).items()}
            errors = {
                method: _errors(_results(peers.CONVOLUTIONS[method], arrays, shape), expected)
                for method in ("cs231n", "torch")
            }
            yield {"case": str(shape), "dtype": dtype, "errors": errors, "bounds": bounds}


def _lengths(shape):
    """Return how many products each element of a result sums up."""
    (N, F, oh, ow), (_, C, HH, WW) = shape.out, shape.w
    return {"out": C * HH * WW, "dx": F * HH * WW, "dw": N * oh * ow, "db": N * oh * ow}


def _results(method, arrays, shape):
    """Return out, dx, dw and db as NumPy arrays."""
    *inputs, dout = arrays
    out, cache = method.forward(*map(method.array, inputs), shape.param)
    gradients = method.backward(method.upstream(dout), cache)
    return [result if isinstance(result, np.ndarray) else result.detach().numpy() for result in (out, *gradients)]


def _errors(results, expected):
    return {
        name: float(np.abs(result - wanted).max() / np.abs(wanted).max())
        for name, result, wanted in zip(("out", "dx", "dw", "db"), results, expected)
    }
