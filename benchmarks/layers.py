"""Time the convolutions and pools, forward and forward + backward."""

import torch

from benchmarks import peers
from benchmarks.pairing import time_rounds
from benchmarks.shapes import CONVOLUTIONS, DTYPES, POOLS, TINY

__all__ = ["DIRECTIONS", "cases", "contenders", "timings"]

DIRECTIONS = ("forward", "forward + backward")


def cases(batch=None):
    """Yield (group, shape, methods) of everything that is timed, with `batch` images where it is given."""
    for group, shapes, methods in (
        ("convolution", CONVOLUTIONS, _without(peers.CONVOLUTIONS, "naive")),
        ("tiny convolution", (TINY,), peers.CONVOLUTIONS),
        ("pool", POOLS, _without(peers.POOLS, "naive")),
    ):
        for shape in shapes:
            yield group, shape.batch(batch) if batch and shape is not TINY else shape, methods


def _without(methods, name):
    return {other: method for other, method in methods.items() if other != name}


def contenders(shape, methods, dtype, direction):
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


def timings(rounds, now, batch=None):
    """Yield one record for each case, dtype and direction: the seconds of every round and method."""
    for group, shape, methods in cases(batch):
        for dtype in DTYPES:
            for direction in DIRECTIONS:
                seconds = time_rounds(contenders(shape, methods, dtype, direction), rounds, now)
                yield {
                    "group": group,
                    "case": str(shape),
                    "dtype": dtype,
                    "direction": direction,
                    "seconds": seconds,
                }
