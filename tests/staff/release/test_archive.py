"""staff.release.archive: folder and zip."""

import os
import zipfile

import pytest

from staff.release import archive, manifest
from staff.release.errors import ReleaseError

FILES = {"a.sh": b"#!/bin/sh\n", "b/c.txt": b"c", manifest.PATH: b"{}"}


def test_the_folder_holds_the_files_and_scripts_can_be_run(tmp_path):
    folder = archive.write_folder(FILES, tmp_path / "out" / "release")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(FILES)
    assert (folder / "b/c.txt").read_bytes() == b"c"
    assert os.access(folder / "a.sh", os.X_OK) and not os.access(folder / "b/c.txt", os.X_OK)


def test_an_earlier_release_is_replaced_and_anything_else_is_not(tmp_path):
    folder = archive.write_folder(FILES, tmp_path / "release")
    (folder / "left-over.txt").write_text("x")
    archive.write_folder(FILES, folder)
    assert not (folder / "left-over.txt").exists()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x")
    with pytest.raises(ReleaseError, match="home holds something that is not a release"):
        archive.write_folder(FILES, tmp_path / "home")
    assert (tmp_path / "home" / "thesis.txt").exists()


def test_the_zip_has_fixed_times_order_and_permissions(tmp_path):
    path = archive.write_zip(dict(reversed(FILES.items())), tmp_path / "a2-student.zip")
    with zipfile.ZipFile(path) as opened:
        entries = opened.infolist()
        assert opened.read("a2-student/b/c.txt") == b"c"
    assert [entry.filename for entry in entries] == [f"a2-student/{name}" for name in sorted(FILES)]
    assert {(entry.date_time, entry.create_system) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 3)}
    assert [oct(entry.external_attr >> 16) for entry in entries] == ["0o100755", "0o100644", "0o100644"]
