"""What the local checks say about releases: blank, solved, and each exercise filled in with what it needs."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from cs231n.checks.rubric import load
from staff.notebooks import ROOT
from staff.release.fill import fill
from staff.release.rubric import PATH

EXERCISES = load(ROOT / PATH).exercises
CHECKED = [name for name, exercise in EXERCISES.items() if not exercise.in_notebook]


def closure(names):
    """Return the exercises of the given names and all that they need."""
    return set(names).union(*(closure(EXERCISES[name].needs) for name in names))


def passing(release, folder, exercises):
    """Return the exercises that pass in a release with some filled in."""
    for name, data in fill(release, exercises).items():
        (folder / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "cs231n.checks", "--json"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    verdicts = {result["name"]: result["verdict"] for result in report["exercises"] if result["name"] in CHECKED}
    assert set(verdicts) == set(CHECKED), done.stderr
    passed = {name for name, verdict in verdicts.items() if verdict == "passed"}
    assert report["totals"]["earned"] == sum(EXERCISES[name].points for name in passed)
    return passed


@pytest.fixture
def folder(release_folder, tmp_path):
    """A copy of the release that may be changed."""
    return shutil.copytree(release_folder, tmp_path / "release")


def test_with_no_blank_filled_in_no_exercise_passes(release, folder):
    assert passing(release, folder, []) == set()


def test_solved_every_exercise_passes(release, folder):
    assert passing(release, folder, None) == set(CHECKED)


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
    assert passing(release, folder, sorted(filled)) == complete
