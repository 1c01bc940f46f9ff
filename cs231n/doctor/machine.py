"""The machine: memory, cores and threads, disk, the terminal's characters, and the path of the folder."""

from __future__ import annotations

import ctypes
import locale
import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from cs231n.doctor.finding import Finding, good, note, optional, set_variable, stop

__all__ = ["findings"]

# What the notebooks take at their peak, as the summary of `python -m staff.run` shows it, rounded up.
MEMORY, MEMORY_TENSORFLOW = 1.4e9, 2.8e9
DISK = 1e9  # bytes: the data set while it is unpacked, the PDF packages, checkpoints
LONGEST_PATH = 100  # characters; Windows stops at 260, and packages have long names
SYNCED = ("onedrive", "dropbox", "icloud", "google drive", "mobile documents")


def findings(root: Path) -> Iterator[Finding]:
    """Yield findings on the machine and the folder."""
    yield _memory()
    yield _threads()
    yield _disk(root)
    yield _characters()
    yield from _path(root)
    yield from _grading(root)


def _memory() -> Finding:
    total, free = memory()
    if total is None:
        return note("the memory of this machine is not known", f"the notebooks take up to {_giga(MEMORY)}")
    text = f"memory: {_giga(total)}" + (f", {_giga(free)} of it free" if free is not None else "")
    if (total if free is None else free) < MEMORY:
        return note(
            f"{text}; the notebooks take up to {_giga(MEMORY)}, TensorFlow's {_giga(MEMORY_TENSORFLOW)}",
            "close other programs, and shut down the kernels of notebooks that you do not use",
        )
    return good(text)


def memory() -> tuple[int | None, int | None]:
    """Return the bytes of memory that this process may use, in all and free; None for what is not known."""
    if sys.platform == "win32":
        return _memory_of_windows()
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
        total, free = fields["MemTotal"], fields["MemAvailable"]
    except (OSError, KeyError):
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), None
        except (OSError, ValueError):
            return None, None
    try:  # a container may use less than the machine has
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        return min(total, limit), min(free, limit - used)
    except (OSError, ValueError):
        return total, free


def _memory_of_windows() -> tuple[int | None, int | None]:
    if sys.platform != "win32":
        return None, None

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_uint32), ("load", ctypes.c_uint32)]
        _fields_ += [(name, ctypes.c_uint64) for name in ("total", "free", "page", "free_page", "virtual")]
        _fields_ += [("free_virtual", ctypes.c_uint64), ("extended", ctypes.c_uint64)]

    status = Status(length=ctypes.sizeof(Status))
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return (status.total, status.free) if known else (None, None)


def _threads() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    set_one = set_variable("OMP_NUM_THREADS", "1")
    text = f"cores: {cores}, " + (f"OMP_NUM_THREADS={asked}" if asked else "a thread for each")
    if asked and not (asked.isdigit() and 1 <= int(asked) <= cores):
        return note(f"{text}, expected 1 to {cores}", set_one)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    if load > 0.75 * cores and asked != "1" and cores > 1:
        return note(
            f"{text}; the machine is busy (load {load:.1f}), so the threads of NumPy wait for free cores",
            f"{set_one}, before you start Jupyter",
        )
    return good(text)


def _disk(root: Path) -> Finding:
    if not os.access(str(root), os.W_OK):
        return stop(f"nothing can be written into {root}", "move the folder to a place where you may write")
    free = shutil.disk_usage(str(root)).free
    if free < DISK:
        return note(f"disk: {_giga(free)} free, expected {_giga(DISK)}", "free some space, or move the folder")
    return good(f"disk: {_giga(free)} free")


def _characters() -> Finding:
    names = {"terminal": sys.stdout.encoding or "ascii", "files": locale.getpreferredencoding(False)}
    wrong = [f"of the {what} {name}" for what, name in names.items() if name.lower().replace("-", "") != "utf8"]
    if wrong:
        return note(
            f"encoding {' and '.join(wrong)}, expected UTF-8: characters may look wrong",
            set_variable("PYTHONUTF8", "1"),
        )
    return good("encoding: UTF-8")


def _path(root: Path) -> Iterator[Finding]:
    text = str(root)
    if found := [name for name in SYNCED if name in text.lower()]:
        yield note(
            f"the folder is synchronised ({found[0]}): files may be locked or restored while you work",
            "move it elsewhere, and make its environment .venv again",
        )
    if sys.platform == "win32" and not text.isascii():
        yield note(
            f"the path {text} has letters that some compilers cannot read",
            "move the folder, for example to C:\\a2",
        )
    if sys.platform == "win32" and len(text) > LONGEST_PATH:
        yield note(
            f"the path of the folder has {len(text)} characters: Windows may not install all packages in it"
        )


def _grading(root: Path) -> Iterator[Finding]:
    """Yield a finding where the grader is in the folder and this system cannot run it."""
    missing = [name for name in ("fcntl", "resource") if not _has(name)]
    if missing and (root / "staff").is_dir():
        yield optional(
            f"this system has no {' and no '.join(missing)}: `python -m staff.grade` does not run here",
            "grade on Linux, on macOS, or on Windows in WSL; everything else works",
        )


def _has(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # sys.modules has None for it
        return False


def _giga(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
