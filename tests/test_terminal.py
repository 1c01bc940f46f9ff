"""cs231n.terminal: what a log gets in place of a bar, and a command that works as printed."""

import io
import shutil
import subprocess
import sys

import pytest

from cs231n import terminal
from cs231n.terminal import progress_bar, python_command


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def no_notebook(monkeypatch):
    """Another test may have imported Jupyter's kernel."""
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)


def shown(monkeypatch, stream, seconds=terminal.LOG_SECONDS):
    monkeypatch.setattr(terminal, "LOG_SECONDS", seconds)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(total=50, desc="Drawing") as bar:
        for _ in range(50):
            bar.update()
    return stream.getvalue()


def test_a_log_gets_lines_of_which_the_last_says_100_percent(monkeypatch):
    text = shown(monkeypatch, io.StringIO())
    first, last = text.splitlines()
    assert "\r" not in text and text.endswith("\n")
    assert first.startswith("Drawing:   0%") and last.startswith("Drawing: 100% 50/50")


def test_a_log_gets_more_lines_the_longer_it_takes(monkeypatch):
    assert len(shown(monkeypatch, io.StringIO(), seconds=0).splitlines()) > 10


def test_a_terminal_and_a_notebook_get_a_bar(monkeypatch):
    assert "\r" in shown(monkeypatch, Screen())
    monkeypatch.setitem(sys.modules, "ipykernel", None)
    assert "\r" in shown(monkeypatch, io.StringIO())


@pytest.mark.parametrize("program", ["here/bin/python", "with space/python", "elsewhere/python"])
def test_the_command_starts_this_python_from_this_folder(monkeypatch, tmp_path, program):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = tmp_path / program
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(path))
    command = python_command("-c", "import sys; print(sys.argv[1])", "a b")
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout == "a b\n", done.stderr
    assert command.startswith("bin/python ") == program.startswith("here")


def test_the_command_is_short_where_python_is_this_python(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: sys.executable)
    assert python_command("-m", "cs231n.datasets") == "python -m cs231n.datasets"
