"""Gradescope's results.json."""

import dataclasses
import json

import pytest

from cs231n.checks.mistakes.recognise import catalogue
from staff.grade.points.course import Course
from staff.grade.points.gradebook import row
from staff.grade.points.gradescope import results
from staff.grade.points.lateness import assess, policy
from staff.grade.record import CheckRecord, ExerciseRecord, ManualRecord, Record

CHECKS = (
    CheckRecord("a.values", "values are right", "failed", "the values differ"),
    CheckRecord("a.dtype", "float32 stays", "passed"),
)
EXERCISES = (
    ExerciseRecord("affine_forward", "Q1", 1, 0, "failed", "values are right: the values differ", checks=CHECKS),
    ExerciseRecord("two_layer_net", "Q1", 3, 3, "passed", trusted=("affine_forward", "affine_backward")),
    ExerciseRecord("adam", "Q1", 1, 0, "not_implemented", "not written yet"),
)
MANUAL = (ManualRecord("Q1 training", "Q1", 2, 1.5, "nice <b>"), ManualRecord("Q1 inline questions", "Q1", 2))
RECORD = Record(
    "a2", "Ada", "", "", "", "", "", "2026-10-02", "bubblewrap", ("no zip",), EXERCISES, MANUAL, seconds=1.5
)


def parsed(record=RECORD):
    return json.loads(results(record))


def test_the_score_is_that_of_the_record():
    assert parsed()["score"] == RECORD.earned == 4.5


def test_each_exercise_is_a_test_with_points_and_what_was_missed():
    first, second, third, *_ = parsed()["tests"]
    assert (first["name"], first["score"], first["max_score"]) == ("Q1 affine_forward", 0, 1)
    assert first["status"] == "failed"
    assert "- values are right: the values differ" in first["output"]
    assert "float32" not in first["output"]
    assert second["status"] == "passed" and "affine_forward, affine_backward" in second["output"]
    assert third["output"] == "not written yet"


def test_a_named_mistake_comes_with_its_hints():
    name, known = next(iter(catalogue().items()))
    wrong = dataclasses.replace(EXERCISES[0], misconception=name)
    output = parsed(dataclasses.replace(RECORD, exercises=(wrong,)))["tests"][0]["output"]
    assert f"This looks like: {known.title}\nHint 1: {known.hints[0]}" in output and "Hint 3: " in output


def test_judged_items_have_a_score_and_pending_ones_none():
    judged, pending = parsed()["tests"][3:]
    assert (judged["score"], judged["output"]) == (1.5, "nice <b>")
    assert "score" not in pending and pending["output"].startswith("pending")


def test_all_texts_are_plain_texts_that_gradescope_escapes():
    data = parsed()
    assert data["output_format"] == "text"
    assert all(test["output_format"] == test["name_format"] == "text" for test in data["tests"])


def test_students_see_the_tests_and_not_what_was_printed():
    data = parsed()
    assert (data["visibility"], data["stdout_visibility"]) == ("visible", "hidden")
    assert {test["visibility"] for test in data["tests"]} == {"visible"}


def test_the_output_tells_of_problems_and_of_reduced_isolation_first():
    assert "no zip" in parsed()["output"]
    reduced = Record(**{**vars(RECORD), "isolation": "reduced: no bubblewrap"})
    assert parsed(reduced)["output"].splitlines()[0] == "Isolation was reduced: no bubblewrap"


def test_equal_results_are_equal_texts_whenever_they_were_made():
    later = Record(**{**vars(RECORD), "seconds": 9.0, "submitted": None})
    assert results(later) == results(RECORD)


def test_where_the_grader_broke_points_are_open():
    broken = dataclasses.replace(EXERCISES[0], verdict="grader_error", checks=())
    data = parsed(dataclasses.replace(RECORD, exercises=(broken, *EXERCISES[1:])))
    assert "score" not in data["tests"][0] and "status" not in data["tests"][0]
    assert "The grader broke at an exercise" in data["output"]


# --- late -----------------------------------------------------------------------------------------------------

DUE = policy("2026-10-01T00:00:00+00:00", grace=15, penalty=10, max_days=3)


def late(record, submitted):
    """Return (what Gradescope reads, the line of the gradebook) of a record handed in at a time."""
    record = dataclasses.replace(record, submitted=submitted)
    return json.loads(results(record, assess(record, DUE))), row(Course(policy=DUE).shared(record))


@pytest.mark.parametrize("submitted, days", [("2026-10-01T10:00:00Z", 1), ("2026-10-02T10:00:00Z", 2)])
def test_a_penalty_is_a_test_of_its_own_and_the_score_is_that_of_the_gradebook(submitted, days):
    data, line = late(RECORD, submitted)
    assert data["score"] == line["total after penalty"] == pytest.approx(4.5 * (1 - days / 10))
    assert sum(test.get("score", 0) for test in data["tests"]) == pytest.approx(data["score"])
    last = data["tests"][-1]
    assert (last["name"], last["max_score"], last["score"]) == ("Late penalty", 0, pytest.approx(-0.45 * days))
    assert f"{10 * days} % of the 4.5 points earned so far" in last["output"]
    assert last["output"].split(":")[0] in data["output"]


def test_all_is_lost_after_the_last_day_and_no_more_than_that():
    data, line = late(RECORD, "2026-10-30T00:00:00Z")
    assert data["score"] == line["total after penalty"] == 0
    assert data["tests"][-1]["score"] == -4.5


@pytest.mark.parametrize("submitted", ["2026-09-30T00:00:00Z", "2026-10-01T00:10:00Z", None])
def test_in_time_within_the_grace_or_at_an_unknown_time_nothing_is_taken_off(submitted):
    data, _ = late(RECORD, submitted)
    assert data["score"] == 4.5
    assert [test["name"] for test in data["tests"]] == [test["name"] for test in parsed()["tests"]]
    assert ("within the grace" in data["output"]) == (submitted == "2026-10-01T00:10:00Z")


def test_late_or_not_points_that_are_open_have_no_score_and_cost_no_penalty():
    broken = dataclasses.replace(EXERCISES[1], verdict="grader_error", earned=0, checks=())
    data, line = late(dataclasses.replace(RECORD, exercises=(EXERCISES[0], broken)), "2026-10-01T10:00:00Z")
    assert data["score"] == pytest.approx(1.35)  # of the 1.5 that a human gave
    assert "score" not in data["tests"][1] and "score" not in data["tests"][3]
    assert data["output"].startswith("The grader broke at an exercise. Its points are open")
    assert line["total after penalty"] is None
