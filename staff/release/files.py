"""Which files of the source go into a release."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from staff.release.errors import ReleaseError

__all__ = ["ALLOWED", "read_source", "untracked"]

ALLOWED = (
    "*.ipynb",
    "LICENSE",
    "collectSubmission.sh",
    "constraints.txt",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "cs231n/**/*.py",
    "cs231n/**/*.pyx",
    "cs231n/**/*.pxd",
    "cs231n/kernels/*.c",
    "cs231n/kernels/*.h",
    "cs231n/checks/**/*.json",
    "cs231n/checks/*.toml",
    "cs231n/datasets/get_datasets.sh",
    "cs231n/images/*",
    "cs231n/notebook_images/*",
    "cs231n/submit/*.lua",
    "cs231n/submit/*.typ",
)
BINARY = (".jpg", ".png")


def read_source(source: Path, patterns: Iterable[str] = ALLOWED) -> dict[str, str | bytes]:
    """Return the allowed files of a source folder: path with forward slashes -> text, or bytes if binary.

    Only files that git tracks, where the folder is a git checkout: what merely lies about stays at home. Texts
    have the line ends of Unix, also in a checkout on Windows.

    Raises:
        ReleaseError: a text is not UTF-8.
    """
    files = {}
    for name in _allowed(source, patterns) - untracked(source, patterns):
        data = (source / name).read_bytes()
        if not name.endswith(BINARY):
            try:
                data = data.decode("utf-8").replace("\r\n", "\n")
            except UnicodeDecodeError as error:
                raise ReleaseError(f"{name}: not UTF-8 text: {error}") from error
        files[name] = data
    return dict(sorted(files.items()))


def untracked(source: Path, patterns: Iterable[str] = ALLOWED) -> set[str]:
    """Return the allowed files that git does not track; none where the folder is not the root of a checkout."""
    if not (source / ".git").exists():
        return set()
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=source, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or b""
        raise ReleaseError(f"git cannot list the files of {source}: {error} {said.decode()}".strip()) from error
    return _allowed(source, patterns) - set(listed.stdout.decode("utf-8").split("\0"))


def _allowed(source, patterns):
    paths = (path for pattern in patterns for path in source.glob(pattern) if path.is_file())
    return {path.relative_to(source).as_posix() for path in paths}
