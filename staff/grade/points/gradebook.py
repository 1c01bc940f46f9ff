"""gradebook.csv: a line for each submission. It holds no times, so that equal runs are equal bytes."""

import csv
import io

from cs231n.checks.points import SCHEMES
from cs231n.checks.rubric import load_rubric
from staff.grade.intake.text import clean
from staff.grade.points import lateness

__all__ = ["gradebook", "row"]

LATE = ("late days", "penalty %", "total after penalty")  # where there is a deadline
MAX_TEXT = 2000  # characters of a cell


def gradebook(rows, scheme=SCHEMES[0]):
    """Return the text of a gradebook of rows, sorted by name; the last column's header names the points scheme."""
    rubric, text = load_rubric(), io.StringIO()
    rows = list(rows)
    late = [column for column in LATE if any(column in line for line in rows)]
    columns = ["name", "student", "status", "total", *late, *rubric.questions, *rubric.exercises, *rubric.manual]
    table = csv.DictWriter(text, [*columns, "problems", f"points: {scheme}"], lineterminator="\n")
    table.writeheader()
    for line in sorted(rows, key=lambda line: line["name"]):
        table.writerow({column: _cell(value) for column, value in line.items()})
    return text.getvalue()


def row(record, policy=None):
    """Return the line of a record: column -> value. Where the grader broke, points are open, not zero."""
    open_items = [one for one in record.exercises if one.verdict == "grader_error"]
    graded = [*record.exercises, *record.manual]
    line = {"name": record.name, "student": record.student, "problems": "; ".join(record.problems)}
    line["status"] = "grader_error" if open_items else "pending" if record.pending else "complete"
    line["total"] = "grader_error" if open_items else record.earned
    if policy:
        late = lateness.assess(record, policy)
        values = late.days, late.penalty, "grader_error" if open_items else late.after
        line |= dict(zip(LATE, values))
    for question in load_rubric().questions:
        points = [item.earned or 0 for item in graded if item.question == question]
        undecided = any(item.question == question for item in open_items)
        line[question] = "grader_error" if undecided else sum(points)
    for exercise in record.exercises:
        line[exercise.name] = "grader_error" if exercise in open_items else exercise.earned
    for item in record.manual:
        line[item.name] = "pending" if item.earned is None else item.earned
    return line


def _cell(value):
    """Return a value as a spreadsheet may read it: no text is taken for a formula, 3.0 is 3."""
    if isinstance(value, (int, float)):
        return f"{value:g}"
    text = clean(value, MAX_TEXT)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "|", "%")) else text
