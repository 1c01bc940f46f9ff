"""A made-up course of forty in each form of export, from the export to the table for Canvas in one command.

Grading is played: what is looked at is who gets a line, and why somebody does not. Among the forty is what lies in
real exports: see WAYS.
"""

import csv
import io
import os
import shutil
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import py7zr
import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade import limits
from staff.grade.__main__ import main
from staff.grade.grading import Graded
from staff.grade.intake.contents import read_contents
from staff.grade.record import ExerciseRecord, ManualRecord, Record
from tests.staff.grade.conftest import SECRET

NAMES = ["陈伟", "Иван Петров", "محمد عبد الله", "Zoë Ünal", "Wolfeschlegelsteinhausenbergerdorff Von Langname"]
NAMES += [f"Student{number} Family{number}" for number in range(5, 40)]
TWINS = (20, 21)  # two people of one name
NAMES[20] = NAMES[21] = "Kim Lee"
PAIR = (22, 23)  # who hand in together, each once, where the course site knows groups
LATE, ABSENT = 11, 39
LAYERS = {"cs231n/layers.py": b"x = 1\n"}
NOTEBOOK = {"Dropout.ipynb": b'{"cells": []}'}
FORMS = ("canvas", "gradescope", "moodle", "blackboard", "clones", "plain")
FOLDERS = ("gradescope", "moodle", "clones")  # in which each student has a folder


def packed(files):
    """Return files as a zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(mode):
    """Return the assignment as a tar archive."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        for name, content in LAYERS.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def seven_zip():
    """Return the assignment as a 7z archive."""
    data = io.BytesIO()
    with py7zr.SevenZipFile(data, "w") as archive:
        for name, content in LAYERS.items():
            archive.writestr(content, name)
    return data.getvalue()


def colab():
    """Return an archive in an archive, with a folder above the package that has its name."""
    return packed({"all/a2.zip": packed({f"cs231n/assignments/assignment2/{k}": v for k, v in LAYERS.items()})})


def littered():
    """Return an archive with more of an environment and of checkpoints than a submission may have files."""
    litter = {f"{folder}/{n}.py": b"" for folder in (".venv/lib", "node_modules/x") for n in range(30)}
    data = {f"cs231n/datasets/cifar-10-batches-py/data_batch_{n}": b"0" for n in range(5)} | {"best.npz": b"0"}
    return packed(LAYERS | litter | data | {"__MACOSX/cs231n/._layers.py": b"0", ".DS_Store": b"0"})


# number of a student -> the files that were handed in; everybody else hands in a2.zip with the assignment
WAYS = {
    10: {"a2.zip": colab},
    12: {"a2.tar.gz": lambda: tarred("w:gz")},
    13: {"a2.tar": lambda: tarred("w")},
    14: {"a2.tgz": lambda: tarred("w:gz")},
    15: {"a2.7z": seven_zip},
    16: {"a2.zip": lambda: packed(LAYERS), "assignment.pdf": lambda: b"%PDF-1.7"},
    17: {"code.zip": lambda: packed(LAYERS), "notebooks.zip": lambda: packed(NOTEBOOK)},
    18: {"layers (1).py": lambda: b"x = 1\n", "Copy of Dropout.ipynb": lambda: NOTEBOOK["Dropout.ipynb"]},
    19: {"a2.zip": littered},
}
# what holds no file of the assignment: a row, pending, and no lateness
UNREAD = {
    34: {"assignment.pdf": lambda: b"%PDF-1.7"},
    35: {"a2.zip": lambda: packed({})},
    36: {"a2.rar": lambda: b"Rar!\x1a\x07\x01\x00"},
    37: {"a2.zip": lambda: b"PK nonsense"},
    38: {"a2.url": lambda: b"[InternetShortcut]\nURL=https://drive.example/a2\n"},
}


def handed_in(number):
    """Return name -> bytes of the files that a student handed in."""
    files = (WAYS | UNREAD).get(number, {"a2.zip": lambda: packed(LAYERS)})
    return {name: content() for name, content in files.items()}


def paths(form, number, names):
    """Return where a form of export has the files of a student, which have these names."""
    who = unicodedata.normalize("NFD", NAMES[number])  # as macOS writes file names
    if form == "canvas":
        squashed = "".join(letter for letter in NAMES[number].casefold() if letter.isalnum())
        late = "_LATE" if number == LATE else ""
        return [f"{squashed}{late}_{9000 + number}_{70 + i}_{name}" for i, name in enumerate(names)]
    if form == "blackboard":
        return [f"a2_user{number}_attempt_2026-04-24-10-00-00_{name}" for name in names]
    if form == "plain" and len(names) == 1:
        return [f"s{number:02}{name[name.index('.') :]}" for name in names]
    folder = {
        "gradescope": f"submission_{number}",
        "moodle": f"{who}_{5000 + number}_assignsubmission_file_",
        "clones": f"a2-user{number}",
        "plain": f"s{number:02}",
    }[form]
    return [f"{folder}/{name}" for name in names]


def write_export(root, form):
    """Write the export of a class; returns its folder."""
    root.mkdir()
    for number in range(40):
        if number != ABSENT:
            files = handed_in(number)
            for path, content in zip(paths(form, number, files), files.values()):
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_bytes(content)
    if form in FOLDERS:  # an empty folder
        shutil.rmtree(path := (root / paths(form, 35, ["a2.zip"])[0]).parent)
        path.mkdir()
    if form == "gradescope":
        (root / "submission_metadata.yml").write_text("".join(map(metadata, range(39))), encoding="utf-8")
    elif form in ("plain", "clones"):
        (root / "grading-helper.py").write_text("print()")
        (root / "layers.py").write_text("x = 1\n")
    return root


def metadata(number):
    """Return the entry of a submission in Gradescope's metadata."""
    group = {22: (22, 23), 23: (23, 22)}.get(number, (number,))
    people = "".join(f"  - :name: {NAMES[n]}\n    :email: user{n}@x.edu\n" for n in group)
    day = {LATE: 26, 22: 23}.get(number, 24)
    return f"submission_{number}:\n  :submitters:\n{people}  :created_at: 2026-04-{day} 20:00:00 Z\n"


def write_roster(path):
    """Write the roster as a German spreadsheet does; a late day for each."""
    lines = ["ID;Name;E-Mail;Section;Bank;Extension"]
    lines += [f"s{n:02};{name};user{n}@x.edu;{'AB'[n % 2]};1;" for n, name in enumerate(NAMES)]
    path.write_bytes("\r\n".join([*lines, ";;;;;"]).encode("utf-16"))
    return path


def write_readings(folder, graded):
    """Write the points of three readers, each with some items, as German Excel does; returns the paths."""
    found = []
    for reader, items in zip(("kim", "lee", "may"), (slice(0, 2), slice(2, 4), slice(4, None))):
        named = list(load_rubric().manual.values())[items]
        lines = ["Student;ITEM;Question;Points;Codes;Comment", ";;;;;"]
        lines += [f"{who};{one.name};;{one.points},0;;schön" for who in graded for one in named]
        found.append(folder / f"{reader}.csv")
        found[-1].write_bytes("\r\n".join(lines).encode("cp1252"))
    return found


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
def grade(tmp_path, monkeypatch):
    monkeypatch.setattr("staff.grade.run.grade_all", play)
    monkeypatch.setattr("staff.grade.__main__.start_server", lambda: None)
    monkeypatch.setattr("staff.grade.__main__._setup", lambda *given: Played())
    monkeypatch.setattr("staff.grade.pages.write.write", lambda *given: [])
    monkeypatch.setattr(limits, "ENTRIES", 50)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / "secret").write_bytes(SECRET)
    roster = write_roster(tmp_path / "roster.csv")

    def run(export, *more, graded=range(39)):
        values = [export, "--out", tmp_path / "out", "--secret", tmp_path / "secret", "--roster", roster]
        values += ["--deadline", "2026-04-24T23:59:59", "--timezone", "America/Los_Angeles", "--penalty", 10]
        for path in write_readings(tmp_path, [f"s{number:02}" for number in graded]):
            values += ["--manual", path]
        return main([str(value) for value in (*values, "--for", "canvas", "--no-self-check", *more)])

    return run


class Played:
    """Stands for a Setup."""

    secret = SECRET
    chosen = tuple(load_rubric().exercises.values())


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "as downloaded"])
@pytest.mark.parametrize("form", FORMS)
def test_nobody_of_forty_is_lost_from_the_export_to_canvas(grade, tmp_path, capsys, form, zipped):
    export = write_export(tmp_path / "export", form)
    entries = [path for path in export.iterdir() if path.name != "submission_metadata.yml"]
    if zipped:
        export = Path(shutil.make_archive(str(tmp_path / "download"), "zip", export))
        assert zipfile.is_zipfile(export)
    by_name = form in ("canvas", "moodle")  # which cannot tell two people of one name apart
    known = [n for n in range(39) if not (by_name and n in TWINS)]
    assert grade(export, graded=known) == 0
    said = capsys.readouterr().out
    assert f"{len(entries)} entries found" in said
    listed = [line["entry"] for line in rows(tmp_path / "out" / "entries.csv")]
    assert sorted(listed) == sorted(path.name for path in entries)
    book = {line["id"]: line for line in rows(tmp_path / "out" / "gradebook.csv")}
    expected = {f"s{n:02}" for n in range(40)} | {
        str({"canvas": 9000, "moodle": 5000}[form] + n) for n in TWINS * by_name
    }
    assert set(book) == expected, said
    assert [line["student"] for key, line in sorted(book.items()) if key[0] == "s"] == NAMES
    for number in TWINS if by_name else ():
        assert (
            book[f"s{number}"]["status"] == "pending" and "may be this student's" in book[f"s{number}"]["problems"]
        )
        assert "several students have this name: s20, s21; a column `site id` of the roster with" in said
    assert book[f"s{ABSENT}"]["status"] == "nothing handed in" and f"nothing handed in: s{ABSENT}" in said
    for number in UNREAD:
        line = book[f"s{number}"]
        assert (line["status"], bool(line["problems"])) == ("pending", True), line
        assert line["late days"] == "0"
    assert "ask for a zip" in book["s36"]["problems"]
    late = book[f"s{LATE}"]
    if form == "canvas":
        assert late["status"] == "pending" and "but not how late" in said
    elif form == "gradescope":
        assert (late["late days"], late["days paid"], late["total after penalty"]) == ("2", "1", "90")
        assert "s11,a2,2,1" in (tmp_path / "out" / "late_days.csv").read_text()
    else:
        assert (late["status"], late["total"]) == ("complete", "100") and "No submission time is known for" in said
    for number in set(known) - set(UNREAD) - {LATE}:
        assert (book[f"s{number:02}"]["status"], book[f"s{number:02}"]["total"]) == ("complete", "100"), number
    assert ".venv" not in book["s19"]["problems"] and "entries" not in book["s19"]["problems"]
    if form == "gradescope":
        assert {book[f"s{number}"]["name"] for number in PAIR} == {"submission_23"}
    if form in ("plain", "clones"):
        assert "left out: grading-helper.py" in said and "left out: layers.py" in said
    site = rows(tmp_path / "out" / "canvas.csv")
    open_ones = {key for key, line in book.items() if line["status"] == "pending"}
    assert {line["SIS User ID"] for line in site} == set(book) - open_ones
    assert {line["a2"] for line in site} <= {"100", "90", "0"}


def test_late_days_of_a_first_assignment_are_gone_and_a_second_run_takes_nothing_twice(grade, tmp_path):
    export = write_export(tmp_path / "export", "gradescope")
    table = tmp_path / "late_days.csv"
    table.write_text("student,assignment,days,paid,closed\ns11,a1,1,1,yes\n")
    for _ in range(2):
        assert grade(export, "--late-day-table", table) == 0
        assert table.read_text().splitlines()[1:] == ["s11,a1,1,1,yes", "s11,a2,2,0,"]
