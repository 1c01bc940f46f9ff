"""gradebook.csv: a line for each student. It holds no times, so that equal runs are equal bytes.

Points are numbers or empty cells; what is open says the column `status`.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cs231n.checks.points import SCHEMES
from cs231n.checks.rubric import load_rubric
from staff.grade import limits
from staff.grade.intake.text import clean
from staff.grade.points.course import Standing, is_open, scaled

__all__ = ["gradebook", "row", "safe"]

WHO = ("name", "student", "id", "email", "section", "status", "total")
LATE = ("late days", "days paid", "penalty %", "total after penalty")  # where there is a deadline
EXEMPT = ("maximum", "total scaled")  # where somebody is exempt from something
# A spreadsheet takes a cell for a formula that begins so; one that is told that `;` separates sees more cells.
_FORMULA = re.compile(r"(^|[;\t])([\s\"']*)(?=[=+\-@|%])")


def gradebook(rows: Iterable[Mapping[str, Any]], scheme: str = SCHEMES[0]) -> str:
    """Return the text of a gradebook of rows, sorted by name; the last column's header names the points scheme."""
    rubric, text = load_rubric(), io.StringIO()
    rows = _one_each(list(rows))
    some = [column for column in (*LATE, *EXEMPT) if any(column in line for line in rows)]
    columns = [*WHO, *some, *rubric.questions, *rubric.exercises, *rubric.manual]
    table = csv.DictWriter(text, [*columns, "problems", f"points: {scheme}"], lineterminator="\n")
    table.writeheader()
    for line in sorted(rows, key=lambda line: (not line["name"], line["name"], line["id"], line["student"])):
        table.writerow({column: _cell(value) for column, value in line.items()})
    return text.getvalue()


def row(standing: Standing) -> dict[str, Any]:
    """Return the line of a course.Standing: column -> value. Where the grader broke, points are open, not zero."""
    person, record = standing.person, standing.record
    open_items = [one for one in record.exercises if is_open(one)]
    graded: list[Any] = [*record.exercises, *record.manual]
    line: dict[str, Any] = {"name": record.name, "student": person.name or record.student, "id": person.id}
    line |= {"email": person.email, "section": person.section, "status": standing.status}
    listed = () if person.listed else ("not in the roster",)
    line["problems"] = "; ".join((*record.problems, *listed))
    line["total"] = None if open_items else record.earned
    if late := standing.late:
        after = None if open_items else late.after
        line |= dict(zip(LATE, [late.days, late.paid, late.penalty, after]))
    if record.exempted:
        all_points = None if open_items else scaled(record, standing.final)
        line |= dict(zip(EXEMPT, [standing.maximum, all_points]))
    for question in load_rubric().questions:
        points = [item.earned or 0 for item in graded if item.question == question and not item.exempt]
        undecided = any(item.question == question for item in open_items)
        line[question] = None if undecided else sum(points)
    for item in graded:
        line[item.name] = None if item in open_items or item.exempt else item.earned
    return line


def _one_each(rows):
    """Return rows of which each student has one; of two submissions that no time orders, none counts."""
    by_student = {}
    for line in rows:
        by_student.setdefault((line["id"] or line["email"] or line["student"]), []).append(line)
    return [same[0] if len(same) == 1 else _undecided(same) for same in by_student.values()]


def _undecided(same):
    """Return the row of a student with several submissions: it names them, and has no points."""
    names = sorted(line["name"] for line in same)
    why = f"{len(names)} submissions, and no time says which counts: {', '.join(names)}; give --times"
    line = {column: same[0][column] for column in WHO if column != "total"}
    return line | {"name": names[0], "status": "pending", "problems": why}


def _cell(value):
    """Return a value as a spreadsheet may read it: no text is taken for a formula, 3.0 is 3."""
    if value is None:
        return ""
    return f"{round(value, 10):g}" if isinstance(value, (int, float)) else safe(value)


def safe(text: str) -> str:
    """Return a text in which no spreadsheet finds a formula, whatever separates its cells."""
    return _FORMULA.sub(r"\1\2'", clean(text, limits.GRADEBOOK_CHARACTERS))
