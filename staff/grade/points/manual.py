"""What a human judges: what there is to read, and the points that come back in a CSV file."""

import collections
import csv
import dataclasses
import hmac
import io
import math
from pathlib import Path

from cs231n.checks.rubric import load_rubric
from staff.grade.intake import cells
from staff.grade.intake.text import clean
from staff.grade.record import ManualRecord, PartRecord

__all__ = ["ManualError", "Points", "codes", "holds", "items", "read_points", "with_points"]

LETTERS = "bcdfghjkmnpqrstvwxz"
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
        texts = [cell.text for cell in found] or [f"[no cell {cell_id} in {name}]"]
        figures = dict.fromkeys(figure for cell in found for figure in cells.figures(cell) if figure not in seen)
        figures = tuple(figures)[: MAX_FIGURES - len(seen)]
        seen |= dict.fromkeys(figures)
        for cell in found:
            shown |= cells.shown(cell)
        text = clean("\n\n".join(dict.fromkeys(texts)), cells.MAX_TEXT, lines=True)
        parts.append(PartRecord(place, text, figures))
    return ManualRecord(item.name, item.question, item.points, parts=tuple(parts), shown=shown)


# --- points -------------------------------------------------------------------------------------------------


class ManualError(ValueError):
    """The file of points has mistakes; the message has a line for each."""


@dataclasses.dataclass(frozen=True)
class Points:
    """What a human gave for an item."""

    points: float
    comment: str = ""


def codes(names, secret):
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


def read_points(path, submissions, replaced=(), secret=b""):
    """Return (name of a submission, name of an item) -> Points, from a CSV file.

    Args:
        path: CSV file with the columns of COLUMNS; separated by commas, semicolons or tabs. Empty points: pending.
        submissions: those graded; `student` is a submission's name, its code, its student, or the student's
            address.
        replaced: Submissions that do not count, as a later one of the same student does. Points given to
            one of these by its name are a mistake: somebody has to read the later one.
        secret: the course secret, which the codes depend on.

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
    known, found, problems = _by_student(submissions, secret), {}, []
    later = {
        old.name: submission.name
        for old in replaced
        for submission in submissions
        if submission.student == old.student
    }
    later |= {code: later[name] for name, code in codes(later, secret).items()}
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


def holds(table, path):
    """Return whether all that a CSV file of points says is in a table, given as text; if in doubt it is not."""
    try:
        return _given(Path(path).read_text(encoding="utf-8-sig")) <= _given(table)
    except (OSError, UnicodeDecodeError, csv.Error):
        return False


def _given(text):
    """Return the lines of a table that have points or a comment, as a reader typed them."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    rows = [[cell.strip() for cell in line] for line in lines]
    return {(*row[:2], _number(row[2]), *row[3:]) for row in rows[1:] if any(row[2:])}


def _number(text):
    """Return a number in one way to write it, or the text."""
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _delimiter(text):
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _by_student(submissions, secret):
    """Return what a student may be called -> names of the submissions."""
    known = {}
    for submission in submissions:
        for called in {submission.student, *submission.emails}:
            known.setdefault(called, set()).add(submission.name)
    names = [submission.name for submission in submissions]
    coded = {code: {name} for name, code in codes(names, secret).items()}
    return known | coded | {name: {name} for name in names}


def _read_line(line, known, later):
    """Return (names of submissions, name of the item, Points or None if pending)."""
    student, name, number = ((line[column] or "").strip() for column in COLUMNS[:3])
    item = load_rubric().manual.get(name)
    if student in later:
        raise ManualError(f"{student} is replaced by {later[student]} of the same student: read and name that one")
    if student not in known:
        raise ManualError(f"there is no submission of {student!r}")
    if item is None:
        raise ManualError(f"there is no item {name!r}, expected one of {', '.join(load_rubric().manual)}")
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
