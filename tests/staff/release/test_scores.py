"""What the local checks say about releases: blank, solved, and each exercise filled in with what it needs."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from cs231n.checks.rubric import load_rubric
from cs231n.checks.session import Session
from cs231n.checks.subject.process import SubjectProcess
from staff import ROOT
from staff.release.fill import fill
from staff.release.rubric import PATH

EXERCISES = load_rubric(ROOT / PATH).exercises
CHECKED = [name for name, exercise in EXERCISES.items() if not exercise.in_notebook]


def closure(names):
    """Return the exercises of the given names and all that they need."""
    return set(names).union(*(closure(EXERCISES[name].needs) for name in names))


def write(release, folder, exercises):
    """Fill exercises in a folder that holds the release; None fills in everything."""
    for name, data in fill(release, exercises).items():
        (folder / name).write_bytes(data)


def report(folder):
    """Return what `python -m cs231n.checks --json` prints in a folder: the exercises that pass, and the totals."""
    done = subprocess.run(
        [sys.executable, "-m", "cs231n.checks", "--json"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    data = json.loads(done.stdout)
    return {result["name"] for result in data["exercises"] if result["verdict"] == "passed"}, data["totals"]


@pytest.fixture
def folder(release_folder, tmp_path):
    """A copy of the release that may be changed."""
    return shutil.copytree(release_folder, tmp_path / "release")


def test_with_no_blank_filled_in_no_exercise_passes(folder):
    passed, totals = report(folder)
    assert passed == set()
    assert (totals["earned"], totals["points"]) == (0, sum(EXERCISES[name].points for name in EXERCISES))


def test_solved_every_exercise_passes(release, folder):
    write(release, folder, None)
    passed, totals = report(folder)
    assert passed == set(EXERCISES)
    assert totals["earned"] == totals["points"] == sum(exercise.points for exercise in EXERCISES.values())


@pytest.mark.slow
@pytest.mark.parametrize("exercise", CHECKED)
def test_filled_in_with_what_it_needs_exactly_the_exercises_pass_whose_needs_are_filled_in(
    release, folder, exercise
):
    filled = closure([exercise])
    blocks = {block for name in filled for block in EXERCISES[name].blocks}
    complete = {
        name for name in CHECKED if all(blocks.issuperset(EXERCISES[needed].blocks) for needed in closure([name]))
    }
    write(release, folder, sorted(filled))
    with SubjectProcess(folder) as transport:  # in this process: torch need not start each time
        session = Session(transport)
        assert {name for name in CHECKED if session.outcome(name).verdict == "passed"} == complete
