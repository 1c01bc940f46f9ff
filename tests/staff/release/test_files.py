"""staff.release.files: what is allowed into a release."""

import subprocess

import pytest

from staff import ROOT
from staff.release import files
from staff.release.errors import ReleaseError


def write(source, name, data=b"x"):
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_only_allowed_files_are_read(source):
    allowed = ["cs231n/kernels/conv.c", "cs231n/kernels/conv.h", "cs231n/new/module.py", "cs231n/images/cat.jpg"]
    for name in (
        *allowed,
        "staff/grade.py",
        "tests/test_x.py",
        "README.md",
        "build/Play.ipynb",
        ".ipynb_checkpoints/Play.ipynb",
        "cs231n/im2col_cython.c",
        "cs231n/im2col_cython.so",
        "cs231n/__pycache__/layers.pyc",
        "cs231n/datasets/cifar-10-batches-py/data_batch_1",
    ):
        write(source, name)
    read = files.read_source(source)
    given = {
        "Play.ipynb",
        "pyproject.toml",
        "cs231n/__init__.py",
        "cs231n/layers.py",
        "cs231n/checks/rubric.toml",
    }
    assert set(read) == {*allowed, *given}
    assert list(read) == sorted(read)
    assert isinstance(read["cs231n/images/cat.jpg"], bytes) and isinstance(read["cs231n/layers.py"], str)


def test_line_ends_of_windows_make_no_difference(source):
    before = files.read_source(source)
    path = source / "cs231n/layers.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert files.read_source(source) == before


def test_what_git_does_not_track_stays_at_home_and_is_named(source):
    write(source, "cs231n/my_notes.py")
    for command in (["init", "-q"], ["add", "."], ["rm", "-q", "--cached", "cs231n/my_notes.py"]):
        subprocess.run(["git", *command], cwd=source, check=True)
    assert files.untracked(source) == {"cs231n/my_notes.py"}
    names = files.read_source(source)
    assert "cs231n/my_notes.py" not in names and "cs231n/layers.py" in names


def test_a_text_that_is_not_utf8_is_refused_by_name(source):
    write(source, "cs231n/latin.py", b"# \xe9")
    with pytest.raises(ReleaseError, match="cs231n/latin.py: not UTF-8"):
        files.read_source(source)


def test_no_file_of_the_package_is_left_out():
    listed = subprocess.run(["git", "ls-files", "cs231n"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    assert set(listed.stdout.splitlines()) <= files.read_source(ROOT).keys()
