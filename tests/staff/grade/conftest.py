"""The release and the solved source as submissions, and ways to hand them in."""

import zipfile

import pytest

from cs231n.submit.archive import MODULES
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
