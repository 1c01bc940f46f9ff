"""gradebook.csv."""

import csv
import io

import pytest

from staff.grade.intake.roster import Person
from staff.grade.points.course import Course
from staff.grade.points.gradebook import gradebook, row
from staff.grade.record import ExerciseRecord, ManualRecord, Record


def record(name="a2", verdict="passed", earned=1, given=None, **more):
    """Return a record with an exercise and a manual item."""
    exercise = ExerciseRecord("affine_forward", "Q1", 1, earned, verdict)
    more = {"student": name, "problems": ()} | more
    item = ManualRecord("Q1 training", "Q1", 2, given)
    empty = dict.fromkeys(("source", "digest", "code", "checks", "secret", "isolation"), "")
    return Record(name=name, submitted=None, exercises=(exercise,), manual=(item,), **empty, **more)


def standing(record):
    """Return what the only student of a record gets."""
    return Course().shared(record)


def lines(*records):
    """Return the lines of a gradebook as dicts."""
    return list(csv.DictReader(io.StringIO(gradebook([row(one) for one in map(standing, records)]))))


def test_a_line_has_total_questions_exercises_and_items():
    [line] = lines(record(given=1.5, problems=("one", "two")))
    wanted = {"name": "a2", "student": "a2", "status": "complete", "total": "2.5", "Q1": "2.5", "Q5": "0"}
    wanted |= {"affine_forward": "1", "Q1 training": "1.5", "problems": "one; two"}
    assert wanted.items() <= line.items()


def test_an_item_without_points_is_pending():
    [line] = lines(record())
    assert (line["status"], line["total"], line["Q1 training"]) == ("pending", "1", "")


def test_where_the_grader_broke_no_number_can_be_taken_for_a_grade():
    [line] = lines(record(verdict="grader_error", earned=0))
    assert line["status"] == "grader_error"
    assert [line[name] for name in ("total", "Q1", "affine_forward")] == ["", "", ""]


def test_lines_are_sorted_whatever_order_they_came_in():
    records = [record(name) for name in ("b", "a", "c")]
    assert gradebook(map(row, map(standing, records))) == gradebook(map(row, map(standing, records[::-1])))
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


def test_no_formula_hides_behind_a_semicolon_which_separates_cells_in_some_countries():
    [line] = lines(record(student='a;=1+1;"-2"; @x', problems=("b\t=2",)))
    assert line["student"] == "a;'=1+1;\"'-2\"; '@x"
    assert line["problems"] == "b =2"


def test_each_of_a_group_has_a_line_and_the_roster_says_who_they_are():
    people = Person("s1", "Ada", "ada@x", "A"), Person("s2", "Ben", listed=False)
    rows = map(row, Course({"a2": people}).standings(record(given=1)))
    ada, ben = csv.DictReader(io.StringIO(gradebook(rows)))
    assert {"name": "a2", "student": "Ada", "id": "s1", "email": "ada@x", "section": "A"}.items() <= ada.items()
    assert (ben["total"], ben["problems"]) == ("2", "not in the roster")


def test_exemptions_show_the_maximum_and_the_scaled_total():
    course = Course({"a2": (Person("s1", exempt=("Q1 training",)),)})
    [line] = csv.DictReader(io.StringIO(gradebook([row(course.shared(record()))])))
    assert [line[name] for name in ("total", "maximum", "total scaled", "Q1 training")] == ["1", "1", "3", ""]


def test_of_two_submissions_that_no_time_orders_none_counts():
    course = Course({"x": (Person("s1"),), "y": (Person("s1"),)})
    [line] = csv.DictReader(io.StringIO(gradebook([row(course.shared(record(name, given=1))) for name in "xy"])))
    assert (line["status"], line["total"], line["Q1"]) == ("pending", "", "")
    assert line["problems"] == "2 submissions, and no time says which counts: x, y; give --times"
