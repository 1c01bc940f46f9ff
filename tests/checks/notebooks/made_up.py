"""Notebooks for tests: the solved ones, blank, and with cells edited."""

import json

from staff import ROOT
from staff.release import notebooks
from staff.release.rubric import PATH, BlockOwners

__all__ = ["PYTORCH", "TENSORFLOW", "blank", "code_cell", "edited", "solved", "with_cells"]

PYTORCH, TENSORFLOW = "PyTorch.ipynb", "TensorFlow.ipynb"


def solved(name):
    """Return the text of a solved notebook."""
    return (ROOT / name).read_text(encoding="utf-8")


def blank(name):
    """Return the text of a notebook as a student gets it."""
    source, rubric = solved(name), BlockOwners(ROOT / PATH)
    return notebooks.blank(
        name, source, {block: rubric.message(block) for block in notebooks.named_blocks(name, source)}
    )


def edited(name, cell_id, *edits, text=None):
    """Return a solved notebook, or the given text, in which each (old, new) is applied once in a cell."""
    notebook = json.loads(text or solved(name))
    [cell] = [cell for cell in notebook["cells"] if cell["id"] == cell_id]
    source = "".join(cell["source"])
    for old, new in edits:
        assert source.count(old) == 1, f"{old!r} occurs {source.count(old)} times in {cell_id} of {name}"
        source = source.replace(old, new)
    cell["source"] = source
    return json.dumps(notebook)


def with_cells(text, change):
    """Return a notebook with its list of cells replaced by `change(cells)`."""
    notebook = json.loads(text)
    return json.dumps(notebook | {"cells": change(notebook["cells"])})


def code_cell(source, cell_id="added"):
    """Return a code cell."""
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": 1,
    }
