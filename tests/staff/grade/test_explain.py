"""Answers to regrade requests."""

import dataclasses
import os
import re

import pytest

from staff.grade import explain
from staff.grade.explain import answer
from staff.grade.grading import Graded
from staff.grade.intake.roster import Person
from staff.grade.points.course import Course
from staff.grade.points.output import Output
from staff.grade.record import CheckRecord
from tests.staff.grade.conftest import SECRET, write_zip
from tests.staff.grade.points.test_gradebook import record

CHECKS = (
    CheckRecord("affine_forward.values", "values are right", "failed", "differs\nexpected 1, got 2"),
    CheckRecord("affine_forward.layout", "any order in memory", "passed", detail=True),
)


@pytest.fixture
def out(tmp_path):
    """The folder of a run with two students of one name."""
    people = {"a2": (Person("s1", "Ada", "ada@x"),), "b": (Person("s2", "Ada"),)}
    output = Output(tmp_path, Course(people))
    one = record(verdict="failed", earned=0, given=1)
    exercise = dataclasses.replace(one.exercises[0], checks=CHECKS)
    output.write(Graded(dataclasses.replace(one, exercises=(exercise,), secret="5eed", code="c0de")))
    output.write(Graded(record("b")))
    output.write_gradebook()
    return tmp_path


def test_what_ran_and_what_came_is_told_with_the_seeds(out, capsys):
    assert answer(["explain", "s1", "affine_forward", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Ada s1 ada@x: complete" in said
    assert "affine_forward: failed, 0 of 1 points" in said
    assert "secret 5eed, the check's id, code c0de" in said
    assert (
        "failed          affine_forward.values: values are right\n      differs\n      expected 1, got 2" in said
    )
    assert "affine_forward.layout, a detail: any order in memory" in said
    assert answer(["explain", "ada@x", "Q1 Training", "--out", str(out)]) == 0
    assert "Q1 training: 1 of 2 points by a human" in capsys.readouterr().out


def test_the_exercise_is_run_again_from_what_the_run_was_given(out, tmp_path, monkeypatch, capsys):
    def play(submission, setup):
        assert (submission.name, setup.exercises, setup.secret) == ("a2", ("affine_forward",), SECRET)
        one = dataclasses.replace(record(verdict="passed", earned=1), secret="5eed", code="c0de")
        return Graded(dataclasses.replace(one, checks="newer"))

    monkeypatch.setattr(explain, "grade", play)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / "secret").write_bytes(SECRET)
    given = str(write_zip(tmp_path / "a2.zip", {"cs231n/layers.py": ""}))
    more = ["--out", str(out), "--secret", str(tmp_path / "secret"), "--again"]
    assert answer(["explain", "s1", "affine_forward", *more, given]) == 0
    then, now = capsys.readouterr().out.split("Run again now, with other checks than then:")
    assert "affine_forward: failed, 0 of 1" in then and "affine_forward: passed, 1 of 1" in now
    for exercise, path, said in (
        ("Q1 training", given, "is judged by a human"),
        ("affine_forward", str(write_zip(tmp_path / "b.zip", {})), "no submission a2 in .*b.zip, expected what"),
    ):
        with pytest.raises(SystemExit):
            answer(["explain", "s1", exercise, *more, path])
        assert re.search(said, capsys.readouterr().err)


def test_a_request_is_opened_shown_and_closed(out, capsys):
    assert answer(["request", "s1", "affine_forward", "It is right", "--out", str(out)]) == 0
    answer(["explain", "s1", "affine_forward", "--out", str(out)])
    assert "A regrade request is open: It is right" in capsys.readouterr().out
    assert answer(["close", "s1", "affine_forward", "It is not", "--out", str(out)]) == 0
    assert "closed: s1, affine_forward. 0 requests are open" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["explain", "eve", "adam"], "0 students in .* are called 'eve', expected one; write an id"),
        (["explain", "ada", "adam"], "2 students in .* are called 'ada', expected one; write one of s1, s2"),
        (["explain", "s1", "adams"], "there is no exercise 'adams', expected one of affine_forward"),
        (["close", "s1", "adam", "no"], "a request of s1 about adam is not open"),
        (["request", "s1", "adam"], "there is no text, expected what the student says"),
        (["explain", "s1", "affine_forward", "--again", "x"], "--again needs the secret of the run"),
        (["explain", "s1", "adam", "--out", "nowhere"], "gradebook.csv is not there: give --out"),
    ],
)
def test_what_cannot_be_meant_says_what_was_expected(out, capsys, arguments, said):
    with pytest.raises(SystemExit) as ended:
        answer([arguments[0], "--out", str(out), *arguments[1:]])
    assert ended.value.code == 2
    assert re.search(said, capsys.readouterr().err)
