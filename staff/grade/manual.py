"""What a human judges: what there is to read, and the points that come back in a CSV file."""

import csv
import dataclasses
import io
import math
import re
from pathlib import Path

from cs231n.checks.rubric import load
from staff.grade import cells
from staff.grade.record import ManualRecord
from staff.grade.text import clean

__all__ = ["ManualError", "Points", "items", "read_points", "with_points"]

COLUMNS = ("student", "item", "points", "comment")
MAX_FIGURES = 8


def items(notebooks, blank, exercises=()):
    """Return the ManualRecords of a submission, all pending.

    Args:
        notebooks: Notebooks of the submission.
        blank: Notebooks of the release, by which cells are found that lost their ids.
        exercises: ExerciseRecords of the submission; the notebook they were graded in is the one to read.
    """
    graded = {one.question: one.notebook for one in exercises if one.notebook}
    return tuple(_item(item, notebooks, blank, graded.get(item.question)) for item in load().manual.values())


def _item(item, notebooks, blank, graded):
    question = load().questions[item.question]
    chosen = graded or notebooks.chosen(question)
    places = item.alternative if item.alternative and chosen == question.alternative else item.cells
    texts, figures, shown = [], [], {}
    for place in places:
        name, cell_id = place.split(":")
        if notebooks.cells(name) is None:
            texts.append(f"[no {name}]")
            continue
        found = cells.find(notebooks.cells(name), cell_id, blank.cells(name) or [])
        texts += [cell.text for cell in found] or [f"[no cell {cell_id} in {name}]"]
        for cell in found:
            figures += cells.figures(cell)
            shown |= cells.shown(cell)
    text = clean("\n\n".join(dict.fromkeys(texts)), cells.MAX_TEXT, lines=True)
    figures = tuple(dict.fromkeys(figures))[:MAX_FIGURES]
    return ManualRecord(item.name, item.question, item.points, text=text, figures=figures, shown=shown)


# --- points -------------------------------------------------------------------------------------------------


class ManualError(ValueError):
    """The file of points has mistakes; the message has a line for each."""


@dataclasses.dataclass(frozen=True)
class Points:
    """What a human gave for an item."""

    points: float
    comment: str = ""


def read_points(path, places, replaced=()):
    """Return (name of a submission, name of an item) -> Points, from a CSV file.

    Args:
        path: CSV file with the columns of COLUMNS; separated by commas, semicolons or tabs. Empty points: pending.
        places: Places of the submissions; `student` is a place's name, its student, or the student's address.
        replaced: Places of submissions that do not count, as a later one of the same student does. Points given to
            one of these by its name are a mistake: somebody has to read the later one.

    Raises:
        ManualError: an unknown student or item, or points that an item cannot have.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManualError(f"{path} cannot be read: {error}") from error
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    if missing := [column for column in COLUMNS[:3] if column not in (lines.fieldnames or ())]:
        raise ManualError(f"{path} has no column {', '.join(missing)}, expected {', '.join(COLUMNS)}")
    known, found, problems = _submissions(places), {}, []
    later = {old.name: place.name for old in replaced for place in places if place.student == old.student}
    for line in lines:
        try:
            names, item, points = _read_line(line, known, later)
        except ManualError as error:
            problems.append(f"{path}, line {lines.line_num}: {error}")
            continue
        for name in names if points else ():
            if (name, item) in found:
                problems.append(f"{path}, line {lines.line_num}: {item} of {name} has points already")
            found[name, item] = points
    if problems:
        raise ManualError("\n".join(problems))
    return found


def _delimiter(text):
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _submissions(places):
    """Return what a student may be called -> names of the submissions."""
    known = {}
    for place in places:
        address = re.findall(r"<([^<>]+)>", place.student)
        for called in {place.student, *address}:
            known.setdefault(called, set()).add(place.name)
    return known | {place.name: {place.name} for place in places}


def _read_line(line, known, later):
    """Return (names of submissions, name of the item, Points or None if pending)."""
    student, name, number = ((line[column] or "").strip() for column in COLUMNS[:3])
    item = load().manual.get(name)
    if student in later:
        raise ManualError(f"{student} is replaced by {later[student]} of the same student: read and name that one")
    if student not in known:
        raise ManualError(f"there is no submission of {student!r}")
    if item is None:
        raise ManualError(f"there is no item {name!r}, expected one of {', '.join(load().manual)}")
    if not number:
        return known[student], name, None
    try:
        points = float(number)
    except ValueError:
        points = math.nan
    if not 0 <= points <= item.points:
        raise ManualError(f"points are {number!r}, expected 0 to {item.points}")
    return known[student], name, Points(points, clean(line.get("comment") or "", 2000))


def with_points(record, points):
    """Return a record with the points that a human gave; what has none is pending."""
    judged = []
    for item in record.manual:
        given = points.get((record.name, item.name))
        earned, comment = (given.points, given.comment) if given else (None, "")
        judged.append(dataclasses.replace(item, earned=earned, comment=comment))
    return dataclasses.replace(record, manual=tuple(judged))
