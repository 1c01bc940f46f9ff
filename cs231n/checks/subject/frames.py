"""Which frames of a traceback are in the student's files."""

from pathlib import Path

__all__ = ["is_cell", "is_students"]


def is_cell(filename: str) -> bool:
    """Return whether the file name of a frame stands for a cell of a notebook, see `notebooks.program`."""
    return ".ipynb, cell " in filename


def is_students(filename: str, root: Path) -> bool:
    """Return whether the file of a frame is a cell, or one of the package below a root folder that is no check."""
    path, package = Path(filename), root / "cs231n"
    return is_cell(filename) or (path.is_relative_to(package) and not path.is_relative_to(package / "checks"))
