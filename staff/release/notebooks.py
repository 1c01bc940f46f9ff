"""Exercises and answers in notebooks.

A block is named after its cell's id. An answer is a markdown cell tagged `solution`, named after its id as well.
"""

import functools
import json
from collections.abc import Collection, Mapping

from cs231n.submit.blanks import ANSWER, ANSWER_TAG
from staff.release import blocks, hidden
from staff.release.errors import ReleaseError
from staff.release.modules import numbered

__all__ = ["answers", "blank", "cells", "cut", "fill", "named_blocks"]

# Metadata that a student's Jupyter needs, of a notebook and of a cell. Widgets and other tools' notes are none.
KEPT = ("kernelspec", "language_info")
KEPT_OF_CELLS = ("tags",)


def _dump(notebook):
    """Return a notebook as text, in the form that Jupyter saves."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _text(cell):
    return "".join(cell["source"])


def _set_text(cell, text):
    cell["source"] = text.splitlines(keepends=True)


def named_blocks(path: str, source: str) -> dict[str, blocks.Block]:
    """Return the blocks of a notebook: id -> Block, in order.

    The id is `Dropout.ipynb:net-check`, with .1, .2, ... where a cell has several.

    Raises:
        ReleaseError: a marker is out of place, also one in a cell that holds no code.
    """
    return {name: block for _, named in _cells(path, json.loads(source)) for name, block in named.items()}


def _cells(path, notebook):
    """(cell, {block id: Block}) of each cell."""
    cells, problems = [], []
    for cell in notebook["cells"]:

        def place(line, cell=cell):
            return f"{path}, cell {cell['id']}, line {line}"

        found = []
        if cell["cell_type"] == "code":
            try:
                found = blocks.find(_text(cell), place)
            except ReleaseError as error:
                problems += error.problems
        else:
            lines = ("" if hidden.is_marker(line) else line for line in _text(cell).splitlines())
            problems += blocks.stray("\n".join(lines), place)
        cells.append((cell, dict(zip(numbered([f"{path}:{cell['id']}"] * len(found)), found))))
    if problems:
        raise ReleaseError(*problems)
    return cells


def cells(path: str, source: str) -> set[str]:
    """Return the ids of all cells of a notebook, `Dropout.ipynb:net-check`."""
    return {f"{path}:{cell['id']}" for cell in json.loads(source)["cells"]}


def answers(path: str, source: str) -> list[str]:
    """Return the ids of the answers of a notebook, `Dropout.ipynb:answer-1`, in order.

    Raises:
        ReleaseError: the tag is on a cell that holds code, whose solution belongs between markers.
    """
    tagged = [cell for cell in json.loads(source)["cells"] if _is_answer(cell)]
    if wrong := [cell["id"] for cell in tagged if cell["cell_type"] != "markdown"]:
        raise ReleaseError(
            *(f"{path}, cell {name}: tagged {ANSWER_TAG!r}, but only markdown cells may be" for name in wrong)
        )
    return [f"{path}:{cell['id']}" for cell in tagged]


def _is_answer(cell):
    return ANSWER_TAG in cell["metadata"].get("tags", [])


def blank(path: str, source: str, messages: Mapping[str, str]) -> str:
    """Return the notebook without its solutions and answers, and without what Jupyter and other tools add to it.

    Args:
        path: its name in the release.
        source: the solved notebook.
        messages: what the blank of each block id says.
    """
    notebook = json.loads(cut(path, source))
    notebook["metadata"] = _only(notebook["metadata"], KEPT)
    for cell, named in _cells(path, notebook):
        _set_text(cell, blocks.blank(_text(cell), named.values(), [messages[name] for name in named]))
        cell.pop("attachments", None)
        cell["metadata"] = _only(cell["metadata"], KEPT_OF_CELLS)
        if _is_answer(cell):
            _set_text(cell, ANSWER)
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
    return _dump(notebook)


def _only(metadata, names):
    return {name: value for name, value in metadata.items() if name in names}


def _line(place: str, number: int) -> str:
    return f"{place} {number}"


def cut(path: str, source: str) -> str:
    """Return the notebook without what its prose hides from the release, see `hidden`."""
    notebook = json.loads(source)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            place = f"{path}, cell {cell['id']}, line"
            _set_text(cell, hidden.cut(_text(cell), functools.partial(_line, place)))
    return _dump(notebook)


def fill(path: str, blanked: str, solved: str, chosen: Collection[str]) -> str:
    """Return the blanked notebook with the chosen blocks and answers, given by id, of the solved one put back."""
    notebook = json.loads(blanked)
    for cell, (source, named) in zip(notebook["cells"], _cells(path, json.loads(solved)), strict=True):
        kept = [block if name in chosen else None for name, block in named.items()]
        _set_text(cell, blocks.fill(_text(cell), kept))
        if _is_answer(source) and f"{path}:{source['id']}" in chosen:
            cell["source"] = source["source"]
    return _dump(notebook)
