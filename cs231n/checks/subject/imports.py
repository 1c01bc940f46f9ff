"""Which modules can be imported when an exercise is checked, the same on a student's machine and in the grader.

There are three sets. "bare", for `layers` and `optim`: NumPy, Python's standard library, and what the student
wrote. "nets", for `classifiers`: these and the given modules, of which the nets are built. "notebook": all that is
installed.
"""

import sys
from typing import Any

__all__ = ["BARE", "GIVEN", "IMPORT_SETS", "KERNELS", "Guard", "import_set_of", "is_bare"]

IMPORT_SETS = ("bare", "nets", "notebook")

BARE = ("cs231n.layers", "cs231n.optim")
KERNELS = "cs231n_kernels"  # the compiled kernels as a package of their own, see cs231n.im2col

# Modules and packages of cs231n that are no exercise: beside a layer they would be somebody else's answer.
GIVEN = (
    "checkpoint",
    "classifiers",
    "colab",
    "data_utils",
    "datasets",
    "doctor",
    "fast_layers",
    "gradient_check",
    "im2col",
    "im2col_cython",
    "layer_utils",
    "model_state",
    "numpy_kernels",
    "search",
    "setup",
    "solver",
    "submit",
    "terminal",
    "verdict",
    "vis_utils",
    "waiting",
)


def is_bare(module: str) -> bool:
    """Return whether a module is checked with the import set "bare"."""
    return module in BARE


def import_set_of(module: str) -> str:
    """Return which of IMPORT_SETS the code of a module, or of a notebook, is checked with."""
    if is_bare(module):
        return "bare"
    return "nets" if module.startswith("cs231n.") else "notebook"


class Guard:
    """An import hook that refuses what is not there where a module is graded. Put it first in sys.meta_path.

    Args:
        bare: whether the import set is "bare".
    """

    def __init__(self, bare: bool) -> None:
        self.bare = bare

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Leave a module that is there to the other hooks.

        Raises:
            ModuleNotFoundError: it is not there.
        """
        first, _, rest = name.partition(".")
        if first == "cs231n":
            refused = self.bare and rest.partition(".")[0] in GIVEN
        else:
            standard = first in sys.stdlib_module_names or first.startswith("_sysconfigdata")
            refused = not standard and first != "numpy" and (self.bare or first != KERNELS)
        if refused:
            file = "layers.py and optim.py are" if self.bare else "the nets are"
            raise ModuleNotFoundError(f"{name} is not available when {file} graded: write it by hand", name=name)
        return None
