"""The shared libraries that programs and libraries load, as the system's dynamic loader finds them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["in_folders", "outside_of"]

LOADER = re.compile(rb"/[\w./+-]*/ld[\w.-]*\.so[.\d]*(?=\0)")  # as a program names it, near its start
FOUND = re.compile(r"(?:=> |^\s+)(/\S+) \(0x", re.MULTILINE)


def in_folders(folders: Iterable[Path]) -> list[str]:
    """Return the paths of all shared libraries in some folders; a quarter of the time that Path.rglob takes."""
    walks = (os.walk(folder) for folder in folders)
    return [os.path.join(at, name) for walk in walks for at, _, names in walk for name in names if ".so" in name]


def outside_of(folders: Iterable[str | Path], binaries: Iterable[str]) -> list[str]:
    """Return the paths of the shared libraries that some binaries load and that are in none of some folders."""
    inside = tuple(f"{folder}/" for folder in folders)
    return [path for path in _loaded(binaries) if not os.path.realpath(path).startswith(inside)]


def _loaded(binaries: Iterable[str]) -> list[str]:
    """Return what `ldd` would, which asks the loader three times for each binary, through a shell."""
    with open(os.path.realpath(sys.executable), "rb") as program:
        loader = LOADER.search(program.read(4096))
    if loader is None:
        return []  # such as on macOS, where there is no sandbox to bring them into
    text = ""
    for binary in binaries:
        command = [os.fsdecode(loader[0]), "--list", binary]
        text += subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return sorted(set(FOUND.findall(text)))
