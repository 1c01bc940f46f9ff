"""Points that humans gave, from CSV files: one for each item, or for each reader.

All files count together and none is ever written again by a run. Where two say different things about an answer,
both are shown and nobody decides for them.
"""

import collections
import csv
import dataclasses
import io
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from cs231n.checks.rubric import load_rubric
from staff.grade import limits
from staff.grade.intake import tables
from staff.grade.intake.roster import Called
from staff.grade.intake.text import clean

__all__ = ["HEADER", "Points", "Readings", "questions", "read_readings", "tables_to_fill"]

HEADER = ("student", "item", "question", "points", "codes", "comment")
COLUMNS = {name: () for name in HEADER} | {"reader": ("grader",)}
SAVED = "codes.csv"
SAVED_COLUMNS = {"code": (), "points": (), "comment": ("text",)}
PENDING = "pending"


@dataclasses.dataclass(frozen=True)
class Points:
    """What humans gave for an item: points, or None while it is open; what the student reads; who disagrees."""

    points: float | None
    comment: str = ""
    conflict: str = ""
    readers: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A row of a file: question is a number, or 0 for the whole item; points are None where nothing is said."""

    name: str
    item: str
    question: int
    points: float | None
    comment: str
    where: str
    reader: str
    open: bool = False


@dataclasses.dataclass(frozen=True)
class Readings:
    """What all files say together.

    Attributes:
        points: (name of a submission, item) -> Points.
        rows: (name of a submission, item) that some file has a row for, filled in or not.
        marks: (item, question or 0, reader, points) of each row with points.
        notes: lines for the staff, about rows that do not count.
    """

    points: dict[tuple[str, str], Points] = dataclasses.field(default_factory=dict)
    rows: frozenset[tuple[str, str]] = frozenset()
    marks: tuple[tuple[str, int, str, float], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def conflicts(self) -> list[str]:
        """A line for each item that readers do not agree about."""
        return [f"{name}, {item}: {one.conflict}" for (name, item), one in self.points.items() if one.conflict]


def questions(item: Any) -> int:
    """Return how many questions of an item get points of their own; 0 if the item is judged as a whole."""
    ids = [submission.split(":")[1] for submission in item.cells]
    return len(ids) if len(ids) > 1 and all("answer" in name for name in ids) else 0


def read_readings(
    paths: Iterable[Path], called: Called, coded: Mapping[str, str] | tuple[()] = (), gone: Collection[str] = ()
) -> Readings:
    """Return the Readings of CSV files.

    Args:
        paths: the files; one called codes.csv has saved comments instead: code, points, comment.
        called: roster.Called, which says whom the column student means.
        coded: code -> name of a submission.
        gone: names and codes of submissions that do not count any more; points given to them are noted.

    Raises:
        tables.TableError: an unknown student, item, question or code, or points that an item cannot have.
    """
    paths = list(dict.fromkeys(Path(path) for path in paths))
    saved: dict[str, tuple[float, str]] = {}
    for path in paths:
        if path.name == SAVED:
            saved |= _saved(path)
    entries, problems = [], []
    notes: list[str] = []
    for path in paths:
        if path.name != SAVED:
            try:
                entries += _file(path, called, dict(coded), set(gone), saved, notes)
            except tables.TableError as error:
                problems.append(str(error))
    if problems:
        raise tables.TableError("\n".join(problems))
    by_item = collections.defaultdict(list)
    for entry in entries:
        by_item[entry.name, entry.item].append(entry)
    points = {key: _together(load_rubric().manual[key[1]], same) for key, same in by_item.items()}
    marks = tuple((one.item, one.question, one.reader, one.points) for one in entries if one.points is not None)
    return Readings({key: one for key, one in points.items() if one}, frozenset(by_item), marks, tuple(notes))


def _saved(path):
    """Return code -> (points, comment) of a file of saved comments."""
    found = {}

    def take(line):
        points = tables.number_of(line["points"]) if line["points"] else 0.0
        if points != points:
            raise line.wrong("points", "a number, such as 1 or -0.5, or nothing")
        comment = clean(line["comment"], limits.COMMENT_CHARACTERS)
        if found.setdefault(line["code"].casefold(), (points, comment))[0] != points:
            raise line.error(f"code {line['code']} is there twice, expected once")

    tables.each_line(tables.read_table(path, SAVED_COLUMNS, ("code", "comment")), take)
    return found


def _file(path, called, coded, gone, saved, notes):
    """Return the _Entries of a file of points."""
    entries = []

    def take(line):
        student = line["student"]
        if student in gone:
            if line["points"]:
                notes.append(f"{path}, line {line.number}: {student} does not count any more; read the later one")
            return
        names = {coded[student]} if student in coded else called.submissions(student)
        if not names and called.keys(student):
            raise line.error(f"{student} has no submission")
        if not names:
            raise line.error(called.unknown(student).replace("there is no student or", "there is no"))
        entries.extend(_entry(line, name, saved) for name in sorted(names))

    tables.each_line(tables.read_table(path, COLUMNS, ("student", "item", "points")), take)
    return entries


def _entry(line, name, saved):
    """Return the _Entry of a row about a submission."""
    items = {one.name.casefold(): one for one in load_rubric().manual.values()}
    item = items.get(line["item"].casefold())
    if item is None:
        raise line.error(f"there is no item {line['item']!r}, expected one of {', '.join(load_rubric().manual)}")
    parts = len(item.cells)
    question = tables.number_of(line["question"]) if line["question"] else 0
    if question not in range(parts + 1):
        raise line.wrong("question", f"1 to {parts}, or nothing for the item as a whole")
    words = line["codes"].replace(",", " ").replace(";", " ").split()
    if unknown := [word for word in words if word.casefold() not in saved]:
        raise line.error(f"there is no code {unknown[0]!r}, expected one of {SAVED}: {', '.join(saved) or 'none'}")
    used = [saved[word.casefold()] for word in words]
    comments = [*(text for _, text in used), clean(line["comment"], limits.COMMENT_CHARACTERS)]
    comment = " ".join(filter(None, comments))
    is_open = line["points"].casefold() == PENDING
    points = None if is_open else _points(line, item, bool(question), [value for value, _ in used])
    where = f"{line.path.name}, line {line.number}"
    return _Entry(
        name, item.name, int(question), points, comment, where, line["reader"] or line.path.stem, is_open
    )


def _points(line, item, is_part, used):
    """Return the points of a row: those that it says, else those of its codes; None for an empty row."""
    text = line["points"]
    if not text and used:
        lost = all(value <= 0 for value in used)
        if lost and is_part:
            raise line.error("codes that take points off need the points of the question, for it has no maximum")
        points = sum(used) + (item.points if lost else 0)
    elif not text:
        return None
    else:
        points = tables.number_of(text)
    if not 0 <= points <= item.points:
        raise line.error(f"points are {text or f'{points:g}'!r}, expected 0 to {item.points}")
    return points


def _together(item, entries):
    """Return the Points of all rows about an item, or None if they say nothing."""
    if any(entry.open for entry in entries):
        return Points(None)
    by_question = collections.defaultdict(list)
    for entry in entries:
        if entry.points is not None:
            by_question[entry.question].append(entry)
    comment = " ".join(dict.fromkeys(entry.comment for entry in entries if entry.comment))
    readers = tuple(dict.fromkeys(entry.reader for same in by_question.values() for entry in same))
    if not by_question:
        return None
    for same in by_question.values():
        if len({entry.points for entry in same}) > 1:
            return Points(None, comment, _disagree(same), readers)
    values = {question: same[0].points for question, same in by_question.items()}
    whole = values.pop(0, None)
    total = sum(values.values())
    if whole is not None:
        if values and total != whole:
            return Points(
                None, comment, _disagree([one for same in by_question.values() for one in same]), readers
            )
        return Points(whole, comment, "", readers)
    if total > item.points:
        where = "; ".join(f"{same[0].points:g} ({same[0].where})" for same in by_question.values())
        return Points(None, comment, f"{total:g} of {item.points} points in all: {where}", readers)
    complete = len(values) == len(item.cells)
    return Points(total if complete else None, comment, "", readers)


def _disagree(entries):
    """Return what each of several rows says."""
    parts = (
        f"{one.points:g}{f' for question {one.question}' if one.question else ''} ({one.where})" for one in entries
    )
    return " or ".join(parts)


def tables_to_fill(coded: dict[str, str], rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return name of an item -> CSV text with the rows that no file has yet; items without any are left out.

    Args:
        coded: code -> name of a submission, in the order of the pages.
        rows: as `Readings.rows`.
    """
    known, found = set(rows), {}
    for item in load_rubric().manual.values():
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(HEADER)
        new = [code for code, name in coded.items() if (name, item.name) not in known]
        for code in new:
            for question in range(1, questions(item) + 1) or ("",):
                table.writerow([code, item.name, question, "", "", ""])
        if new:
            found[item.name] = text.getvalue()
    return found
