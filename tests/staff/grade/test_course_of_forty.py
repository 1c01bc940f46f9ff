"""A made-up course of forty in each form of export, from the export to the table for Canvas in one command.

Grading is played: what is looked at is who gets a line, and why somebody does not.
"""

import csv
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade.__main__ import main
from staff.grade.grading import Graded
from staff.grade.intake.archive import read_contents
from staff.grade.record import ExerciseRecord, ManualRecord, Record
from tests.staff.grade.conftest import SECRET, write_zip

NAMES = ["陈伟", "Иван Петров", "محمد عبد الله", "Zoë Ünal", "Wolfeschlegelsteinhausenbergerdorff Von Langname"]
NAMES += [f"Student{number} Family{number}" for number in range(5, 40)]
LAYERS = {"cs231n/layers.py": "x = 1\n"}
FORMS = ("canvas", "gradescope", "moodle", "blackboard", "clones", "plain")
RAR, PDF, ABSENT, NESTED, LATE = (
    36,
    37,
    39,
    10,
    11,
)  # who hands in what is no archive, nothing, one in a folder, late


def entry(form, number):
    """Return (name of the entry of a student, whether it is a folder)."""
    squashed = "".join(letter for letter in NAMES[number].casefold() if letter.isalnum())
    return {
        "canvas": (f"{squashed}{'_LATE' if number == LATE else ''}_{9000 + number}_77_a2.zip", False),
        "gradescope": (f"submission_{number}", True),
        "moodle": (f"{NAMES[number]}_{5000 + number}_assignsubmission_file_", True),
        "blackboard": (f"a2_user{number}_attempt_2026-04-24-10-00-00_a2.zip", False),
        "clones": (f"a2-user{number}", True),
        "plain": (f"s{number:02}.zip", False),
    }[form]


def write_export(root, form):
    """Write the export of a class; returns its folder."""
    root.mkdir()
    for number in range(40):
        name, is_folder = entry(form, number)
        if number == ABSENT:
            continue
        path = root / name / "a2.zip" if is_folder else root / name
        path.parent.mkdir(exist_ok=True)
        if number == RAR:
            path.with_suffix(".rar").write_bytes(b"Rar!\x1a\x07\x01\x00")
        elif number == PDF:
            path.write_bytes(b"PK nonsense")
        elif number == NESTED:
            write_zip(
                root.parent / "inner.zip", {f"cs231n/assignments/assignment2/{k}": v for k, v in LAYERS.items()}
            )
            write_zip(path, {"all/inner.zip": (root.parent / "inner.zip").read_bytes()})
        else:
            write_zip(path, LAYERS)
    if form == "gradescope":
        people = [f"  - :name: {name}\n    :email: user{number}@x.edu\n" for number, name in enumerate(NAMES)]
        times = ["2026-04-24 20:00:00 Z" if number != LATE else "2026-04-26 20:00:00 Z" for number in range(40)]
        entries = (f"submission_{n}:\n  :submitters:\n{people[n]}  :created_at: {times[n]}\n" for n in range(39))
        (root / "submission_metadata.yml").write_text("".join(entries), encoding="utf-8")
    elif form in ("plain", "clones"):
        (root / "grading-helper.py").write_text("print()")
        (root / "layers.py").write_text("x = 1\n")
    return root


def write_roster(path):
    """Write the roster as a German spreadsheet does; two late days for each, and one has an extension."""
    lines = ["ID;Name;E-Mail;Section;Bank;Extension"]
    lines += [f"s{n:02};{name};user{n}@x.edu;{'AB'[n % 2]};1;" for n, name in enumerate(NAMES)]
    path.write_bytes("\r\n".join([*lines, ";;;;;"]).encode("utf-16"))
    return path


def play(submissions, setup, earlier, count):
    """Grade nothing: who could be read passes everything."""
    for one in submissions:
        contents = read_contents(*one.paths)
        passed = bool(contents.files)
        exercises = tuple(
            ExerciseRecord(each.name, each.question, each.points, each.points * passed, "passed")
            for each in load_rubric().exercises.values()
        )
        items = tuple(
            ManualRecord(each.name, each.question, each.points) for each in load_rubric().manual.values()
        )
        yield Graded(
            Record(
                *(one.name, one.student, str(one.path), contents.digest, "", "", "", one.submitted, "bubblewrap"),
                problems=(*one.problems, *contents.problems),
                exercises=exercises,
                manual=items,
                marked_late=one.marked_late,
                files=len(contents.files),
            )
        )


@pytest.fixture
def grade(tmp_path, monkeypatch, release):
    monkeypatch.setattr("staff.grade.run.grade_all", play)
    monkeypatch.setattr("staff.grade.__main__.start_server", lambda: None)
    monkeypatch.setattr("staff.grade.__main__._setup", lambda *given: Played())
    monkeypatch.setattr("staff.grade.pages.write.write", lambda *given: [])
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / "secret").write_bytes(SECRET)
    roster = write_roster(tmp_path / "roster.csv")
    # three readers, each with a part of the items
    for reader, items in zip(("kim", "lee", "may"), (slice(0, 2), slice(2, 4), slice(4, None))):
        rows = [f"s{n:02},{item},,{each.points},," for n in range(39) for item, each in list(_items())[items]]
        table = "\n".join(["student,item,question,points,codes,comment", *rows])
        (tmp_path / f"{reader}.csv").write_text(table)

    def run(export, *more):
        values = [export, "--out", tmp_path / "out", "--secret", tmp_path / "secret", "--roster", roster]
        values += ["--deadline", "2026-04-24T23:59:59", "--timezone", "America/Los_Angeles", "--penalty", 10]
        for reader in ("kim", "lee", "may"):
            values += ["--manual", tmp_path / f"{reader}.csv"]
        return main([str(value) for value in (*values, "--for", "canvas", "--no-self-check", *more)])

    return run


class Played:
    """Stands for a Setup."""

    secret = SECRET
    chosen = tuple(load_rubric().exercises.values())


def _items():
    return load_rubric().manual.items()


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "as downloaded"])
@pytest.mark.parametrize("form", FORMS)
def test_nobody_of_forty_is_lost_from_the_export_to_canvas(grade, tmp_path, capsys, form, zipped):
    export = write_export(tmp_path / "export", form)
    if zipped:
        export = Path(shutil.make_archive(str(tmp_path / "download"), "zip", export))
        assert zipfile.is_zipfile(export)
    assert grade(export) == 0
    said = capsys.readouterr().out
    book = {line["id"]: line for line in rows(tmp_path / "out" / "gradebook.csv")}
    assert sorted(book) == [f"s{n:02}" for n in range(40)], said
    assert [line["student"] for _, line in sorted(book.items())] == NAMES
    assert book[f"s{ABSENT}"]["status"] == "nothing handed in" and f"nothing handed in: s{ABSENT}" in said
    for number in (RAR, PDF):
        assert book[f"s{number}"]["status"] == "pending" and book[f"s{number}"]["problems"]
    assert book[f"s{NESTED}"]["status"] == "complete"
    late = book[f"s{LATE}"]
    if form == "canvas":
        assert late["status"] == "pending" and "days unknown" in said
    elif form == "gradescope":
        assert (late["late days"], late["days paid"], late["total after penalty"]) == ("2", "1", "90")
        assert "s11,a2,2,1" in (tmp_path / "out" / "late_days.csv").read_text()
    else:
        assert (late["status"], late["total"]) == ("complete", "100") and "No time known for" in said
    if form in ("plain", "clones"):
        assert "left out: grading-helper.py" in said and "left out: layers.py" in said
    site = rows(tmp_path / "out" / "canvas.csv")
    open_ones = {f"s{RAR}", f"s{PDF}"} | ({f"s{LATE}"} if form == "canvas" else set())
    assert {line["SIS User ID"] for line in site} == set(book) - open_ones
    assert {line["a2"] for line in site} <= {"100", "90", "0"}


def test_late_days_of_a_first_assignment_are_gone_and_a_second_run_takes_nothing_twice(grade, tmp_path):
    export = write_export(tmp_path / "export", "gradescope")
    table = tmp_path / "late_days.csv"
    table.write_text("student,assignment,days,paid,closed\ns11,a1,1,1,yes\n")
    for _ in range(2):
        assert grade(export, "--late-day-table", table) == 0
        assert table.read_text().splitlines()[1:] == ["s11,a1,1,1,yes", "s11,a2,2,0,"]
