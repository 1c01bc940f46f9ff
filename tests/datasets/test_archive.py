"""cs231n.datasets.archive: nothing is written outside of the folder, with Python's own filter and without it."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from cs231n.datasets import archive

GOOD = {"data/a": b"1", "data/b": b"22"}
HOSTILE = {
    "a file above": ("../evil", tarfile.REGTYPE, ""),
    "a file above, through the folder": ("data/../../evil", tarfile.REGTYPE, ""),
    "a symbolic link out": ("data/link", tarfile.SYMTYPE, "../../evil"),
    "a symbolic link to an absolute path": ("data/link", tarfile.SYMTYPE, "/etc/passwd"),
    "a link in place of the folder": ("data", tarfile.SYMTYPE, ".."),
    "a hard link out": ("data/hard", tarfile.LNKTYPE, "../evil"),
    "a device": ("data/zero", tarfile.CHRTYPE, ""),
    "a pipe": ("data/pipe", tarfile.FIFOTYPE, ""),
}
# Pythons with the filter and, as Debian 12's, without it, as far as this machine has them.
PYTHONS = [path for path in (sys.executable, "/usr/bin/python3") if Path(path).exists()]
EXTRACT = """
import runpy, sys, tarfile
from pathlib import Path
extract = runpy.run_path(sys.argv[1])["extract"]
for path in sys.argv[2:]:
    folder = Path(path + ".out")
    folder.mkdir()
    try:
        extract(Path(path), folder)
    except tarfile.TarError as error:
        print("refused", error)
    else:
        print("unpacked")
"""


def write_archive(path, *members):
    """Write a .tar.gz with the good files, and then members given as (name, type, link)."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in GOOD.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            member.size = 4 * (kind == tarfile.REGTYPE)
            tar.addfile(member, io.BytesIO(b"evil"))
    return path


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=["filter", "check"])
def way(request, monkeypatch):
    """With Python's own filter, and with what stands in for it before Python 3.11.4."""
    if request.param == "check":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    elif not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python has no filter")


def test_files_come_out_as_they_are(way, tmp_path):
    (tmp_path / "out").mkdir()
    archive.extract(write_archive(tmp_path / "a.tar.gz"), tmp_path / "out")
    assert files(tmp_path / "out") == GOOD


@pytest.mark.parametrize("member", HOSTILE.values(), ids=HOSTILE)
def test_a_member_that_is_not_safe_is_refused(way, tmp_path, member):
    path = write_archive(tmp_path / "a.tar.gz", member)
    (tmp_path / "in" / "out").mkdir(parents=True)
    with pytest.raises(tarfile.TarError):
        archive.extract(path, tmp_path / "in" / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "in"]
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == ["out"]


def test_an_absolute_path_is_refused_or_taken_as_one_inside(way, tmp_path):
    outside = tmp_path / "outside"
    path = write_archive(tmp_path / "a.tar.gz", (str(outside), tarfile.REGTYPE, ""))
    (tmp_path / "out").mkdir()
    try:
        archive.extract(path, tmp_path / "out")
    except tarfile.TarError:
        pass
    assert not outside.exists()


@pytest.mark.parametrize("name", ["C:/evil", "data\\..\\..\\evil", "\\evil"])
def test_paths_of_windows_are_refused_before_there_is_a_filter(monkeypatch, tmp_path, name):
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    with pytest.raises(tarfile.TarError, match="not a file or a folder inside"):
        archive.extract(write_archive(tmp_path / "a.tar.gz", (name, tarfile.REGTYPE, "")), tmp_path)


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_of_this_machine_unpacks_the_good_archive_and_refuses_the_others(python, tmp_path):
    paths = [write_archive(tmp_path / "good")]
    paths += [write_archive(tmp_path / str(i), member) for i, member in enumerate(HOSTILE.values())]
    command = [python, "-I", "-c", EXTRACT, archive.__file__, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["unpacked", *["refused"] * len(HOSTILE)]
    assert files(tmp_path / "good.out") == GOOD
