"""Decisions of the staff about points, and their log."""

from pathlib import Path

import pytest

from staff.grade.intake.exports import Submission
from staff.grade.intake.roster import Called, Person, Roster, groups_of
from staff.grade.intake.tables import TableError
from staff.grade.points import overrides
from staff.grade.points.overrides import Override, open_requests, read_overrides, request_text, with_overrides
from tests.staff.grade.points.test_gradebook import record

PLACES = [Submission(Path("ada"), "ada", "ada")]
ROSTER = Roster([Person("s1", "ada"), Person("s2", "Ben")])


@pytest.fixture
def table(tmp_path):
    def decided(text):
        (tmp_path / "overrides.csv").write_text(text)
        return read_overrides(tmp_path / "overrides.csv", Called(PLACES, groups_of(PLACES, ROSTER), ROSTER))

    return decided


def test_points_and_exemptions_are_read(table):
    text = "Student;Exercise;Points;Reason\nada;affine_forward;0,5;a typo\ns2;Q1 training;Exempt;ill\n"
    found = table(text + "s2;q3;exempt;ill\n")
    assert found["s1", "affine_forward"] == Override(0.5, "a typo")
    assert found["s2", "Q1 training"] == Override(None, "ill")
    assert {"dropout_forward", "Q3 inline questions"} <= {name for key, name in found if key == "s2"}


@pytest.mark.parametrize(
    "line, said",
    [
        ("eve,affine_forward,1,x", "line 2: there is no student or submission 'eve'"),
        ("ada,affine,1,x", "line 2: exercise is 'affine', expected one of affine_forward"),
        ("ada,q1,1,x", "line 2: exercise is 'q1', expected one of"),
        ("ada,affine_forward,2,x", "line 2: points is '2', expected 0 to 1, or exempt"),
        ("ada,affine_forward,,x", "line 2: points is '', expected 0 to 1, or exempt"),
        ("ada,affine_forward,1,", "line 2: there is no reason, expected one"),
        ("ada,late days,1.5,x", "line 2: points is '1.5', expected the number of days late"),
        ("ada,affine_forward,1,x\nada,affine_forward,0,x", "line 3: affine_forward of ada is decided in another"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused_with_its_line(table, line, said):
    with pytest.raises(TableError, match=said):
        table(f"student,exercise,points,reason\n{line}\n")


def test_a_decision_replaces_points_and_says_why():
    decided = with_overrides(
        record(earned=1, given=1.5), {"affine_forward": Override(0.25, "it prints")}, ["Q1 training"]
    )
    [exercise], [item] = decided.exercises, decided.manual
    assert exercise.earned == decided.earned == 0.25
    assert exercise.decided == "0.25 points, decided by the staff instead of 1: it prints"
    assert (item.exempt, item.decided) == (True, "does not count: you are exempt from it")
    assert decided.exempted == 2 and not decided.pending


def test_the_log_has_a_line_for_each_change_and_none_for_a_run_without(tmp_path):
    path, decided = tmp_path / "log.csv", {("s1", "adam"): Override(1, "why, so")}
    path.write_text(overrides.log_text(path, decided))
    assert overrides.log_text(path, decided) is None
    path.write_text(overrides.log_text(path, {("s1", "adam"): Override(None, "ill")}))
    path.write_text(overrides.log_text(path, {}))
    assert overrides.log_text(path, {}) is None
    lines = [line.split(",", 1)[1] for line in path.read_text().splitlines()[1:]]
    assert lines == [
        's1,adam,decided,1,"why, so"',
        "s1,adam,decided,exempt,ill",
        "s1,adam,withdrawn,,no line of overrides.csv any more",
    ]


def test_a_regrade_request_is_opened_and_closed_by_hand_or_by_an_override(tmp_path):
    path = tmp_path / "log.csv"
    for exercise in ("adam", "rmsprop"):
        path.write_text(request_text(path, "s1", exercise, "opened", "It is right"))
    assert open_requests(path) == {("s1", "adam"): "It is right", ("s1", "rmsprop"): "It is right"}
    with pytest.raises(ValueError, match="a request of s1 about adam is open already"):
        request_text(path, "s1", "adam", "opened", "again")
    path.write_text(request_text(path, "s1", "rmsprop", "closed", "It is not"))
    path.write_text(overrides.log_text(path, {("s1", "adam"): Override(1, "right")}))
    assert open_requests(path) == {}
    with pytest.raises(ValueError, match="a request of s1 about adam is not open"):
        request_text(path, "s1", "adam", "closed", "")
