"""cs231n.submit.preflight: what is said before handing in."""

import json
import os
import time

import pytest

from cs231n.submit import preflight
from cs231n.submit.preflight import look_over
from tests.submit.conftest import ANSWER, code, notebook, one, write

BLANK = '# YOUR CODE HERE\nraise NotImplementedError("affine_forward (Q1): cs231n/layers.py")\n'


def test_an_assignment_that_is_ready_gets_no_warning(assignment):
    report = look_over(assignment)
    assert (report.missing, report.warnings, report.remarks) == ([], [], [])
    assert list(report.notebooks) == report.pages == ["One.ipynb", "PyTorch.ipynb"]


def test_everything_is_said_at_once(assignment):
    (assignment / "cs231n/optim.py").unlink()
    (assignment / "PyTorch.ipynb").unlink()
    write(assignment, "cs231n/layers.py", BLANK + "def f(:\n")
    write(assignment, "One.ipynb", one(answer=ANSWER, counts=(None, None)))
    report = look_over(assignment)
    assert report.missing == [
        "cs231n/optim.py is missing; take it from the download again",
        "PyTorch.ipynb or TensorFlow.ipynb is missing in this folder (Q5, 10 points)",
    ]
    assert report.warnings[:3] == [
        "One.ipynb has not been executed: Restart Kernel and Run All Cells, then save",
        "One.ipynb: still without an answer: Inline question 1",
        "cs231n/layers.py: still to be written: affine_forward (Q1)",
    ]
    assert report.warnings[3].startswith("cs231n/layers.py:3 is not valid Python")


@pytest.mark.parametrize(
    "counts, warning",
    [
        ((1, 2), None),
        ((3, 9), None),
        ((2, 1), "executed out of order"),
        ((1, 1), "executed out of order"),
        ((1, None), "1 of 2 cells of code have not been executed"),
        ((None, None), "has not been executed"),
    ],
)
def test_notebooks_are_to_be_executed_from_top_to_bottom(assignment, counts, warning):
    write(assignment, "One.ipynb", one(counts=counts))
    warnings = look_over(assignment).warnings
    assert len(warnings) == (warning is not None)
    assert warning is None or warning in warnings[0]


def test_a_cell_that_stopped_with_an_error_and_one_that_is_blank_are_named(assignment):
    stopped = {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": []}
    blank = 'raise NotImplementedError("train (Q1): One.ipynb")'
    write(assignment, "One.ipynb", notebook(code("a", "x", stopped, count=1), code("b", blank, count=2)))
    assert look_over(assignment).warnings == [
        "One.ipynb: still to be written: train (Q1)",
        "One.ipynb, cell [1]: stopped with NameError",
        "One.ipynb: cells are gone in which graders look: answer",
    ]


def test_modules_saved_after_the_notebook_was_executed_are_a_warning(assignment):
    os.utime(assignment / "cs231n/layers.py", (time.time() + 60,) * 2)
    os.utime(assignment / "cs231n/optim.py", (time.time() + 60,) * 2)  # One.ipynb does not import it
    [warning] = look_over(assignment).warnings
    assert warning.startswith("One.ipynb shows an older state of cs231n/layers.py: ")


def test_the_time_that_jupyter_noted_counts_more_than_that_of_the_file(assignment):
    ran = one()
    ran["cells"][0]["metadata"]["execution"] = {"iopub.status.idle": "2001-01-01T00:00:00.000000Z"}
    write(assignment, "One.ipynb", ran)
    os.utime(assignment / "cs231n/layers.py", (1e9, 1e9))  # September 2001
    [warning] = look_over(assignment).warnings
    assert "older state of cs231n/layers.py" in warning


def test_of_two_notebooks_to_choose_from_the_executed_one_counts(assignment):
    write(assignment, "TensorFlow.ipynb", notebook(code("a", "1")))
    report = look_over(assignment)
    assert report.pages == ["One.ipynb", "PyTorch.ipynb"]
    assert "TensorFlow.ipynb" in report.notebooks and report.warnings == []
    assert report.remarks == ["TensorFlow.ipynb was not executed: taken as not chosen, PyTorch.ipynb counts"]


def test_either_of_two_notebooks_to_choose_from_is_enough(assignment):
    (assignment / "PyTorch.ipynb").rename(assignment / "TensorFlow.ipynb")
    report = look_over(assignment)
    assert report.missing == [] and report.pages == ["One.ipynb", "TensorFlow.ipynb"]


@pytest.mark.parametrize("content", ["{", "[]", '{"nbformat": 3}', '{"nbformat": 4, "cells": [{"source": ""}]}'])
def test_a_notebook_that_cannot_be_read_counts_as_missing(assignment, content):
    write(assignment, "One.ipynb", content)
    [line] = look_over(assignment).missing
    assert line.startswith("One.ipynb cannot be read: ")


# --- checks -------------------------------------------------------------------------------------------------


def with_checks(assignment, source):
    write(assignment, "cs231n/__init__.py", "")
    write(assignment, "cs231n/checks/__init__.py", "")
    write(assignment, "cs231n/checks/__main__.py", source)


def test_checks_that_fail_are_warnings_and_blanks_are_not_said_twice(assignment):
    results = [
        {"name": "affine_forward", "verdict": "passed", "message": None},
        {"name": "affine_backward", "verdict": "import_error", "message": {"summary": "no such name"}},
        {"name": "adam", "verdict": "not_implemented", "message": {"summary": "adam (Q1): cs231n/optim.py"}},
    ]
    totals = {"exercises": 3, "passed": 1, "points": 4, "earned": 1}
    printed = json.dumps({"exercises": results, "totals": totals})
    with_checks(assignment, f"import sys\nassert '--json' in sys.argv\nprint({printed!r})")
    report = look_over(assignment)
    assert report.warnings == ["check of affine_backward: import error: no such name"]
    [remark] = report.remarks
    assert remark.startswith("1 of 3 exercises pass their checks here, 1 of 4 points")
    assert look_over(assignment, checks=False).warnings == []


@pytest.mark.parametrize("source", ["raise SystemExit('they are broken')", "print('they are broken')"])
def test_checks_that_cannot_be_run_are_a_warning(assignment, source):
    with_checks(assignment, source)
    [warning] = look_over(assignment).warnings
    assert warning.startswith("the checks could not be run: ")


def test_checks_that_hang_are_a_warning(assignment, monkeypatch):
    monkeypatch.setattr(preflight, "CHECKS_LIMIT", 0.5)
    with_checks(assignment, "import time; time.sleep(60)")
    [warning] = look_over(assignment).warnings
    assert warning.startswith("the checks took more than 0.5 s")
