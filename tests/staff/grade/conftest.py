"""The release and the solved source as submissions, and ways to hand them in."""

import json
import zipfile

import pytest

from cs231n.submit.archive import MODULES
from staff.grade.__main__ import main
from staff.grade.alike.tokens import TokenHashes
from staff.release.build import build
from staff.release.fill import fill

SECRET = b"a secret that only tests know"


def write_zip(path, files):
    """Write path -> bytes or text as a zip archive; returns its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_folder(path, files):
    """Write path -> bytes as a folder; returns its path."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def graded(folder, solved, submissions, exercises):
    """Grade texts that are appended to layers.py, by the command line in this process.

    Returns:
        dict: name -> list of what the record says of each exercise.
    """
    (folder / "submissions").mkdir()
    (folder / "secret").write_bytes(SECRET)
    files = {name: data for name, data in solved.items() if name in MODULES}
    for name, text in submissions.items():
        layers = files["cs231n/layers.py"] + text.encode()
        write_zip(folder / "submissions" / f"{name}.zip", files | {"cs231n/layers.py": layers})
    command = [str(folder / "submissions"), "--out", str(folder / "out"), "--secret", str(folder / "secret")]
    assert main([*command, "--workers", "1", "--no-self-check", "--exercises", *exercises]) == 0
    records = [json.loads(path.read_text()) for path in (folder / "out" / "records").glob("*.json")]
    return {record["name"]: record["exercises"] for record in records}


@pytest.fixture(scope="session")
def release():
    """The blank release, path -> bytes."""
    return build()


@pytest.fixture(scope="session")
def blank(release):
    """What a student hands in who has written nothing."""
    return {name: data for name, data in release.items() if name in MODULES or name.endswith(".ipynb")}


@pytest.fixture(scope="session")
def solved(release, blank):
    """What a student hands in who has written everything."""
    return blank | fill(release)


@pytest.fixture(scope="session")
def token_hashes(release):
    """Takes the token hashes of submissions of the release."""
    return TokenHashes(release)
