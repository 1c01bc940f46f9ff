"""Checks that only the grader runs. Each module here registers them as those of cs231n.checks.exercises do:

    @check("affine_forward")
    def large_batch(subject, rng):
        \"""the output is that of torch for ten thousand rows\"""

They count as every other check: an exercise earns its points if all of its checks pass.
"""

import importlib
import pkgutil

__all__ = ["load_hidden_checks"]


def load_hidden_checks() -> None:
    """Import all modules of this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
