"""What is there when an exercise is checked, the same on a student's machine and where it is graded.

`layers` and `optim` are checked in a bare room: NumPy, Python's standard library, and what the student wrote. The
classes of `classifiers` are built from the given modules, so that these are there too. A notebook has all that is
installed.
"""

import sys

__all__ = ["BARE", "GIVEN", "ROOMS", "Guard", "is_bare", "room_of"]

ROOMS = ("bare", "nets", "notebook")

BARE = ("cs231n.layers", "cs231n.optim")

# Modules and packages of cs231n that are no exercise: in a bare room they would be somebody else's answer.
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
)


def is_bare(module):
    """Return whether a module is checked in a bare room."""
    return module in BARE


def room_of(module):
    """Return which of ROOMS the code of a module, or of a notebook, is checked in."""
    if is_bare(module):
        return "bare"
    return "nets" if module.startswith("cs231n.") else "notebook"


class Guard:
    """An import hook that refuses what is not there where a module is graded. Put it first in sys.meta_path.

    Args:
        bare: whether the room is a bare one.
    """

    def __init__(self, bare):
        self.bare = bare

    def find_spec(self, name, path=None, target=None):
        """Leave a module that is there to the other hooks.

        Raises:
            ModuleNotFoundError: it is not there.
        """
        first, _, rest = name.partition(".")
        if first == "cs231n":
            refused = self.bare and rest.partition(".")[0] in GIVEN
        else:
            standard = first in sys.stdlib_module_names or first.startswith("_sysconfigdata")
            refused = not standard and first != "numpy"
        if refused:
            file = "layers.py and optim.py are" if self.bare else "the nets are"
            raise ModuleNotFoundError(f"{name} is not there where {file} graded: write it by hand", name=name)
        return None
