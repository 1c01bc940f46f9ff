"""gradebook.csv."""

import csv
import io

import pytest

from staff.grade.points.gradebook import gradebook, row
from staff.grade.record import ExerciseRecord, ManualRecord, Record


def record(name="a2", verdict="passed", earned=1, given=None, **more):
    """Return a record with an exercise and a manual item."""
    exercise = ExerciseRecord("affine_forward", "Q1", 1, earned, verdict)
    more = {"student": name, "problems": ()} | more
    item = ManualRecord("Q1 training", "Q1", 2, given)
    empty = dict.fromkeys(("source", "digest", "code", "checks", "secret", "isolation"), "")
    return Record(name=name, submitted=None, exercises=(exercise,), manual=(item,), **empty, **more)


def lines(*records):
    """Return the lines of a gradebook as dicts."""
    return list(csv.DictReader(io.StringIO(gradebook([row(one) for one in records]))))


def test_a_line_has_total_questions_exercises_and_items():
    [line] = lines(record(given=1.5, problems=("one", "two")))
    wanted = {"name": "a2", "student": "a2", "status": "complete", "total": "2.5", "Q1": "2.5", "Q5": "0"}
    wanted |= {"affine_forward": "1", "Q1 training": "1.5", "problems": "one; two"}
    assert wanted.items() <= line.items()


def test_an_item_without_points_is_pending():
    [line] = lines(record())
    assert (line["status"], line["total"], line["Q1 training"]) == ("pending", "1", "pending")


def test_where_the_grader_broke_no_number_can_be_taken_for_a_grade():
    [line] = lines(record(verdict="grader_error", earned=0))
    broken = [name for name, value in line.items() if value == "grader_error"]
    assert broken == ["status", "total", "Q1", "affine_forward"]


def test_lines_are_sorted_whatever_order_they_came_in():
    records = [record(name) for name in ("b", "a", "c")]
    assert gradebook(map(row, records)) == gradebook(map(row, records[::-1]))
    assert [line["name"] for line in lines(*records)] == ["a", "b", "c"]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|x", "%x"])
def test_no_text_is_taken_for_a_formula(formula):
    [line] = lines(record(student=formula, problems=(formula,)))
    assert line["student"] == line["problems"] == f"'{formula.strip()}"


def test_texts_with_commas_quotes_and_line_breaks_stay_in_their_cell():
    assert lines(record(student='Lovelace, "Ada"\r\nx'))[0]["student"] == 'Lovelace, "Ada" x'


def test_the_header_says_which_scheme_ruled():
    assert gradebook([]).splitlines()[0].endswith(",points: core-and-details")
    assert gradebook([], "all-or-nothing").splitlines()[0].endswith(",points: all-or-nothing")
