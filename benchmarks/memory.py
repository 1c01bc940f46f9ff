"""Memory that a layer takes beyond its results, as the operating system saw it (Linux).

It is the peak of resident memory during forward and backward, less what was resident before, less the results. So
everything counts: the scratch of compiled kernels, of the matrix product and of torch, NumPy's arrays, and what
the cache keeps. Each measurement has a fork of its own, whose allocator gives large blocks back at once, of a
process that has measured nothing before: this module, run as a script, which prints the records as JSON.
"""

import ctypes
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks import peers, shapes

__all__ = ["measurements"]

_ENVIRONMENT = {"NUMPY_MADVISE_HUGEPAGE": "0"}  # else memory comes in steps of 2 MB
_FORGET_PEAK = Path("/proc/self/clear_refs")


def measurements(quick):
    """Return one record for each shape and dtype: per method megabytes, for N and for 2 N images."""
    if not _FORGET_PEAK.exists():
        return []
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "quick" if quick else "all"],
        env=os.environ | _ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _measure(cases, methods):
    """Yield the records, each figure measured in a fork of this process."""
    for shape in cases:
        N = shape.x[0]
        for dtype in shapes.DTYPES:
            megabytes = {
                name: [_in_fork(method, shape.batch(n), dtype) for n in (N, 2 * N)]
                for name, method in methods.items()
            }
            yield {"case": str(shape), "dtype": dtype, "MB": megabytes}


def _in_fork(method, shape, dtype):
    """Measure in a fork, which starts with no memory of the calls before."""
    context = multiprocessing.get_context("fork")
    result, sender = context.Pipe(duplex=False)
    fork = context.Process(target=lambda: sender.send(_temporaries(method, shape, dtype)))
    fork.start()
    megabytes = result.recv()
    fork.join()
    return megabytes


def _temporaries(method, shape, dtype):
    """Return the megabytes that forward and backward take beyond their results."""
    _run(method, shape.batch(1), dtype)()  # loads code and starts threads
    call = _run(method, shape, dtype)
    _give_back_freed_memory()
    _FORGET_PEAK.write_text("5")
    before = _status("VmRSS")
    results = call()
    return (_status("VmHWM") - before - sum(result.nbytes for result in results)) / 1e6


def _give_back_freed_memory():
    """Have the C library return freed blocks to the system, those of the past and large ones to come."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc
        M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
        libc.mallopt(M_TRIM_THRESHOLD, 1 << 16)
        libc.mallopt(M_MMAP_THRESHOLD, 1 << 16)
        libc.malloc_trim(0)


def _run(method, shape, dtype):
    """Return a function that runs forward and backward and returns all results; its arrays are made already."""
    *inputs, dout = shape.arrays(dtype)
    inputs, dout = [method.array(array) for array in inputs], method.upstream(dout)

    def call():
        out, cache = method.forward(*inputs, shape.param)
        gradients = method.backward(dout, cache)
        return [out, *([gradients] if hasattr(gradients, "nbytes") else gradients)]

    return call


def _status(field):
    """Return a field of the process's status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


if __name__ == "__main__":
    quick = sys.argv[1] == "quick"
    torch.set_num_threads(1)  # a fork does not inherit the threads of what runs before it
    _run(peers.CONVOLUTIONS["torch"], shapes.TINY, "float32")()  # torch loads much code at its first call
    convolutions = shapes.QUICK_CONVOLUTIONS if quick else shapes.CONVOLUTIONS
    pools = shapes.QUICK_POOLS if quick else shapes.POOLS
    records = [*_measure(convolutions, peers.CONVOLUTIONS), *_measure(pools, peers.POOLS)]
    json.dump(records, sys.stdout)
