"""Gradescope's results.json."""

import dataclasses
import json

from staff.grade.gradescope import results
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


def test_judged_items_have_a_score_and_pending_ones_none():
    judged, pending = parsed()["tests"][3:]
    assert (judged["score"], judged["output"]) == (1.5, "nice <b>")
    assert "score" not in pending and pending["output"].startswith("pending")


def test_all_texts_are_plain_texts_that_gradescope_escapes():
    data = parsed()
    assert data["output_format"] == "text"
    assert all(test["output_format"] == test["name_format"] == "text" for test in data["tests"])


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
