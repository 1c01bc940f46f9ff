"""Try what may crash Python, in a process of its own: loading packages, and computing with the extension.

python -m cs231n.doctor.trial NAME ...    import each, and print a line of JSON for it: [name, problem or ""]
python -m cs231n.doctor.trial extension   compare compiled kernels with NumPy's, print "right" and their level,
                                          or what differs
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["Ended", "main", "try_extension", "try_loading"]

LIMIT = 60  # seconds for each process


class Ended(Exception):
    """The process ended before it was done; the message says why."""


def try_loading(root: Path, modules: dict[str, str]) -> dict[str, str]:
    """Return the problems of loading packages.

    Args:
        root: folder to do it in.
        modules: name of a package -> name of its module.

    Returns:
        name of a package -> what was wrong, for those that could not be loaded.
    """
    try:
        printed, ended = _run(root, *modules.values()), ""
    except Ended as error:
        printed, ended = error.args[1], error.args[0]
    said = dict(json.loads(line) for line in printed.splitlines() if line.startswith("["))
    problems: dict[str, str] = {}
    for name, module in modules.items():
        if module not in said:  # the process ended here
            return {**problems, name: ended or "no answer"}
        if said[module]:
            problems[name] = said[module]
    return problems


def try_extension(root: Path) -> tuple[str, str]:
    """Compare the compiled kernels of a folder with those in NumPy.

    Returns:
        problem: "" if they agree, else what differs or why the extension cannot be loaded.
        level: which level of the kernels runs, and why not a higher one; "" where there is a problem.

    Raises:
        Ended: the process crashed or took too long.
    """
    said, _, level = _run(root, "extension").strip().partition("\n")
    return ("", level) if said == "right" else (said or "no answer", "")


def _run(root: Path, *arguments: str) -> str:
    """Return what this module prints when it is run in a folder; Ended carries what it printed until then."""
    command = [sys.executable, "-X", "utf8", "-m", "cs231n.doctor.trial", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, cwd=str(root), env=environment, timeout=LIMIT, capture_output=True)
    except subprocess.TimeoutExpired as error:
        raise Ended(f"no answer after {LIMIT} seconds", (error.stdout or b"").decode("utf-8", "replace")) from None
    printed = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Ended(f"Python ended with exit status {done.returncode}{': ' + said[-1] if said else ''}", printed)
    return printed


def main(arguments: Sequence[str]) -> None:
    """Run the command line."""
    if arguments == ["extension"]:
        print(_compare())
        return
    for name in arguments:
        try:
            importlib.import_module(name)
            problem = ""
        except Exception as error:
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
        print(json.dumps([name, problem]), flush=True)


def _compare() -> str:
    """Return "right", or which compiled kernel gives other numbers than NumPy's, or why there is none."""
    import numpy as np

    from cs231n import im2col, numpy_kernels

    compiled, reason = im2col._load_compiled()
    if compiled is None:
        return str(reason)

    rng = np.random.default_rng(231)
    for dtype, bound in ((np.float32, 1e-4), (np.float64, 1e-11)):
        for (C, F), size, stride, pad in (
            ((8, 9), 3, 1, 1),
            ((3, 5), 4, 2, 1),
        ):  # Winograd's kernel, and the direct
            x, w, b = (rng.standard_normal(s).astype(dtype) for s in ((2, C, 9, 10), (F, C, size, size), (F,)))
            out, pooled = (
                numpy_kernels.conv_forward(x, w, b, stride, pad),
                numpy_kernels.max_pool_forward(x, 2, 2, 2),
            )
            calls = {
                "conv_forward": (x, w, b, stride, pad),
                "conv_input_gradient": (out, w, x.shape, stride, pad),
                "conv_weight_gradient": (out, x, w.shape, stride, pad),
                "max_pool_forward": (x, 2, 2, 2),
                "max_pool_input_gradient": (pooled, x, 2, 2, 2),
            }
            for name, arguments in calls.items():
                ours, theirs = (getattr(kernels, name)(*arguments) for kernels in (compiled, numpy_kernels))
                pairs = zip(ours, theirs) if isinstance(ours, tuple) else [(ours, theirs)]
                worst = max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in pairs)
                if not worst < bound:
                    return f"{name} in {np.dtype(dtype)} is off by {worst:.1e}, expected less than {bound}"
    return f"right\n{_level(compiled)}"


def _level(compiled: Any) -> str:
    """Return which level of the kernels runs, and why not a higher one."""
    levels = compiled.levels()
    higher = list(levels)[list(levels).index(compiled.LEVEL) + 1 :]
    if not higher:
        reason = "the highest that is built"
    elif lacking := levels[higher[0]]:
        reason = f"{higher[0]} needs {lacking}, which this processor does not have"
    else:
        reason = f"the environment variable {compiled.CAP} allows no higher one"
    return f"{compiled.LEVEL}, {reason}"


if __name__ == "__main__":
    main(sys.argv[1:])
