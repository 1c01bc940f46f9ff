"""staff.release.manifest: what cs231n.submit compares with."""

import json

from cs231n.submit.archive import MODULES, modules_to_hand_in
from staff.release import manifest
from staff.release.archive import write_folder


def test_the_manifest_lists_every_python_file_under_cs231n(release):
    listed = json.loads(release[manifest.PATH])
    assert set(listed) == {name for name in release if name.startswith("cs231n/") and name.endswith(".py")}


def test_in_an_untouched_release_only_the_modules_of_tradition_are_handed_in(release, tmp_path):
    folder = write_folder(release, tmp_path / "release")
    assert modules_to_hand_in(folder) == list(MODULES)
    (folder / "cs231n/verdict.py").write_text("# changed\n")
    (folder / "cs231n/mine.py").write_text("# new\n")
    assert modules_to_hand_in(folder)[5:] == ["cs231n/mine.py", "cs231n/verdict.py"]
