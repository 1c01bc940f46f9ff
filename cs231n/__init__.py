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
    import numpy as _np
except ImportError as _error:
    import sys as _sys
    import warnings as _warnings

    _warnings.warn(
        f"{_sys.executable} cannot load NumPy ({_error}); to see why, and how to go on: python -m cs231n.doctor",
        stacklevel=2,
    )
else:
    # The C library of Linux gives a freed array back to the system, which has to clear each page of the next one,
    # until the program has freed one as large; from then on it keeps such memory and uses it again. A training
    # step makes and frees arrays of some megabytes all the time, and took half as long again. So free a large one:
    # 32 MB is the most that count, and they cost nothing, because no page of them is touched.
    _np.empty(2**25 - 2**16, dtype=_np.uint8)
