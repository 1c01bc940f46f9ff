"""The command line with its pages, late policy and comparison; grading itself is played by made-up records."""

import csv
import dataclasses
import os
import types

import numpy as np
import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade.__main__ import main
from staff.grade.grading import Graded
from tests.staff.grade.conftest import SECRET, write_zip
from tests.staff.grade.made_up import make_record
from tests.staff.grade.reading import check

METADATA = """---
submission_1:
  :submitters:
  - :name: Ada
  :created_at: 2026-04-24 20:00:00.5 Z
submission_2:
  :submitters:
  - :name: Ada
  :created_at: 2026-04-25 09:00:00.5 Z
submission_3:
  :submitters:
  - :name: Ben
  :created_at: 2026-04-20 09:00:00.5 Z
"""


@pytest.fixture
def grade(tmp_path, monkeypatch):
    """Run the command line on an export of three submissions of two students; returns its exit status."""
    for i in (1, 2, 3):
        (tmp_path / "in" / f"submission_{i}").mkdir(parents=True)
        write_zip(tmp_path / "in" / f"submission_{i}" / "a2.zip", {"cs231n/layers.py": "x = 1\n"})
    (tmp_path / "in" / "submission_metadata.yml").write_text(METADATA)
    (tmp_path / "secret").write_bytes(SECRET)

    def played(submissions, setup, earlier, count):
        for number, submission in enumerate(submissions):
            if number == played.killed_at:
                raise KeyboardInterrupt
            record = make_record(np.random.default_rng(0), submission.name, submission.student, played.skill)
            hashes = {"adam": np.arange(100, dtype=np.uint64)}
            yield Graded(dataclasses.replace(record, submitted=submission.submitted), token_hashes=hashes)

    played.skill, played.killed_at, played.faults = 1.0, None, []
    monkeypatch.setattr("staff.grade.run.grade_all", played)
    monkeypatch.setattr("staff.grade.__main__.start_server", lambda: None)
    setup = types.SimpleNamespace(secret=SECRET, chosen=list(load_rubric().exercises.values()))
    monkeypatch.setattr("staff.grade.__main__._setup", lambda *given: setup)  # which would make the release
    monkeypatch.setattr("staff.grade.__main__.faults", lambda setup, scheduler: played.faults)
    monkeypatch.setattr(os, "environ", dict(os.environ))

    def run(*more, skill=1.0, killed_at=None):
        played.skill, played.killed_at = skill, killed_at
        values = ("--out", tmp_path / "out", "--secret", tmp_path / "secret", *more)
        return main([str(value) for value in (tmp_path / "in", *values)])

    run.played = played
    return run


def test_pages_are_written_and_only_the_latest_submission_counts(grade, tmp_path):
    assert grade() == 0
    assert sorted(path.stem for path in (tmp_path / "out" / "feedback").iterdir()) == [
        "submission_2",
        "submission_3",
    ]
    for path in (tmp_path / "out").rglob("*.html"):
        check(path.read_text(encoding="utf-8"), pictures=path.parent.name == "manual")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "submission_1" in report[report.index("Replaced by a later submission") :]
    assert "100 %" in report[report.index("Near-identical submissions</h2>") :]


def manual(tmp_path):
    """Return the points of humans in the gradebook, as a set."""
    with open(tmp_path / "out" / "gradebook.csv", encoding="utf-8", newline="") as file:
        return {line[item] for line in csv.DictReader(file) for item in load_rubric().manual}


def test_the_tables_of_points_are_filled_in_read_and_never_written_again(grade, tmp_path, capsys):
    assert grade() == 0
    tables = sorted((tmp_path / "out" / "manual").glob("*.csv"))
    assert len(tables) == len(load_rubric().manual)
    assert "New answers to read:" in capsys.readouterr().out
    for path in tables:
        head, *rows = path.read_text().splitlines(keepends=True)
        path.write_text(head + "".join(row.replace(",,,\n", ",0.25,,Good.\n") for row in rows))
    filled = {path: path.read_bytes() for path in tables}
    for _ in range(2):
        assert grade() == 0
        assert manual(tmp_path) == {"0.25", "0.75", "1"}  # of one, three and four questions
    assert "New answers" not in capsys.readouterr().out
    assert {path: path.read_bytes() for path in sorted((tmp_path / "out" / "manual").glob("*.csv"))} == filled


def test_points_from_elsewhere_stay_and_two_who_do_not_agree_end_the_run_with_an_error(grade, tmp_path, capsys):
    head = "student,item,points\n"
    (tmp_path / "kim.csv").write_text(f"{head}Ada,Q1 training,1\nBen,Q1 training,2\n")
    assert grade("--manual", tmp_path / "kim.csv") == 0
    assert grade() == 0
    assert {"1", "2"} <= manual(tmp_path)
    (tmp_path / "lee.csv").write_text(f"{head}Ada,Q1 training,1.5\n")
    capsys.readouterr()
    assert grade("--manual", tmp_path / "kim.csv", "--manual", tmp_path / "lee.csv") == 1
    assert "1 (kim.csv, line 2) or 1.5 (lee.csv, line 2)" in capsys.readouterr().out
    with open(tmp_path / "out" / "gradebook.csv", encoding="utf-8", newline="") as file:
        ada, ben = csv.DictReader(file)
    assert (ada["status"], ada["Q1 training"]) == ("conflict", "")
    assert ben["Q1 training"] == "2"


def test_when_a_later_submission_comes_in_what_is_left_of_the_earlier_one_is_set_aside(grade, tmp_path, capsys):
    later = tmp_path / "in" / "submission_2"
    later.rename(tmp_path / "not yet")
    assert grade() == 0
    assert "moved to" not in capsys.readouterr().out
    (tmp_path / "not yet").rename(later)
    with pytest.raises(KeyboardInterrupt):
        grade(killed_at=1)
    assert (tmp_path / "out" / "records" / "submission_1.json").exists()
    assert grade() == 0
    assert f"moved to {tmp_path / 'out' / 'replaced'}: submission_1." in capsys.readouterr().out
    for kind in ("records", "results", "feedback"):
        assert [path.stem for path in sorted((tmp_path / "out" / kind).iterdir())] == [
            "submission_2",
            "submission_3",
        ]
        assert [path.stem for path in (tmp_path / "out" / "replaced" / kind).iterdir()] == ["submission_1"]
    assert grade("--out", tmp_path / "undisturbed") == 0
    for name in ("gradebook.csv", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()


def test_a_deadline_shows_in_the_gradebook_and_on_the_page(grade, tmp_path):
    late = (
        "--deadline",
        "2026-04-24T23:59:59-07:00",
        "--grace-minutes",
        15,
        "--penalty",
        10,
        "--zero-after-days",
        3,
    )
    assert grade(*late) == 0
    with open(tmp_path / "out" / "gradebook.csv", encoding="utf-8", newline="") as file:
        ada, ben = csv.DictReader(file)
    assert (ada["late days"], ada["penalty %"]) == ("1", "10")
    assert float(ada["total after penalty"]) == pytest.approx(0.9 * float(ada["total"]))
    assert (ben["late days"], ben["total after penalty"]) == ("0", ben["total"])
    page = (tmp_path / "out" / "feedback" / "submission_2.html").read_text(encoding="utf-8")
    assert "after the penalty of 10 % for 1 day" in page


def test_an_earlier_run_in_the_same_folder_can_be_compared_with(grade, tmp_path, capsys):
    grade()
    assert grade("--previous", tmp_path / "out") == 0
    assert "No result has changed since the previous run" in capsys.readouterr().out
    assert grade("--previous", tmp_path / "out", skill=0.3) == 0
    assert "Changed since the previous run:" in capsys.readouterr().out
    assert "What changed" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--deadline", "2026-04-24T23:59:59"], "has no time zone"),
        (["--penalty", "10"], "need a --deadline"),
        (["--previous", "nowhere"], "expected the output folder of an earlier run"),
    ],
)
def test_what_cannot_be_meant_ends_the_run_before_anything_is_written(grade, tmp_path, capsys, options, said):
    with pytest.raises(SystemExit) as ended:
        grade(*options)
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_where_our_own_solution_misses_a_point_there_is_no_gradebook(grade, tmp_path, capsys):
    grade.played.faults = ["adam: 0 of 1 points, timeout. too slow"]
    assert grade() == 1
    assert "THE MACHINE IS AT FAULT" in (said := capsys.readouterr().out) and "adam: 0 of 1 points" in said
    assert not (tmp_path / "out" / "gradebook.csv").exists()
    assert grade("--no-self-check") == 0


def test_a_submission_that_is_neither_graded_nor_explained_is_an_error(grade, monkeypatch, capsys):
    monkeypatch.setattr("staff.grade.run.grade_all", lambda submissions, *rest: iter(()))
    assert grade() == 1
    assert "NOT GRADED, FOR AN UNKNOWN REASON: submission_2, submission_3." in capsys.readouterr().out


def test_a_table_for_a_course_site_has_the_final_points_and_the_run_says_who_is_open(grade, tmp_path, capsys):
    (tmp_path / "roster.csv").write_text("id,name,section\ns1,Ada,A\ns2,Ben,B\ns3,Eve,B\n")
    assert grade("--for", "canvas", "--column", "A2 (17)", "--roster", tmp_path / "roster.csv") == 0
    assert "3 in the roster, 1" in capsys.readouterr().out.replace(
        "3 students in the roster, 1 of them", "3 in the roster, 1"
    )
    text = (tmp_path / "out" / "canvas.csv").read_text()
    assert text.splitlines() == ["Student,ID,SIS User ID,SIS Login ID,Section,A2 (17)", "Eve,,s3,,B,0"]
