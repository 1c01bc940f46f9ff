"""The folder of a run."""

import csv
import dataclasses
import json
import os

import pytest

from staff.grade import record
from staff.grade.grading import Graded
from staff.grade.points.course import Course
from staff.grade.points.lateness import policy
from staff.grade.points.output import Output, locked
from tests.staff.grade.points.test_gradebook import record as make


def test_a_record_is_read_as_it_was_written(tmp_path):
    one = make("a2", given=1.5, problems=("é \u2028",))
    Output(tmp_path).write(Graded(one))
    assert Output(tmp_path).earlier("a2") == one
    assert Output(tmp_path).earlier("other") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"exercises": 5, "manual": [], "problems": []}'])
def test_what_is_no_record_of_this_version_counts_as_none(tmp_path, text):
    output = Output(tmp_path)
    (tmp_path / "records" / "a2.json").write_text(text)
    assert output.earlier("a2") is None


def test_a_record_with_a_field_of_another_version_counts_as_none(tmp_path):
    output = Output(tmp_path)
    text = record.dump(make("a2")).replace('"digest"', '"sum"')
    (tmp_path / "records" / "a2.json").write_text(text)
    assert output.earlier("a2") is None


def test_a_write_that_is_interrupted_leaves_what_was_there(tmp_path, monkeypatch):
    output = Output(tmp_path)
    output.write(Graded(make("a2")))
    before = (tmp_path / "records" / "a2.json").read_bytes()

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        output.write(Graded(make("a2", given=1)))
    assert (tmp_path / "records" / "a2.json").read_bytes() == before
    monkeypatch.undo()
    Output(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["a2.json", "a2.json"]


def test_what_only_staff_may_see_has_its_own_folder_and_goes_when_it_is_settled(tmp_path):
    output = Output(tmp_path)
    output.write(Graded(make("a2"), log=("Traceback",)))
    assert (tmp_path / "errors" / "a2.txt").read_text() == "Traceback\n"
    output.write(Graded(make("a2")))
    assert not (tmp_path / "errors" / "a2.txt").exists()


def test_the_gradebook_has_what_was_written_in_this_run(tmp_path):
    Output(tmp_path).write(Graded(make("earlier")))
    output = Output(tmp_path)
    for name in ("b", "a"):
        output.write(Graded(make(name)))
    output.write(Graded(dataclasses.replace(make("a"), student="Ada")))
    output.write_gradebook()
    lines = (tmp_path / "gradebook.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["a", "Ada"], ["b", "b"]]


def test_what_earlier_runs_left_of_others_is_set_aside_and_comes_back_with_its_submission(tmp_path):
    output = Output(tmp_path)
    for name in ("a", "b"):
        output.write(Graded(make(name, given=1.5), log=("Traceback",)))
    output.write_pages([("a", "<a>"), ("b", "<b>")], "")
    assert output.set_aside() == []
    left = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.glob("*/b.*")}
    assert {path.parent.name for path in left} == {"records", "results", "feedback", "errors"}

    output = Output(tmp_path)
    output.write(Graded(make("a")))
    assert output.set_aside() == ["b"]
    assert output.set_aside() == []
    assert not list(tmp_path.glob("*/b.*"))
    assert {path: (tmp_path / "replaced" / path).read_bytes() for path in left} == left

    output = Output(tmp_path)
    assert output.earlier("b") == make("b", given=1.5)
    for name in ("a", "b"):
        output.write(Graded(make(name)))
    output.write_pages([("a", "<a>"), ("b", "<b>")], "")
    assert output.set_aside() == []
    assert not list((tmp_path / "replaced").rglob("b.*"))


def test_results_and_gradebook_agree_about_what_is_left_after_a_penalty(tmp_path):
    output = Output(tmp_path, Course(policy=policy("2026-04-24T23:59:59Z", penalty=20)))
    output.write(Graded(dataclasses.replace(make("a2", given=1.5), submitted="2026-04-25T12:00:00Z")))
    output.write_gradebook()
    score = json.loads((tmp_path / "results" / "a2.json").read_text())["score"]
    with open(tmp_path / "gradebook.csv", newline="") as file:
        [line] = csv.DictReader(file)
    assert float(line["total after penalty"]) == score == 2.0


# --- tables of points, and other runs ---------------------------------------------------------------------------


def test_a_table_that_is_there_is_never_written_again_and_new_rows_go_to_a_file_of_their_own(tmp_path):
    for number, name in enumerate(("Q1-training", "Q1-training-2", "Q1-training-3")):
        [path] = Output(tmp_path).write_manual([("manual.html", "")], {"Q1 training": str(number)})
        assert path == tmp_path / "manual" / f"{name}.csv"
    texts = [path.read_text() for path in sorted((tmp_path / "manual").glob("*.csv"))]
    assert texts == ["1", "2", "0"]
    assert Output(tmp_path).write_manual([], {}) == []


def test_pages_of_answers_that_are_not_needed_any_more_are_removed_and_tables_stay(tmp_path):
    for names in (["Q1", "Q1-2"], ["Q1"]):
        Output(tmp_path).write_manual([(f"manual/{name}.html", name) for name in names], {})
    (tmp_path / "manual" / "kim.csv").write_text("student,item,points")
    Output(tmp_path).write_manual([("manual/Q1.html", "")], {})
    assert sorted(path.name for path in (tmp_path / "manual").iterdir()) == ["Q1.html", "kim.csv"]


def test_two_runs_never_write_to_one_folder(tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(ValueError, match="another run writes to .* with --out"),
        locked(tmp_path),
    ):
        pass
    with locked(tmp_path):
        pass
