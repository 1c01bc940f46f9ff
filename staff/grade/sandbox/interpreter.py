"""What Python and NumPy need on disk: the program, its standard library, NumPy's folders, shared libraries."""

import dataclasses
import functools
import importlib.util
import os
import sys
import sysconfig
from pathlib import Path

import numpy as np

import cs231n
from cs231n.checks.subject.imports import KERNELS
from staff.grade.sandbox import libraries

__all__ = ["EXTENSION", "PACKAGES", "Interpreter", "environment", "interpreter"]

PACKAGES = ("site-packages", "dist-packages")  # folders of the standard library that are no part of it


def _extension() -> dict[Path, str]:
    """Return path -> place in a sandbox of the compiled kernels, of this folder and of their package."""
    package = Path(cs231n.__file__).resolve().parent
    found = {path: f"tree/cs231n/{path.name}" for path in package.glob("im2col_cython*.so")}
    spec = importlib.util.find_spec(KERNELS)
    if spec and spec.origin and spec.origin.endswith(".so"):
        found[Path(spec.origin)] = f"site/{Path(spec.origin).name}"
    return found


EXTENSION = _extension()


@dataclasses.dataclass(frozen=True)
class Interpreter:
    """Where the interpreter is: its program, its standard library, NumPy's folders and the shared libraries."""

    executable: str
    stdlib: tuple[str, ...]
    numpy: tuple[Path, ...]
    libraries: tuple[str, ...]


@functools.cache
def interpreter() -> Interpreter:
    """Return the Interpreter that runs this."""
    base = {name: sys.base_prefix for name in ("base", "installed_base")}
    base |= {name: sys.base_exec_prefix for name in ("platbase", "installed_platbase")}
    stdlib = tuple({sysconfig.get_path(name, vars=base): None for name in ("stdlib", "platstdlib")})
    executable = os.path.realpath(sys.executable)
    numpy = Path(np.__file__).resolve().parent
    folders = tuple(path for path in (numpy, numpy.with_name("numpy.libs")) if path.is_dir())
    modules = [str(path) for folder in stdlib for path in Path(folder, "lib-dynload").glob("*.so")]
    binaries = [executable, *modules, *map(str, (*numpy.rglob("*.so"), *EXTENSION))]
    return Interpreter(executable, stdlib, folders, tuple(libraries.outside_of((*stdlib, *folders), binaries)))


def environment() -> dict[str, str]:
    """Return the environment variables that it gets; of ours, settings of OpenBLAS, which change its results."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")}
    passed = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    passed = {name: value for name, value in passed.items() if not name.endswith("_NUM_THREADS")}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | threads | passed
