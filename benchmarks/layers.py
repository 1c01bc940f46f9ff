"""Time the convolutions and pools, forward and forward + backward."""

import itertools

import torch

from benchmarks import peers
from benchmarks.pairing import time_rounds
from benchmarks.shapes import DTYPES, TINY

__all__ = ["DIRECTIONS", "timings"]

DIRECTIONS = ("forward", "forward + backward")


def timings(convolutions, pools, rounds, now, shortest):
    """Yield one record for each case, dtype and direction: the seconds of every round and method.

    The naive layers take part in one tiny convolution only.
    """
    for group, shapes, methods in (
        ("convolution", convolutions, peers.CONVOLUTIONS),
        ("tiny convolution", (TINY,), peers.CONVOLUTIONS | peers.NAIVE),
        ("pool", pools, peers.POOLS),
    ):
        for shape, dtype, direction in itertools.product(shapes, DTYPES, DIRECTIONS):
            seconds = time_rounds(_contenders(shape, methods, dtype, direction), rounds, now, shortest)
            yield {"group": group, "case": str(shape), "dtype": dtype, "direction": direction, "seconds": seconds}


def _contenders(shape, methods, dtype, direction):
    """Return a function without arguments for each method, all on the same random arrays."""
    *inputs, dout = shape.arrays(dtype)
    return {name: _call(method, inputs, dout, shape.param, direction) for name, method in methods.items()}


def _call(method, inputs, dout, param, direction):
    inputs = [method.array(array) for array in inputs]
    dout = method.upstream(dout)

    def forward():
        with torch.no_grad():
            return method.forward(*inputs, param)

    def both():
        _, cache = method.forward(*inputs, param)
        return method.backward(dout, cache)

    return forward if direction == "forward" else both
