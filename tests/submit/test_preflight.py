"""cs231n.submit.preflight: what is said before handing in."""

import base64
import json
import os
import time

import pytest

from cs231n.submit import preflight
from cs231n.submit.archive import modules_to_hand_in
from cs231n.submit.cells import marks
from cs231n.submit.preflight import look_over
from tests.submit.conftest import ANSWER, PNG, code, markdown, notebook, one, write

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
        "cs231n/optim.py is missing. If you did not change it, copy this one file from the download to its place",
        "PyTorch.ipynb or TensorFlow.ipynb is missing in this folder (Q5, 10 points)",
    ]
    assert report.warnings[:3] == [
        "One.ipynb has not been executed: Restart Kernel and Run All Cells, then save",
        "One.ipynb: no answer yet: Inline question 1",
        "cs231n/layers.py: not written yet: affine_forward (Q1)",
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


def test_cells_that_open_colabs_door_and_hand_in_need_not_be_executed(assignment):
    door = code("colab", "from cs231n.colab import prepare\nprepare()", count=7)
    hand_in = code("hand-in", "from cs231n.colab import hand_in\nhand_in()", count=None)
    path = assignment / "One.ipynb"
    ready = json.loads(path.read_text(encoding="utf-8"))
    ready["cells"] = [door, *ready["cells"], hand_in]
    path.write_text(json.dumps(ready), encoding="utf-8")
    assert look_over(assignment).warnings == []


def test_a_cell_that_stopped_with_an_error_and_one_that_is_blank_are_named(assignment):
    stopped = {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": []}
    blank = 'raise NotImplementedError("train (Q1): One.ipynb")'
    write(assignment, "One.ipynb", notebook(code("a", "x", stopped, count=1), code("b", blank, count=2)))
    assert look_over(assignment).warnings == [
        "One.ipynb: not written yet: train (Q1)",
        "One.ipynb, cell [1]: stopped with NameError",
        "One.ipynb: cells that graders read are missing: answer",
    ]


def test_modules_saved_after_the_notebook_was_executed_are_a_warning(assignment):
    os.utime(assignment / "cs231n/layers.py", (time.time() + 60,) * 2)
    os.utime(assignment / "cs231n/optim.py", (time.time() + 60,) * 2)  # One.ipynb does not import it
    [warning] = look_over(assignment).warnings
    assert warning.startswith("One.ipynb was executed before cs231n/layers.py changed: ")


def test_the_time_that_jupyter_noted_counts_more_than_that_of_the_file(assignment):
    ran = one()
    ran["cells"][0]["metadata"]["execution"] = {"iopub.status.idle": "2001-01-01T00:00:00.000000Z"}
    write(assignment, "One.ipynb", ran)
    os.utime(assignment / "cs231n/layers.py", (1e9, 1e9))  # September 2001
    [warning] = look_over(assignment).warnings
    assert "was executed before cs231n/layers.py changed" in warning


def test_of_two_notebooks_to_choose_from_the_executed_one_counts(assignment):
    write(assignment, "TensorFlow.ipynb", notebook(code("a", "1")))
    report = look_over(assignment)
    assert report.pages == ["One.ipynb", "PyTorch.ipynb"]
    assert "TensorFlow.ipynb" in report.notebooks and report.warnings == []
    assert report.remarks == [
        "TensorFlow.ipynb was not executed, so it counts as not chosen. PyTorch.ipynb counts"
    ]


def test_a_byte_order_mark_is_read_over(assignment):
    (assignment / "One.ipynb").write_text(json.dumps(one()), encoding="utf-8-sig")
    assert look_over(assignment).missing == []


def test_either_of_two_notebooks_to_choose_from_is_enough(assignment):
    (assignment / "PyTorch.ipynb").rename(assignment / "TensorFlow.ipynb")
    report = look_over(assignment)
    assert report.missing == [] and report.pages == ["One.ipynb", "TensorFlow.ipynb"]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"nbformat": 3}',
        '{"nbformat": 4, "cells": [{"source": ""}]}',
        '{"nbformat": 4, "cells": [1]}',
        "[" * 10**5,
    ],
    ids=lambda content: content[:40],
)
def test_a_notebook_that_cannot_be_read_is_handed_in_as_it_is_and_never_to_be_overwritten(assignment, content):
    write(assignment, "One.ipynb", content)
    report = look_over(assignment)
    [line] = report.missing
    assert line.startswith("One.ipynb cannot be read: ") and "do not overwrite it" in line
    assert "download" not in line and "checkpoint" not in line
    assert report.others == ["One.ipynb"]
    write(assignment, ".ipynb_checkpoints/One-checkpoint.ipynb", one())
    assert ".ipynb_checkpoints/One-checkpoint.ipynb is an older version" in look_over(assignment).missing[0]


# --- links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cs231n/layers.py", "One.ipynb"])
def test_a_link_out_of_the_folder_is_not_followed(assignment, tmp_path_factory, name):
    outside = tmp_path_factory.mktemp("outside") / "file"
    (assignment / name).rename(outside)
    (assignment / name).symlink_to(outside)
    (assignment / "cs231n/mine.py").symlink_to(outside)
    report = look_over(assignment)
    assert [line.split(":")[0] for line in report.missing] == [
        f"{name} is a link to a file outside of this folder, so it is left out"
    ]
    assert report.warnings[-1].startswith("cs231n/mine.py is a link to a file outside")
    assert name not in [*modules_to_hand_in(assignment), *report.notebooks, *report.others]
    assert "cs231n/mine.py" not in modules_to_hand_in(assignment)


def test_a_link_within_the_folder_is_handed_in(assignment):
    (assignment / "One.ipynb").rename(assignment / "mine.ipynb")
    (assignment / "One.ipynb").symlink_to("mine.ipynb")
    report = look_over(assignment)
    assert report.missing == [] and "One.ipynb" in report.notebooks


# --- cells as other programs leave them ---------------------------------------------------------------------


@pytest.fixture
def released(assignment):
    """The assignment with the manifest of its release, in which One.ipynb has no answer yet."""
    manifest = {"One.ipynb": marks(one(answer=ANSWER))}
    write(assignment, "cs231n/submit/manifest.json", json.dumps(manifest))
    return assignment


def without_ids(saved):
    for cell in saved["cells"]:
        del cell["id"]
    return saved


def with_new_ids(saved):
    for number, cell in enumerate(saved["cells"]):
        cell["id"] = f"{number:08x}"
    return saved


def without_tags(saved):
    for cell in without_ids(saved)["cells"]:
        cell["metadata"] = {}
    return saved


@pytest.mark.parametrize("change", [without_ids, with_new_ids, without_tags])
def test_ids_and_tags_that_a_program_dropped_are_no_alarm(released, change):
    write(released, "One.ipynb", change(one()))
    assert look_over(released).warnings == []
    write(released, "One.ipynb", change(one(answer=ANSWER)))
    assert look_over(released).warnings == ["One.ipynb: no answer yet: Inline question 1"]


@pytest.mark.parametrize("beside", [3, 4], ids=["before", "after"])
def test_an_answer_in_a_new_cell_beside_the_marked_one_is_found(released, beside):
    saved = one(answer=ANSWER)
    saved["cells"].insert(beside, markdown("0a1b2c3d", "Because of this."))
    write(released, "One.ipynb", saved)
    assert look_over(released).warnings == []


def test_an_answer_in_place_of_the_marked_cell_is_found(released):
    saved = one()
    saved["cells"][3] = markdown("0a1b2c3d", "Because.")
    write(released, "One.ipynb", saved)
    assert look_over(released).warnings == []


def test_text_elsewhere_is_no_answer_and_a_deleted_cell_is_an_alarm(released):
    saved = one(answer=ANSWER)
    saved["cells"].insert(1, markdown("0a1b2c3d", "A remark."))
    write(released, "One.ipynb", saved)
    assert look_over(released).warnings == ["One.ipynb: no answer yet: Inline question 1"]
    del saved["cells"][-1]
    write(released, "One.ipynb", saved)
    assert look_over(released).warnings == ["One.ipynb: cells that graders read are missing: answer"]


# --- pictures -----------------------------------------------------------------------------------------------


def test_pictures_are_handed_in_and_those_that_are_missing_are_named(assignment):
    (assignment / "plots").mkdir()
    (assignment / "plots/mine.png").write_bytes(base64.b64decode(PNG))
    write(assignment, "One.ipynb", one(answer="See ![](plots/mine.png) and ![](gone.png)."))
    report = look_over(assignment)
    assert report.others == ["plots/mine.png"]
    assert report.warnings == ["One.ipynb: the picture gone.png is not in this folder"]


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
