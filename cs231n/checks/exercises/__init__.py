"""The checks of each exercise, registered when this package is imported: all modules of this folder are."""

import importlib
import pkgutil

__all__ = ["LAYERS"]

# A copy that a program left beside a file, such as "relu (1).py", is no module.
_NAMES = [found.name for found in pkgutil.iter_modules(__path__) if found.name.isidentifier()]
_MODULES = [importlib.import_module(f"{__name__}.{name}") for name in _NAMES]

# What the exercises with a backward pass say of themselves, see `common.Layer`.
LAYERS = tuple(module.LAYER for module in _MODULES if hasattr(module, "LAYER"))
