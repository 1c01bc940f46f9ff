"""Our own solution as a submission."""

import dataclasses

from staff.grade import self_check
from staff.grade.grading import Graded, Setup
from staff.grade.intake.contents import read_contents
from staff.grade.record import ExerciseRecord, Record
from tests.staff.grade.conftest import SECRET


def test_each_exercise_that_misses_points_is_named_and_the_solution_is_what_was_graded(
    monkeypatch, release, solved
):
    seen = []

    def played(submissions, setup, earlier, count):
        [one] = submissions
        seen.append(read_contents(*one.paths).files)
        exercises = (
            ExerciseRecord("affine_forward", "Q1", 1, 1, "passed"),
            ExerciseRecord("adam", "Q1", 1, 0.5, "core_passed", "too slow"),
        )
        record = Record("solution", "solution", "", "", "", "", "", None, "")
        yield Graded(dataclasses.replace(record, exercises=exercises))

    monkeypatch.setattr(self_check, "grade_all", played)
    assert self_check.faults(Setup(SECRET, release, "checks")) == ["adam: 0.5 of 1 points, core_passed. too slow"]
    assert {name: seen[0][name] for name in solved} == solved
