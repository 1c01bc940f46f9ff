"""staff.release.manifest: what cs231n.submit compares with."""

import json

from cs231n.submit.archive import MODULES, modules_to_hand_in
from cs231n.submit.blanks import ANSWER
from cs231n.submit.preflight import look_over
from staff.release import manifest
from staff.release.archive import write_folder


def test_the_manifest_lists_every_python_file_under_cs231n_and_every_notebook(release):
    listed = json.loads(release[manifest.PATH])
    python = {name for name in release if name.startswith("cs231n/") and name.endswith(".py")}
    assert set(listed) == python | {name for name in release if name.endswith(".ipynb")}


def test_an_untouched_release_lacks_no_cell_and_every_answer(release, tmp_path):
    report = look_over(write_folder(release, tmp_path / "release"), checks=False)
    assert report.missing == [] and not [line for line in report.warnings if "cells that graders read" in line]
    unanswered = [line.split(":")[0] for line in report.warnings if "no answer yet" in line]
    asked = [name for name in report.pages if ANSWER.encode() in release[name]]
    assert unanswered == asked and len(asked) == 4


def test_in_an_untouched_release_only_the_modules_of_tradition_are_handed_in(release, tmp_path):
    folder = write_folder(release, tmp_path / "release")
    assert modules_to_hand_in(folder) == list(MODULES)
    (folder / "cs231n/verdict.py").write_text("# changed\n")
    (folder / "cs231n/mine.py").write_text("# new\n")
    assert modules_to_hand_in(folder)[5:] == ["cs231n/mine.py", "cs231n/verdict.py"]
