"""python -m staff.release"""

import zipfile

from staff.release import __main__ as command
from staff.release.autograder import PATTERNS
from staff.release.errors import ReleaseError


def test_folder_and_zip_are_written_side_by_side_and_twice_the_same(release, tmp_path, capsys):
    assert command.main([str(tmp_path / "build" / "release")]) == 0
    archive = tmp_path / "build" / "a2-student.zip"
    first = archive.read_bytes()
    assert f"{len(release)} files" in capsys.readouterr().out
    with zipfile.ZipFile(archive) as opened:
        assert {name: opened.read(f"a2-student/{name}") for name in release} == release
        assert len(opened.namelist()) == len(release)
    assert command.main([str(tmp_path / "build" / "release")]) == 0
    assert archive.read_bytes() == first
    for name, data in release.items():
        assert (tmp_path / "build" / "release" / name).read_bytes() == data


def test_a_refusal_is_printed_and_makes_nothing(tmp_path, monkeypatch, capsys):
    def refuse():
        raise ReleaseError("cs231n/layers.py:7: no")

    monkeypatch.setattr(command, "build", refuse)
    assert command.main([str(tmp_path / "release")]) == 1
    assert capsys.readouterr().err == "cs231n/layers.py:7: no\n\nNothing was made.\n"
    assert not list(tmp_path.iterdir())


def test_what_git_does_not_track_is_named_for_the_autograder_too(tmp_path, monkeypatch, capsys):
    mine = "staff/grade/hidden/mine.py"
    monkeypatch.setattr(command, "untracked", lambda source, patterns: {mine} if PATTERNS == patterns else set())
    monkeypatch.setattr(command, "build", dict)
    assert command.main(["--autograder", str(tmp_path / "autograder.zip")]) == 0
    assert f"Left out, as git does not track it: {mine}\n" in capsys.readouterr().out
