"""Files in the current folder that hide modules of Python or packages, such as a `random.py` of one's own.

Python looks into the current folder first, so `import random` in any package, such as NumPy or Jupyter, runs that
file. `cs231n` therefore looks for such files before it imports anything else. This module needs only `os` and
`sys`, which Python itself has loaded by then.
"""

from __future__ import annotations

import os
import sys

__all__ = ["pass_over", "shadows"]

PACKAGES = "IPython PIL Cython imageio jupyter keras matplotlib numpy requests scipy tensorflow torch tqdm".split()
HARMLESS = ("test",)  # a common name for a file, and nothing imports Python's own module


def shadows(folder: str) -> list[str]:
    """Return the files of a folder that hide a module, such as random.py or numpy/__init__.py; sorted."""
    known = {*getattr(sys, "stdlib_module_names", ()), *PACKAGES}.difference(HARMLESS)
    files = [name for name in os.listdir(folder) if name.endswith(".py") and name[:-3] in known]
    packages = [name for name in known if os.path.isfile(os.path.join(folder, name, "__init__.py"))]
    return sorted(files + [f"{name}/__init__.py" for name in packages])


def pass_over() -> list[str]:
    """Have Python look into the current folder last where a file in there hides a module.

    Returns:
        The names of those files.
    """
    try:
        folder = os.getcwd()
        found = shadows(folder) if {"", folder}.intersection(sys.path) else []
    except OSError:  # the folder is gone, or cannot be read
        return []
    if found:
        sys.path[:] = [entry for entry in sys.path if entry not in ("", folder)] + [folder]
        for name in found:
            module = name.split("/")[0].split(".")[0]
            if (getattr(sys.modules.get(module), "__file__", None) or "").startswith(folder + os.sep):
                del sys.modules[module]
    return found
