"""What the local checks say about releases: blank, solved, and each exercise filled in with what it needs."""

import json
import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from staff.notebooks import ROOT
from staff.release.fill import fill
from staff.release.rubric import PATH, Rubric

pytestmark = pytest.mark.skipif(
    not (ROOT / "cs231n/checks/__main__.py").is_file(), reason="there is no python -m cs231n.checks yet"
)
TEXT = (ROOT / PATH).read_text(encoding="utf-8")
RUBRIC = Rubric(TEXT)
NEEDS = {exercise["name"]: exercise["needs"] for exercise in tomllib.loads(TEXT)["exercise"]}
# Those written in modules; what is written in a notebook no local check reaches.
CHECKED = [name for name in NEEDS if any(block.split(":")[0].endswith(".py") for block in RUBRIC.exercises[name])]


def closure(names):
    """Return the exercises of the given names and all that they need."""
    return set(names).union(*(closure(NEEDS[name]) for name in names))


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
    results = json.loads(done.stdout)["exercises"]
    assert {result["exercise"] for result in results} == set(CHECKED), done.stderr
    return {result["exercise"] for result in results if result["verdict"] == "passed"}


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
    blocks = {block for name in filled for block in RUBRIC.exercises[name]}
    complete = {
        name for name in CHECKED if all(blocks.issuperset(RUBRIC.exercises[needed]) for needed in closure([name]))
    }
    assert passing(release, folder, sorted(filled)) == complete
