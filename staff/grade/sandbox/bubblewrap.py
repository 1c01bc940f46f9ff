"""What bubblewrap is told: namespaces, environment, and which files of the machine are there, to be read only."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from cs231n.checks.notebooks.frameworks import Framework
from staff.grade import limits
from staff.grade.sandbox import packages
from staff.grade.sandbox.interpreter import EXTENSION, PACKAGES, environment, interpreter

__all__ = ["FOLDER", "command_with", "problem"]

FOLDER = "/sandbox"


@functools.cache
def problem() -> str | None:
    """Return why bubblewrap is of no use here, or None."""
    if not sys.platform.startswith("linux"):
        return f"bubblewrap is for Linux, and this is {sys.platform}"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian and Ubuntu: apt-get install bubblewrap)"
    command = [*_command(None), "--", interpreter().executable, "-I", "-S", "-c", ""]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limits.START, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be run: {error}"
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return f"bubblewrap does not work here: {lines[-1]}" if done.returncode else None


def command_with(
    files: Mapping[str, bytes], bare: bool, framework: Framework | None
) -> tuple[list[int], list[str]]:
    """Return the descriptors to pass on, and the command up to the program that it is to run.

    Args:
        files: path -> bytes below FOLDER.
        bare: whether the compiled kernels are left out.
        framework: that is there beside NumPy, or None.
    """
    command, descriptors = _command(framework), []
    command += _folders(f"{FOLDER}/{name}" for name in files)
    for name, data in files.items():
        descriptor = os.memfd_create("file")
        descriptors.append(descriptor)
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        command += ["--perms", "0444", "--file", str(descriptor), f"{FOLDER}/{name}"]
    if not bare:
        for path, place in EXTENSION.items():
            command += ["--ro-bind", str(path), f"{FOLDER}/{place}"]
    command += ["--perms", "1777", "--size", str(limits.SCRATCH_BYTES), "--tmpfs", "/tmp"]
    return descriptors, [*command, "--remount-ro", "/", "--"]


def _command(framework: Framework | None) -> list[str]:
    """Return the command up to what is different for each submission."""
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--hostname", "sandbox"]
    if os.geteuid() == 0:
        # as root, whose interpreter only root may reach: the starter becomes another user before anything else
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--disable-userns"]
    for name, value in environment().items():
        command += ["--setenv", name, value]
    binds = _binds(framework)
    command += _folders([*binds.values(), "/dev/null"])
    for source, place in binds.items():
        command += ["--ro-bind", source, place]
    for folder in interpreter().stdlib:
        for name in PACKAGES:
            if Path(folder, name).is_dir():
                command += ["--tmpfs", f"{folder}/{name}"]
    if framework and "tensorflow" in framework.packages:
        # it looks up its own program in /proc, which shows the sandbox's processes alone
        command += ["--proc", "/proc"]
    for device in ("null", "zero", "urandom"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    return command


def _binds(framework: Framework | None) -> dict[str, str]:
    """Return path of this machine -> place in a sandbox of what Python, NumPy and a framework need."""
    python = interpreter()
    binds = {path: path for path in (python.executable, *python.stdlib, *python.libraries)}
    binds |= {str(path): f"{FOLDER}/site/{path.name}" for path in python.numpy}
    if framework:
        site, libraries = packages.on_disk(framework.packages)
        binds |= {str(path): f"{FOLDER}/site/{path.name}" for path in site} | {path: path for path in libraries}
    return binds


def _folders(places: Iterable[str]) -> list[str]:
    """Return the options that make the folders above some places; bubblewrap's own are for its user alone."""
    folders = {str(folder) for place in places for folder in Path(place).parents}
    return [option for folder in sorted(folders - {"/"}) for option in ("--perms", "0755", "--dir", folder)]
