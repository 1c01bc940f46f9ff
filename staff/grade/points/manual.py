"""What a human judges: what there is to read, and the points that come back."""

import collections
import dataclasses
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cs231n.checks.rubric import load_rubric
from staff.grade import limits
from staff.grade.intake import cells
from staff.grade.intake.text import clean
from staff.grade.record import ExerciseRecord, ManualRecord, PartRecord, Record

__all__ = ["codes", "items", "with_points"]

LETTERS = "bcdfghjkmnpqrstvwxz"


def items(
    notebooks: cells.Notebooks, blank: cells.Notebooks, exercises: Iterable[ExerciseRecord] = ()
) -> tuple[ManualRecord, ...]:
    """Return the ManualRecords of a submission, all pending.

    Args:
        notebooks: Notebooks of the submission.
        blank: Notebooks of the release, by which cells are found that lost their ids.
        exercises: ExerciseRecords of the submission; the notebook they were graded in is the one to read.
    """
    graded = {one.question: one.notebook for one in exercises if one.notebook}
    return tuple(
        _item(item, notebooks, blank, graded.get(item.question)) for item in load_rubric().manual.values()
    )


def _item(item, notebooks, blank, graded):
    question = load_rubric().questions[item.question]
    chosen = graded or notebooks.chosen(question)
    places = item.alternative if item.alternative and chosen == question.alternative else item.cells
    parts, seen, shown = [], {}, {}
    for place in places:
        name, cell_id = place.split(":")
        if notebooks.cells(name) is None:
            parts.append(PartRecord(place, f"[no {name}]"))
            continue
        found = cells.find_cells(notebooks.cells(name), cell_id, blank.cells(name) or [])
        texts = list(map(_markdown, found)) or [f"[no cell {cell_id} in {name}]"]
        pasted = {key: picture for cell in found for key, picture in cell.pictures.items()}
        figures = dict.fromkeys(figure for cell in found for figure in cells.figures(cell) if figure not in seen)
        if len(figures) + len(pasted) > limits.FIGURES - len(seen):
            texts.append("`[more pictures than are shown here: look into the notebook]`")
        pasted = dict(list(pasted.items())[: limits.FIGURES - len(seen)])
        seen |= dict.fromkeys(pasted.values())
        figures = tuple(figures)[: limits.FIGURES - len(seen)]
        seen |= dict.fromkeys(figures)
        for cell in found:
            shown |= cells.shown(cell)
        text = clean("\n\n".join(dict.fromkeys(texts)), limits.CELL_CHARACTERS, lines=True)
        parts.append(PartRecord(place, text, figures, pasted))
    return ManualRecord(item.name, item.question, item.points, parts=tuple(parts), shown=shown)


def _markdown(cell):
    """Return what a cell says as Markdown: code in a fence that is longer than any in it."""
    if not cell.is_code or not cell.text.strip():
        return cell.text
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`{3,}", cell.text)), 0)
    return f"{fence}python\n{cell.text}\n{fence}"


# --- codes and points -------------------------------------------------------------------------------------------


def codes(names: Iterable[str], secret: bytes) -> dict[str, str]:
    """Return name of a submission -> the code by which it goes where its answers are read.

    Codes are consonants, so that none is a word or a number. Should two be the same, the names stay.
    """
    found = {name: _code(hmac.digest(secret, f"code of {name}".encode(), "sha256")) for name in names}
    counts = collections.Counter(found.values())
    return {name: code if counts[code] == 1 else name for name, code in found.items()}


def _code(digest):
    """Return two groups of four consonants."""
    letters = "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:8])
    return f"{letters[:4]}-{letters[4:]}"


def with_points(record: Record, points: Mapping[tuple[str, str], Any], earlier: Record | None = None) -> Record:
    """Return a record with the points that humans gave; what has none is pending.

    Args:
        record: Record.
        points: (name of a submission, name of an item) -> readings.Points.
        earlier: its Record of an earlier run, or None. What no file says any more stays as it was there.
    """
    known = {item.name: item for item in earlier.manual} if earlier else {}
    judged = []
    for item in record.manual:
        given, before = points.get((record.name, item.name)), known.get(item.name)
        if given:
            said = {"earned": given.points, "comment": given.comment, "conflict": given.conflict}
        elif before and before.earned is not None:
            said = {"earned": before.earned, "comment": before.comment, "conflict": ""}
        else:
            said = {"earned": None, "comment": "", "conflict": ""}
        judged.append(dataclasses.replace(item, **said))
    return dataclasses.replace(record, manual=tuple(judged))
