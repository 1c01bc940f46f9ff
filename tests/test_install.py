"""make and staff/install.sh: which Python makes the environment, and when it is made anew."""

import os
import subprocess
import sys
import tomllib

import pytest

from staff import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no make")


def make(python, *arguments):
    """Run make in the repository without executing anything, and return its status and output."""
    command = ["make", "-n", f"PYTHON={python}", *arguments]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # of `make test`
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=outside)
    return done.returncode, done.stdout + done.stderr


def old(folder, version):
    """Return a program that says it is a Python of a version, a tuple."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.version_info = {version}\n$2"\n')
    program.chmod(0o755)
    return program


def test_a_python_that_is_too_old_or_missing_is_refused_in_one_line(tmp_path):
    for python, problem in ((old(tmp_path, (3, 9, 2)), "is Python 3.9"), (tmp_path / "none", "is not there")):
        status, said = make(python, "lint")
        assert status != 0
        [line] = said.splitlines()
        assert f"{python} {problem}. Name a Python 3.11 or later: make PYTHON=" in line
        assert make(python, "clean")[0] == 0


def test_make_install_brings_what_the_pages_of_make_run_need():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert '-e ".[pages]"' in make(sys.executable, "-W", "pyproject.toml", "install")[1]
    assert project["optional-dependencies"]["pages"][0].startswith("latex2mathml>")  # of staff.formulas


def install(folder):
    """Run the script without installing anything, and return what it printed."""
    (folder / "constraints.txt").touch()
    command = ["sh", str(ROOT / "staff" / "install.sh"), sys.executable, "--help"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_an_environment_is_kept_if_it_is_of_this_python_and_made_anew_if_not(tmp_path):
    bin = tmp_path / ".venv" / "bin"
    bin.mkdir(parents=True)
    (bin / "python").write_text("#!/bin/sh\necho another\n")
    (bin / "python").chmod(0o755)
    assert "made with another Python" in install(tmp_path)
    (tmp_path / ".venv" / "kept").touch()
    assert "made with another Python" not in install(tmp_path)
    assert (tmp_path / ".venv" / "kept").exists()
