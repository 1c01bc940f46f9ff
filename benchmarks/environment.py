"""The surroundings of a measurement: cores, threads and environment, and what to say about them."""

import os
import platform
import sys
from pathlib import Path

__all__ = ["machine", "settle"]

# These tell OpenBLAS to take other kernels or blocks than those it would choose for this processor.
_FORGOTTEN = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
# These would overrule OMP_NUM_THREADS.
_FORGOTTEN += ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS")


def settle(threads):
    """Pin the process to as many cores as threads, and start it anew where its environment asks for others.

    To be called before NumPy is imported, because its matrix product reads the environment only then.

    Raises:
        SystemExit: there are fewer cores than threads.
    """
    if hasattr(os, "sched_setaffinity"):  # Linux
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < threads:
            raise SystemExit(f"--threads is {threads}, but this process may use {len(cores)} cores only")
        os.sched_setaffinity(0, cores[-threads:])
    wanted = {name: value for name, value in os.environ.items() if name not in _FORGOTTEN}
    wanted["OMP_NUM_THREADS"] = str(threads)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], wanted)


def machine(threads):
    """Return what a reader of the figures has to know: machine, threads, versions and kernels."""
    import numpy
    import torch
    from threadpoolctl import threadpool_info

    from cs231n.im2col import compiled

    torch.set_num_threads(threads)
    pools = [pool for pool in threadpool_info() if pool["internal_api"] == "openblas"]
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores used": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": threads,
        "clock": "process CPU time" if threads == 1 else "wall time",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "torch": torch.__version__,
        "torch vector instructions": torch.backends.cpu.get_cpu_capability(),
        "BLAS of numpy": ", ".join(f"OpenBLAS {p['version']}, kernel {p['architecture']}" for p in pools),
        "kernels of cs231n": f"compiled, level {compiled.LEVEL}" if compiled else "not built: NumPy alone",
    }


def _processor():
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
