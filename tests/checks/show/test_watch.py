"""Watching: a saved file reruns what it touches, and nothing else."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from cs231n.checks.show.watch import Files, touched
from tests.checks.subjects import EXERCISES, IN_PACKAGE, ROOT, place


def written_in(*modules):
    """Return the exercises that are written in modules whose names begin so."""
    return {name for name in IN_PACKAGE if place(name)[0].startswith(modules)}


RULES = written_in("optim")


@pytest.fixture
def student(tmp_path):
    ignored = shutil.ignore_patterns("datasets", "images", "__pycache__", "*.c", "*.html")
    shutil.copytree(ROOT / "cs231n", tmp_path / "cs231n", ignore=ignored)
    return tmp_path


@pytest.fixture(scope="module")
def in_notebooks():
    """The exercises that no module of the package touches."""
    return set(EXERCISES) - touched({"cs231n/validation.py"}, ROOT)


@pytest.mark.parametrize(
    "file, exercises",
    [
        ("optim.py", RULES),
        ("classifiers/cnn.py", written_in("classifiers.cnn")),
        ("classifiers/fc_net.py", written_in("classifiers.fc_net")),
        ("layers.py", set(EXERCISES) - RULES),
        ("fast_layers.py", written_in("classifiers.fc_net", "classifiers.cnn")),
        ("validation.py", set(EXERCISES)),
        ("vis_utils.py", set()),
    ],
)
def test_a_file_touches_the_exercises_whose_modules_import_it(student, in_notebooks, file, exercises):
    assert touched({f"cs231n/{file}"}, student) == exercises - in_notebooks


def test_a_file_that_does_not_parse_still_touches_its_own_exercises(student):
    (student / "cs231n/optim.py").write_text("def (")
    assert touched({"cs231n/optim.py"}, student) == RULES


def test_changes_are_seen_once(student):
    files = Files(student)
    assert files.changes() == set()
    os.utime(student / "cs231n/optim.py", ns=(1, 1))
    (student / "cs231n/new.py").write_text("")
    (student / "cs231n/solver.py").unlink()
    assert files.changes() == {"cs231n/optim.py", "cs231n/new.py", "cs231n/solver.py"}
    assert files.changes() == set()


def test_a_saved_file_is_checked_again(student, tmp_path):
    out = tmp_path / "out.txt"
    environment = {**os.environ, "PYTHONPATH": str(student), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "cs231n.checks", "--watch", "adam", "relu_forward"]
    with open(out, "w") as file:
        process = subprocess.Popen(command, cwd=student, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        _wait_for(out, "Waiting", 1)
        path = student / "cs231n/optim.py"
        path.write_text(path.read_text(encoding="utf-8").replace('config["t"] += 1', "pass"), encoding="utf-8")
        _wait_for(out, "Waiting", 2)
    finally:
        process.terminate()
        process.wait()
    second = out.read_text(encoding="utf-8").split("Waiting")[1]
    assert "cs231n/optim.py" in second and "adam" in second and "relu_forward" not in second


def _wait_for(path, word, count):
    for _ in range(1200):
        if path.read_text(encoding="utf-8").count(word) >= count:
            return
        time.sleep(0.1)
    pytest.fail(f"{word!r} has not come {count} times:\n{path.read_text(encoding='utf-8')}")
