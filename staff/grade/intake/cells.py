"""The cells of notebooks that nobody trusts: what can be read of whatever JSON comes is, and the rest is left."""

import base64
import binascii
import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from cs231n.checks.rubric import Question
from cs231n.submit.blanks import blanks
from cs231n.submit.cells import Mark, around
from cs231n.submit.pictures import replaced
from staff.grade import limits
from staff.grade.intake.child_process import apart
from staff.grade.intake.text import clean

__all__ = ["Cell", "Notebooks", "figures", "find_cells", "read_cells", "shown"]

VERDICT = "application/vnd.cs231n.check+json"  # cs231n.verdict.MIME; that module would bring IPython along
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURES = (_PNG, b"\xff\xd8\xff", b"GIF8")  # what files of these formats begin with: PNG, JPEG, GIF


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell: its id or "", its text, whether it has been executed, and its outputs as they came.

    A picture in the text of a markdown cell is called `picture:KEY` there, and `pictures` has KEY -> base64.
    """

    id: str
    text: str
    executed: bool = False
    outputs: tuple = ()
    is_code: bool = False
    pictures: dict[str, str] = dataclasses.field(default_factory=dict)


class Notebooks:
    """The notebooks of a submission, each read when it is asked for.

    Args:
        files: path -> bytes.
        pictures: path -> bytes of picture files beside them.

    Attributes:
        problems: lines about those that could not be read.
    """

    def __init__(self, files: Mapping[str, bytes], pictures: Mapping[str, bytes] | None = None) -> None:
        self._files, self._pictures = files, pictures or {}
        self._read: dict[str, list[Cell] | None] = {}
        self.problems: list[str] = []

    def cells(self, name: str) -> list[Cell] | None:
        """Return the Cells of a notebook; None if it is not there or cannot be read."""
        if name not in self._read:
            self._read[name] = None
            if name in self._files:
                try:
                    self._read[name] = apart(read_cells, self._files[name], self._pictures)
                except ValueError as error:
                    self.problems.append(f"{name}: cannot be read: {error}")
        return self._read[name]

    def chosen(self, question: Question, reached: Mapping[str, Any] | None = None) -> str | None:
        """Return the notebook of a question that counts, or None without any.

        Of two it is the one that reached more, where that is known, then the one that more was written and run in.

        Args:
            question: of the rubric.
            reached: notebook -> what is the larger, the more it earned, of those that were graded.
        """
        if reached:
            return max(reached, key=lambda name: (reached[name], self._written(name)))
        names = [name for name in (question.notebook, question.alternative) if name]
        readable = [name for name in names if self.cells(name) is not None]
        return max(readable, key=self._written, default=None)

    def _written(self, name):
        """Return what is the larger, the fewer blanks a notebook has, then the more cells were executed."""
        cells = self.cells(name)
        if cells is None:
            return -math.inf, 0
        return -sum(len(blanks(cell.text)) for cell in cells), sum(cell.executed for cell in cells)


def read_cells(data: bytes, beside: Mapping[str, bytes] | None = None) -> list[Cell]:
    """Return the Cells of a notebook.

    Args:
        data: the notebook.
        beside: path -> bytes of picture files that its texts may show.

    Raises:
        ValueError: it is no notebook; the message says why.
    """
    try:
        notebook = json.loads(data)
        cells = notebook["cells"]
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("not a notebook of format 4: it has no cells") from error
    except ValueError as error:  # no UTF-8, no JSON, a number with too many digits
        raise ValueError(f"not JSON: {clean(str(error), 100)}") from error
    if not isinstance(cells, list):
        raise ValueError("not a notebook of format 4: its cells are not a list")
    return [_cell(cell, beside or {}) for cell in cells[: limits.CELLS] if isinstance(cell, dict)]


def _cell(cell, beside):
    name, count, outputs = cell.get("id"), cell.get("execution_count"), cell.get("outputs")
    text, is_code, pictures = _joined(cell.get("source")), cell.get("cell_type") == "code", {}
    if not is_code:
        text = replaced(text, lambda target: _pasted(target, cell, beside, pictures))
    return Cell(
        id=name if isinstance(name, str) else "",
        text=clean(text, limits.CELL_CHARACTERS, lines=True),
        executed=isinstance(count, int) and count > 0,
        outputs=tuple(map(_shown, outputs[: limits.CELL_OUTPUTS])) if isinstance(outputs, list) else (),
        is_code=is_code,
        pictures=pictures,
    )


def _pasted(target, cell, beside, pictures):
    """Return the markdown of a picture in a text, which goes into `pictures` if it was handed in."""
    if target.startswith("attachment:"):
        name = unquote(target.removeprefix("attachment:"))
        attached = cell.get("attachments")
        kinds = attached.get(name) if isinstance(attached, dict) else None
        data = next(iter(kinds.values()), None) if isinstance(kinds, dict) else None
    elif target.startswith("data:image/"):
        name, data = "a picture", target.partition(";base64,")[2]
    else:
        name = unquote(target).replace("\\", "/")
        wanted = "/" + re.sub(r"^(\.{0,2}/)+", "", name)
        files = (data for path, data in beside.items() if f"/{path}".endswith(wanted))
        data = base64.b64encode(next(files, b"")).decode()
    name = clean(name, 60).replace("`", "")
    if (picture := _picture(data)) is None:
        return f"`[no picture here: {name} was not handed in, see assignment.pdf]`"
    if len(pictures) >= limits.CELL_PICTURES:
        return f"`[one picture more: {name}]`"
    key = hashlib.sha256(picture.encode()).hexdigest()[:16]
    pictures[key] = picture
    return f"![](picture:{key})"


def _picture(data, kinds=_PICTURES):
    """Return a picture of one of the formats in base64 without line breaks; None for anything else."""
    try:
        picture = base64.b64decode("".join(_joined(data).split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    fits = picture.startswith(kinds) and len(picture) <= limits.FIGURE_BYTES
    return base64.b64encode(picture).decode() if fits else None


def _shown(output):
    """Return what counts of an output, a dict: pictures and numbers."""
    data = output.get("data") if isinstance(output, dict) else None
    return (
        {"data": {kind: data[kind] for kind in ("image/png", VERDICT) if kind in data}}
        if isinstance(data, dict)
        else {}
    )


def _joined(text):
    """Return what nbformat allows to be a text or a list of lines."""
    if isinstance(text, list):
        return "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""


def find_cells(cells: Sequence[Cell], cell_id: str, blank: Sequence[Cell]) -> list[Cell]:
    """Return the cells that stand for a cell of the release, with new cells beside it.

    `python -m cs231n.submit` finds them in the same way, so it says beforehand what a grader will miss.

    Args:
        cells: Cells of the submission.
        cell_id: id in the release.
        blank: Cells of the notebook in the release.
    """
    own, released = ([Mark(cell.id, cell.text.strip()) for cell in some] for some in (cells, blank))
    return [cells[number] for number in around(own, cell_id, released)[: limits.CELLS_FOR_ONE]]


def _data(cell):
    """Return the data of each output: MIME type -> content."""
    return [out["data"] for out in cell.outputs if isinstance(out.get("data"), dict)]


def figures(cell: Cell) -> list[str]:
    """Return the PNG pictures among the outputs of a cell, in base64."""
    found = (_picture(data.get("image/png"), (_PNG,)) for data in _data(cell))
    return [picture for picture in found if picture]


def shown(cell: Cell) -> dict[str, str]:
    """Return the accuracies that the outputs of a cell show: what -> number, both as texts."""
    verdicts = [data.get(VERDICT) for data in _data(cell)]
    return {
        clean(str(verdict.get("what")), 100): clean(str(verdict.get("detail")), 100)
        for verdict in verdicts[: limits.CELL_NUMBERS]
        if isinstance(verdict, dict) and verdict.get("kind") == "accuracy"
    }
