"""What changed between two runs, and why."""

import dataclasses
import json

import numpy as np
import pytest

from cs231n.checks.points import ALL_OR_NOTHING
from staff.grade.points.previous import changes, changes_text, described, grouped, read_earlier
from staff.grade.record import ManualRecord, dump
from tests.staff.grade.made_up import HOSTILE, make_record

NOTHING = "nothing that is recorded"


@pytest.fixture
def record():
    return make_record(np.random.default_rng(0), "s1", "Ada", 1.0)


def with_verdict(record, name, verdict, **more):
    """The record with another verdict of an exercise."""
    exercises = tuple(
        dataclasses.replace(one, verdict=verdict, earned=one.points if verdict == "passed" else 0)
        if one.name == name
        else one
        for one in record.exercises
    )
    return dataclasses.replace(record, exercises=exercises, **more)


def test_equal_runs_have_no_changes(record):
    assert changes([record], [record]) == []
    assert changes_text([]) == "No result has changed since the previous run; late penalties are not compared."


def test_seconds_and_messages_are_no_changes(record):
    assert changes([record], [dataclasses.replace(record, seconds=99, problems=("x",))]) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"code": "other", "digest": "other"}, "code"),
        ({"digest": "other"}, "files beside the modules"),
        ({"checks": "other"}, "checks"),
        ({"secret": "other"}, "secret"),
        ({"scheme": ALL_OR_NOTHING}, "points scheme"),
        ({"code": "other", "scheme": ALL_OR_NOTHING, "checks": "other"}, "code, points scheme, checks"),
        ({"checks": "other", "secret": "other"}, "checks, secret"),
        ({"code": "other", "secret": "other"}, "code, secret"),
        ({"isolation": "reduced: no bubblewrap"}, "isolation"),
        ({}, NOTHING),
    ],
)
def test_the_reason_is_what_differs(record, more, why):
    before = with_verdict(record, "adam", "failed")
    (change,) = changes([before], [with_verdict(record, "adam", "passed", **more)])
    assert (change.item, change.before, change.after) == ("adam", (0, "failed"), (1, "passed"))
    assert change.why.startswith(why)
    assert change.difference == 1


def test_a_verdict_that_costs_the_same_is_a_change(record):
    before, after = with_verdict(record, "adam", "failed"), with_verdict(record, "adam", "error", code="other")
    (change,) = changes([before], [after])
    assert change.difference == 0


def test_points_of_a_human_are_a_change_with_a_reason_of_its_own(record):
    item = ManualRecord("Q1 training", "Q1", 2)
    before, after = (
        dataclasses.replace(record, manual=(dataclasses.replace(item, earned=n),)) for n in (None, 1.5)
    )
    (change,) = changes([before], [after])
    assert change.why == "judged by a human"
    assert (described(change.before), described(change.after)) == ("pending", "judged (1.5)")


def test_submissions_come_and_go(record):
    other = dataclasses.replace(record, name="s2")
    gone, new = changes([record], [other])
    assert (gone.name, gone.after, gone.why) == ("s1", None, "not among the submissions any more")
    assert (new.name, new.before, new.why) == ("s2", None, "was not there before")


def test_an_exercise_that_is_new_in_the_rubric_is_listed(record):
    before = dataclasses.replace(record, exercises=record.exercises[1:], checks="older")
    (change,) = changes([before], [record])
    assert (change.item, change.before, change.why) == (record.exercises[0].name, None, "checks")


def test_changes_are_grouped_by_submission_and_reason(record):
    before = with_verdict(with_verdict(record, "adam", "failed"), "rmsprop", "failed")
    before = dataclasses.replace(
        before, manual=tuple(dataclasses.replace(one, earned=None) for one in record.manual)
    )
    after = dataclasses.replace(record, manual=tuple(dataclasses.replace(one, earned=1) for one in record.manual))
    exercises, manual = grouped(changes([before], [after]))
    assert [change.item for change in exercises] == ["rmsprop", "adam"]
    assert len(manual) == len(record.manual)


def test_the_text_is_safe_for_a_terminal(record):
    for i, name in enumerate(HOSTILE):
        before = with_verdict(dataclasses.replace(record, name=name, student=name), "adam", "failed")
        lines = changes_text(changes([before], [with_verdict(before, "adam", "passed")])).split("\n")
        assert len(lines) == 2, i
        assert all(letter.isprintable() or letter == " " for letter in lines[1])
        assert len(lines[1]) < 250


def test_an_earlier_output_is_read_and_what_is_none_is_refused(record, tmp_path):
    with pytest.raises(ValueError, match="expected the output folder of an earlier run"):
        read_earlier(tmp_path)
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "s1.json").write_text(dump(record), encoding="utf-8")
    assert read_earlier(tmp_path) == [record]
    before_schemes = {name: value for name, value in json.loads(dump(record)).items() if name != "scheme"}
    (tmp_path / "records" / "s1.json").write_text(json.dumps(before_schemes), encoding="utf-8")
    assert read_earlier(tmp_path) == [dataclasses.replace(record, scheme=ALL_OR_NOTHING)]
    (tmp_path / "records" / "s2.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="s2.json is not a record"):
        read_earlier(tmp_path)
