"""cs231n.shadows: files that hide modules are found and passed over."""

import subprocess
import sys
from pathlib import Path

import pytest

from cs231n.shadows import shadows

ROOT = Path(__file__).parents[1]


def test_files_and_packages_that_hide_a_module_are_found_and_others_not(tmp_path):
    for name in ("random.py", "torch.py", "test.py", "mine.py", "queue.txt", "numpy/__init__.py", "scipy/x.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert shadows(str(tmp_path)) == ["numpy/__init__.py", "random.py", "torch.py"]


def run(folder, *command):
    (folder / "cs231n").symlink_to(ROOT / "cs231n")
    for name in ("random", "numpy", "torch", "queue"):
        (folder / f"{name}.py").write_text("raise SystemExit('this file runs')")
    (folder / "helper.py").write_text("found = True")
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize(
    "code", ["import random, queue, numpy", "import helper; assert helper.found", "import sys; assert sys.path[0]"]
)
def test_they_are_passed_over_and_named_and_other_files_of_the_folder_stay_in_reach(tmp_path, code):
    done = run(tmp_path, "-c", f"import cs231n; {code}")
    assert done.returncode == 0, done.stderr
    assert "numpy.py, queue.py, random.py, torch.py in this folder hides" in done.stderr


def test_the_checks_run_in_such_a_folder(tmp_path):
    done = run(tmp_path, "-m", "cs231n.checks", "relu_forward")
    assert "relu_forward" in done.stdout and "passed" in done.stdout, done.stderr
    assert "random.py" in done.stderr and "this file runs" not in done.stdout + done.stderr


def test_an_ordinary_folder_is_left_as_it_is(tmp_path):
    code = "import sys; path = list(sys.path); import cs231n; assert sys.path == path"
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True)
