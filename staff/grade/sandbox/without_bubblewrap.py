"""Where there is no bubblewrap: a sandbox's folder on this machine's disk, which nobody else can read."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from cs231n.checks.notebooks.frameworks import Framework
from staff.grade.sandbox import packages
from staff.grade.sandbox.interpreter import EXTENSION, interpreter
from staff.grade.sandbox.isolation import own_walls
from staff.grade.sandbox.users import SandboxError

__all__ = ["SCRATCH", "is_public", "make_folder", "remove_folder", "remove_leftovers"]

PREFIX = "cs231n-sandbox-"
SCRATCH = "scratch"  # the folder in a sandbox's folder that it can write to


def make_folder(files: Mapping[str, bytes], bare: bool, framework: Framework | None, user: int | None) -> Path:
    """Return a new folder with some files and links to NumPy, the kernels and a framework's packages.

    Args:
        files: path -> bytes below it.
        bare: whether the compiled kernels are left out.
        framework: that is there beside NumPy, or None.
        user: number of the user that the code will run as, or None where that is our own.

    Raises:
        SandboxError: the user could not reach the interpreter.
    """
    remove_leftovers()
    site = dict.fromkeys((*interpreter().numpy, *(packages.on_disk(framework.packages)[0] if framework else ())))
    if user is not None and not own_walls()["landlock"]:
        _check_public((interpreter().executable, *interpreter().stdlib, *site))
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for path in (folder / "site", folder / SCRATCH):
        path.mkdir()
    for path in folder.rglob("*"):  # whatever the umask is, another user can read them
        path.chmod(0o755 if path.is_dir() else 0o644)
    for path in site:
        (folder / "site" / path.name).symlink_to(path)
    if not bare:
        for path, place in EXTENSION.items():
            (folder / place).symlink_to(path)
    if user is not None:
        os.chown(folder, -1, user)  # and for no other submission to read, nor this one the solution
        folder.chmod(0o750)
        os.chown(folder / SCRATCH, user, user)
    return folder


def remove_folder(folder: Path, user: int | None) -> None:
    """Remove a sandbox's folder, after all processes of its user, where it has one of its own."""
    if user is not None:
        command = ["/bin/sh", "-c", "kill -9 -1"]
        subprocess.run(command, user=user, group=user, extra_groups=[], capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> None:
    """Remove the folders that killed graders left; without bubblewrap each submission is in one while it runs."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and folder.lstat().st_uid == os.geteuid() and not folder.is_symlink():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except PermissionError:
                pass


def is_public() -> bool:
    """Return whether other users than this one can reach the interpreter."""
    python = interpreter()
    paths = (python.executable, *python.stdlib, *map(str, python.numpy))
    return not any(map(_closed_above, paths))


def _check_public(paths: Iterable[str | Path]) -> None:
    """Check that a user without rights can reach some files.

    Raises:
        SandboxError: it cannot; the message says what to do.
    """
    for path in paths:
        if folder := _closed_above(path):
            raise SandboxError(
                f"{path} cannot be reached by a user without rights, as {folder} is closed to others: "
                "install bubblewrap, run as another user than root, or use a Python outside of home folders"
            )


def _closed_above(path: str | Path) -> Path | None:
    """Return the first folder above a file that others cannot pass, from the file on, or None."""
    return next((folder for folder in Path(path).parents if not folder.stat().st_mode & 0o001), None)
