"""The command line, from archives to the gradebook."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
import types

import pytest

from cs231n.checks.rubric import load_rubric
from staff import ROOT
from staff.grade import __main__ as grade
from staff.grade.__main__ import main
from tests.staff.grade.conftest import SECRET, write_folder, write_zip

LAYERS = "cs231n/layers.py"
# That everything earns all points, test_grading.py says; here of each module and of a notebook one.
FEW = ("affine_forward", "adam", "two_layer_net", "barebones_convnet")
AUTOMATIC = sum(load_rubric().exercises[name].points for name in FEW)


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    return tmp_path / "secret"


def lines(folder):
    """Return name -> line of a gradebook."""
    with open(folder / "gradebook.csv", encoding="utf-8", newline="") as file:
        return {line["name"]: line for line in csv.DictReader(file)}


def test_archives_folders_and_nonsense_become_a_gradebook(tmp_path, secret, solved, blank, capsys):
    files = {f"a2/{name}": data for name, data in solved.items() if name != "TensorFlow.ipynb"}
    write_zip(tmp_path / "solved.zip", files)
    write_folder(tmp_path / "blank", blank)
    (tmp_path / "broken.zip").write_bytes(b"PK nonsense")
    (tmp_path / "points.csv").write_text("student,item,points,comment\nsolved,Q1 training,2,=good\n")
    names = ["solved.zip", "blank", "broken.zip"]
    out = tmp_path / "out"
    arguments = [str(tmp_path / name) for name in names] + ["--out", str(out), "--secret", str(secret)]
    arguments += ["--no-self-check", "--exercises", *FEW]  # the solution is among them
    assert main([*arguments, "--manual", str(tmp_path / "points.csv"), "--workers", "2"]) == 0
    found = lines(out)
    assert {name: line["total"] for name, line in found.items()} == {
        "solved": str(AUTOMATIC + 2),
        "blank": "0",
        "broken": "0",
    }
    assert found["broken"]["problems"].startswith("not a zip archive")
    assert json.loads((out / "results" / "solved.json").read_text())["score"] == AUTOMATIC + 2
    assert "3 submissions graded; 1 with problems." in capsys.readouterr().out

    first = {path: path.read_bytes() for path in out.rglob("*.*")}
    assert main([*arguments, "--manual", str(tmp_path / "points.csv"), "--workers", "1"]) == 0
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == first
    assert "3 of them unchanged" in capsys.readouterr().out

    assert main(arguments) == 0
    assert lines(out)["solved"]["total"] == str(AUTOMATIC + 2)


def test_where_the_grader_breaks_the_exit_status_says_so(tmp_path, secret, monkeypatch, capsys):
    def breaking(submissions, setup, earlier, count):
        for submission in submissions:
            from staff.grade.grading import broken

            yield broken(submission, setup, "Traceback\nOSError: disk full")

    monkeypatch.setattr("staff.grade.run.grade_all", breaking)
    monkeypatch.setattr("staff.grade.__main__.faults", lambda setup, scheduler: [])
    write_zip(tmp_path / "a2.zip", {})
    out = tmp_path / "out"
    assert main([str(tmp_path / "a2.zip"), "--out", str(out), "--secret", str(secret)]) == 1
    assert lines(out)["a2"]["status"] == "grader_error"
    assert "disk full" in (out / "errors" / "a2.txt").read_text()
    assert "THE GRADER BROKE at 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["none.zip"], "does not exist, expected an archive"),
        (["a2.zip", "--workers", "0"], "--workers is 0, expected at least 1"),
        (["a2.zip", "--secret", "none"], "the secret none cannot be read"),
        (["a2.zip", "--manual", "points.csv"], "line 2: there is no submission 'eve'"),
    ],
)
def test_a_wrong_command_line_says_what_was_expected_before_anything_is_graded(
    tmp_path, secret, monkeypatch, capsys, arguments, said
):
    monkeypatch.chdir(tmp_path)
    write_zip(tmp_path / "a2.zip", {})
    (tmp_path / "points.csv").write_text("student,item,points\neve,Q1 training,1\n")
    with pytest.raises(SystemExit) as ended:
        main(["--out", "out", "--secret", "secret", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- killed and started again ---------------------------------------------------------------------------------


def start(paths, out, secret):
    """Start a run in a process group of its own."""
    command = [sys.executable, "-m", "staff.grade", *map(str, paths), "--out", str(out), "--secret", str(secret)]
    command += ["--workers", "2", "--no-self-check", "--exercises", "q1"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def count(out):
    return len(list((out / "records").glob("*.json"))) if out.exists() else 0


@pytest.mark.slow
def test_a_run_killed_three_times_ends_as_one_that_was_not(tmp_path, secret, solved):
    paths = []
    for number in range(16):
        source = solved["cs231n/optim.py"] + f"\n# {number}\n".encode()
        paths.append(write_zip(tmp_path / f"s{number:02}.zip", {"cs231n/optim.py": source}))
    assert start(paths, tmp_path / "undisturbed", secret).wait() == 0
    out, randomly, kills, kept = tmp_path / "killed", random.Random(8), 0, {}
    while kills < 3:
        before, run = count(out), start(paths, out, secret)
        goal = before + randomly.randrange(1, 4)
        while run.poll() is None and count(out) < goal:
            time.sleep(0.02)
        time.sleep(randomly.random() * 0.5)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        kills += 1
        for path in (out / "records").glob("*.json"):  # what has been graded once is not graded again
            assert kept.setdefault(path.name, path.read_bytes()) == path.read_bytes()
    assert 1 <= count(out) < 16
    assert start(paths, out, secret).wait() == 0
    assert all((out / "records" / name).read_bytes() == data for name, data in kept.items())
    assert len(lines(out)) == count(out) == 16
    assert (out / "gradebook.csv").read_bytes() == (tmp_path / "undisturbed" / "gradebook.csv").read_bytes()


def test_on_windows_one_line_says_that_grading_needs_another_system(monkeypatch, capsys):
    monkeypatch.setattr(grade, "os", types.SimpleNamespace(name="nt"))
    assert main([]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "needs Linux or macOS" in line and "WSL" in line
