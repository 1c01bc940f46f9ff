"""A course assignment about backpropagation: modular layers, update rules, models and a solver in NumPy."""

from cs231n import shadows as _shadows

if _found := _shadows.pass_over():
    import warnings as _warnings

    _warnings.warn(
        f"{', '.join(_found)} in this folder hides a module of that name, which other programs import. cs231n "
        "passes over it, but Jupyter may not start: give the file another name",
        stacklevel=2,
    )

try:
    import numpy as _np  # noqa: F401
except ImportError as _error:
    import sys as _sys
    import warnings as _warnings

    _warnings.warn(
        f"{_sys.executable} cannot load NumPy ({_error}); to see why, and what to do: python -m cs231n.doctor",
        stacklevel=2,
    )
