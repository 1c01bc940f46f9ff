"""Which files of the source go into a release."""

import subprocess

from staff.release.errors import ReleaseError

__all__ = ["ALLOWED", "read"]

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
    "cs231n/checks/*.json",
    "cs231n/checks/*.toml",
    "cs231n/datasets/get_datasets.sh",
    "cs231n/images/*",
)
BINARY = (".jpg", ".png")


def read(source):
    """Return the allowed files of a source folder: path with forward slashes -> text, or bytes if binary.

    Only files that git tracks, where the folder is a git checkout: what merely lies about stays at home. Texts
    have the line ends of Unix, also in a checkout on Windows.

    Raises:
        ReleaseError: a text is not UTF-8.
    """
    paths = {path for pattern in ALLOWED for path in source.glob(pattern) if path.is_file()}
    tracked = _tracked(source)
    files = {}
    for name, path in sorted((path.relative_to(source).as_posix(), path) for path in paths):
        if tracked is not None and name not in tracked:
            continue
        data = path.read_bytes()
        if path.suffix not in BINARY:
            try:
                data = data.decode("utf-8").replace("\r\n", "\n")
            except UnicodeDecodeError as error:
                raise ReleaseError(f"{name}: not UTF-8 text: {error}") from error
        files[name] = data
    return files


def _tracked(source):
    """Return the paths that git tracks in a folder, None if it is not the root of a checkout."""
    if not (source / ".git").exists():
        return None
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=source, capture_output=True, check=True)
    return set(listed.stdout.decode("utf-8").split("\0"))
