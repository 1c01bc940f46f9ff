"""python -m cs231n.submit, and collectSubmission.sh under its old name."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from cs231n.submit import __main__ as command
from cs231n.submit.archive import MODULES
from staff import ROOT
from tests.submit.conftest import ANSWER, code, notebook, one, write

DONE = "### Done! Please submit a2.zip and the pdfs to Gradescope. ###"


@pytest.fixture
def pdf(monkeypatch):
    """Replace the making of the PDF."""
    monkeypatch.setattr(command, "can_make_pdf", lambda: True)
    monkeypatch.setattr(
        command, "write_pdf", lambda pages, path: path.write_bytes(b"%PDF") and ["a \x1b[31mremark"]
    )


def names(path):
    with zipfile.ZipFile(path) as opened:
        return opened.namelist()


def test_zip_and_pdf_are_made_and_warnings_do_not_stop(assignment, pdf, capsys):
    write(assignment, "One.ipynb", one(answer=ANSWER))
    write(assignment, "cs231n/layers.py", "def f(:\n")
    assert command.main(["--root", str(assignment)]) == 0
    printed = capsys.readouterr().out
    assert "no answer yet: Inline question 1" in printed and "not valid Python" in printed
    assert "a remark" in printed
    assert names(assignment / "a2.zip") == [*MODULES, "One.ipynb", "PyTorch.ipynb"]
    assert (assignment / "assignment.pdf").exists()


def test_missing_files_stop_and_force_goes_on(assignment, pdf, capsys):
    (assignment / "cs231n/optim.py").unlink()
    assert command.main(["--root", str(assignment)]) == 1
    assert not (assignment / "a2.zip").exists()
    assert "add --force" in capsys.readouterr().out
    assert command.main(["--root", str(assignment), "--force"]) == 0
    assert "cs231n/optim.py" not in names(assignment / "a2.zip")


def test_without_the_wheels_the_page_of_html_is_said_to_be_no_pdf(assignment, monkeypatch, capsys):
    monkeypatch.setattr(command, "can_make_pdf", lambda: False)
    monkeypatch.setattr(sys, "stdin", None)
    write(assignment, "assignment.pdf", "from before")
    write(assignment, "constraints.txt", "")
    assert command.main(["--root", str(assignment)]) == 0
    printed = capsys.readouterr().out
    assert "pip install pypandoc-binary typst -c constraints.txt" in printed
    assert "assignment.html IN PLACE OF assignment.pdf" in printed
    assert (assignment / "assignment.html").exists() and not (assignment / "assignment.pdf").exists()


def test_where_the_pdf_cannot_be_made_the_page_of_html_takes_its_place(assignment, pdf, monkeypatch, capsys):
    def refuse(pages, path):
        raise command.DocumentError("Typst says: no")

    monkeypatch.setattr(command, "write_pdf", refuse)
    assert command.main(["--root", str(assignment)]) == 0
    assert "The PDF could not be made: Typst says: no" in capsys.readouterr().out
    assert (assignment / "assignment.html").exists()


def test_no_escape_code_reaches_the_terminal_and_no_link_is_written_through(assignment, pdf, tmp_path, capsys):
    codes = "\x1b]0;title\x07\x1b[2J\x9b31m"
    stopped = {"output_type": "error", "ename": f"Error{codes}", "evalue": "", "traceback": []}
    write(assignment, "PyTorch.ipynb", notebook(code("a", "x", stopped, count=1)))
    write(assignment, f"cs231n/{codes.replace('/', '')}.py", "")
    (assignment / "a2.zip").symlink_to(write(tmp_path, "precious", "kept"))
    assert command.main(["--root", str(assignment), "--no-checks"]) == 0
    printed = capsys.readouterr().out
    assert "stopped with Error" in printed
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", printed)
    assert (tmp_path / "precious").read_text() == "kept"


def test_each_question_gets_a_page_with_its_answer_alone(assignment, pdf, monkeypatch, capsys):
    written = {}
    monkeypatch.setattr(command, "write_pdf", lambda pages, path: written.update({path.name: pages}) or [])
    assert command.main(["--root", str(assignment), "--no-checks"]) == 0
    assert list(written["assignment.pdf"]) == ["One.ipynb", "PyTorch.ipynb"]
    [[title, page]] = written["answers.pdf"].items()
    assert title == "One.ipynb, Inline question 1"
    assert [cell["source"] for cell in page["cells"]] == ["## Inline question 1", "Because."]
    assert "Wrote answers.pdf: the answers to 1 inline questions" in capsys.readouterr().out


def test_a_notebook_that_cannot_be_read_goes_into_the_zip_as_it_is(assignment, pdf, capsys):
    write(assignment, "One.ipynb", "<<<<<<< HEAD")
    assert command.main(["--root", str(assignment), "--no-checks", "--force"]) == 0
    assert "One.ipynb" in names(assignment / "a2.zip")


@pytest.mark.parametrize("answer, installs", [("y", 1), ("", 0), ("n", 0)])
def test_the_wheels_are_installed_if_whoever_sits_there_says_yes(
    assignment, monkeypatch, capsys, answer, installs
):
    class Terminal:
        def isatty(self):
            return True

    commands = []
    monkeypatch.setattr(command, "can_make_pdf", lambda: False)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda question: answer)
    monkeypatch.setattr(
        command.subprocess,
        "run",
        lambda run, **_: commands.append(run) or subprocess.CompletedProcess(run, 1),
    )
    write(assignment, "constraints.txt", "")
    assert command.main(["--root", str(assignment), "--no-checks"]) == 0
    assert len(commands) == installs
    for run in commands:
        assert run[1:4] == ["-m", "pip", "install"] and run[-1].endswith("constraints.txt")


def test_with_no_notebook_there_is_no_document_and_no_success(assignment, pdf, capsys):
    for name in ("One.ipynb", "PyTorch.ipynb"):
        (assignment / name).unlink()
    assert command.main(["--root", str(assignment), "--force"]) == 1
    assert "no notebook" in capsys.readouterr().out


# --- the shell script ---------------------------------------------------------------------------------------


def collect(assignment, *arguments, **environment):
    """Run collectSubmission.sh in a copy of the assignment that holds cs231n.submit."""
    shutil.copytree(ROOT / "cs231n/submit", assignment / "cs231n/submit", dirs_exist_ok=True)
    write(assignment, "cs231n/__init__.py", "")
    shutil.copy(ROOT / "cs231n/checks/rubric.py", assignment / "cs231n/checks")
    script = shutil.copy(ROOT / "collectSubmission.sh", assignment)
    return subprocess.run(
        ["/bin/sh", script, *arguments],
        env=os.environ | {"PYTHON": sys.executable} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_collect_submission_ends_with_its_old_line_and_fails_if_something_is_missing(assignment):
    done = collect(assignment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == DONE
    assert (assignment / "a2.zip").exists()
    (assignment / "One.ipynb").unlink()
    failed = collect(assignment)
    assert failed.returncode == 1 and DONE not in failed.stdout
    assert DONE in collect(assignment, "--force").stdout


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_collect_submission_without_python_says_so(assignment, tmp_path):
    (tmp_path / "bin").mkdir()
    for tool in ("dirname",):
        os.symlink(shutil.which(tool), tmp_path / "bin" / tool)
    done = collect(assignment, PATH=str(tmp_path / "bin"), PYTHON="")
    assert done.returncode == 127
    assert "found no Python" in done.stderr and DONE not in done.stdout
