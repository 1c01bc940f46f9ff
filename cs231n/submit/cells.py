"""Which cells of a notebook stand for a cell of the release.

Jupyter keeps the ids of cells. Colab, VS Code and other programs may drop or renew them, and people put an answer
into a new cell beside the one that was meant. The grader finds cells by the same rules.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from cs231n.submit.archive import digest
from cs231n.submit.blanks import ANSWER_TAG
from cs231n.submit.text import joined

__all__ = ["Mark", "Notebook", "around", "marks", "positions"]

Notebook: TypeAlias = dict[str, Any]


class Mark(NamedTuple):
    """What a cell is known by.

    Attributes:
        id: of the cell, "" without.
        text: the cell's text without space around it, or a digest of that.
        is_answer: whether it is the answer to a question.
    """

    id: str
    text: str
    is_answer: bool = False


def marks(notebook: Notebook) -> list[Mark]:
    """Return the Marks of a notebook's cells."""
    return [
        Mark(
            cell.get("id") or "",
            digest(joined(cell["source"]).strip().encode("utf-8", "replace"))[:16],
            ANSWER_TAG in cell["metadata"].get("tags", []),
        )
        for cell in notebook["cells"]
    ]


def positions(cells: Sequence[Mark], cell_id: str, blank: Sequence[Mark]) -> list[int]:
    """Return where the cells are that stand for a cell of the release.

    That is the cell with its id. Without one, it is what stands between the nearest cells before and after it that
    are as they were.

    Args:
        cells: Marks of the notebook.
        cell_id: id in the release.
        blank: Marks of the notebook in the release.
    """
    if same := [number for number, cell in enumerate(cells) if cell.id == cell_id]:
        return same
    place = next((number for number, cell in enumerate(blank) if cell.id == cell_id), None)
    if place is None:
        return []
    numbers: dict[str, int] = {}  # of the cells that are as they were; the first of several
    for number, cell in enumerate(cells):
        numbers.setdefault(cell.text, number)
    before = [numbers[cell.text] for cell in blank[:place] if cell.text in numbers]
    after = [numbers[cell.text] for cell in blank[place + 1 :] if cell.text in numbers]
    first = before[-1] + 1 if before else 0
    last = next((number for number in after if number >= first), min(first + 1, len(cells)))
    others = {cell.id for cell in blank if cell.id}
    return [number for number in range(first, last) if cells[number].id not in others]


def around(cells: Sequence[Mark], cell_id: str, blank: Sequence[Mark]) -> list[int]:
    """Return the positions of a cell, and of new cells right before and after it."""
    if not (found := positions(cells, cell_id, blank)):
        return []
    ids, texts = {cell.id for cell in blank if cell.id}, {cell.text for cell in blank}

    def is_new(number: int) -> bool:
        return 0 <= number < len(cells) and cells[number].id not in ids and cells[number].text not in texts

    first, last = found[0], found[-1]
    while is_new(first - 1):
        first -= 1
    while is_new(last + 1):
        last += 1
    return [number for number in range(first, last + 1) if number in found or is_new(number)]
