"""Read what a student handed in, an archive or a folder, into memory: the modules and notebooks that are graded.

Nothing is unpacked to disk and nothing is run. Whatever is wrong with an entry leaves that entry out, with a line
that says so; the others still count.
"""

import dataclasses
import functools
import hashlib
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

from cs231n.checks.rubric import load
from cs231n.submit.archive import MODULES
from staff.grade.intake.text import clean, shorten

__all__ = ["Submission", "read"]

MB = 1 << 20
MAX_ARCHIVE = 512 * MB  # bytes of an archive, or of all files of a folder that are read
MAX_DIRECTORY = 8 * MB  # bytes of an archive's list of entries
MAX_ENTRIES = 50_000
MAX_MODULE, MAX_NOTEBOOK, MAX_TOTAL = 1 * MB, 32 * MB, 128 * MB  # bytes, unpacked
MAX_MODULES = 300
MAX_RATIO, RATIO_FROM = 200, 16 * MB  # unpacked to packed, of entries from this size on
MAX_PATH, MAX_PART = 200, 100  # characters of a path and of each part
MAX_LINES = 40  # of problems

_JUNK = re.compile(r"__MACOSX|__pycache__|\.DS_Store|\._.*|\.git|\.ipynb_checkpoints|Thumbs\.db")
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


@dataclasses.dataclass(frozen=True)
class Submission:
    """What was handed in.

    Attributes:
        files: path -> bytes: Python files under cs231n/, and the course's notebooks by their file names.
        digest: SHA-256 over all that came.
        problems: a line for each thing that is wrong, safe to show.
    """

    files: dict[str, bytes]
    digest: str
    problems: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A file of an archive or a folder; `fault` says why it must not be read."""

    name: str
    size: int
    open: Callable
    packed: int | None = None
    fault: str = ""


class _LeftOut(Exception):
    """An entry is not read; the message says why."""


def read(path):
    """Return the Submission at a path; never raises for what a submission may hold."""
    path = Path(path)
    if path.is_dir():
        return _read_folder(path)
    try:
        with _Bounded(path) as file:
            return _read_archive(file)
    except OSError as error:
        return Submission({}, "", (f"cannot be read: {error.strerror}",))


# --- archives -----------------------------------------------------------------------------------------------


class _Bounded(io.FileIO):
    """A file of which zipfile cannot read a list of entries of any size: it reads that at once."""

    def read(self, size=-1):
        if size > MAX_DIRECTORY:
            raise zipfile.BadZipFile(f"its list of entries is larger than {MAX_DIRECTORY // MB} MB")
        return super().read(size)


def _read_archive(file):
    size = os.fstat(file.fileno()).st_size
    if size > MAX_ARCHIVE:
        return Submission({}, f"{size} bytes", (f"larger than {MAX_ARCHIVE // MB} MB, which is not read",))
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    if size == 0:
        return Submission({}, digest, ("an empty file, expected a zip archive",))
    try:
        archive = zipfile.ZipFile(file)
        entries = [_archive_entry(archive, info) for info in archive.infolist() if not info.is_dir()]
    except Exception as error:  # zipfile raises whatever the bytes provoke
        why = f": {clean(str(error), 200)}" if isinstance(error, zipfile.BadZipFile) else ""
        return Submission({}, digest, (f"no zip archive, or one that is cut off{why}",))
    files, problems = _collect(entries)
    return Submission(files, digest, problems)


def _archive_entry(archive, info):
    mode = info.external_attr >> 16
    fault = ""
    if info.flag_bits & 0x1:
        fault = "encrypted"
    elif stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        fault = "a link" if stat.S_ISLNK(mode) else "not an ordinary file"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        fault = "compressed in a way that is not read, expected deflate"
    # zipfile cuts a name at a NUL; orig_filename still has it
    name = info.orig_filename if "\0" in info.orig_filename else info.filename
    return _Entry(name, info.file_size, lambda: archive.open(info), info.compress_size, fault)


# --- folders ------------------------------------------------------------------------------------------------


def _read_folder(path):
    entries = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not _JUNK.fullmatch(name))
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        entries += [_folder_entry(path, Path(folder, name)) for name in sorted([*names, *links])]
        if len(entries) > MAX_ENTRIES:
            break
    files, problems = _collect(entries)
    digest = hashlib.sha256()
    for entry in entries:
        # of what is not graded the size is enough: data sets would be read for nothing
        digest.update(repr((entry.name, entry.size)).encode())
    for name, data in sorted(files.items()):
        digest.update(repr((name, data)).encode())
    return Submission(files, digest.hexdigest(), problems)


def _folder_entry(root, path):
    status = path.lstat()
    fault = ""
    if stat.S_ISLNK(status.st_mode):
        fault = "a link"
    elif not stat.S_ISREG(status.st_mode):
        fault = "not an ordinary file"
    name = path.relative_to(root).as_posix()
    return _Entry(name, status.st_size, lambda: open(path, "rb", opener=_without_links), None, fault)


def _without_links(path, flags):
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


# --- what of it counts --------------------------------------------------------------------------------------


def _collect(entries):
    """Return (path -> bytes, problems) of the entries that count."""
    problems = []
    if len(entries) > MAX_ENTRIES:
        return {}, (f"more than {MAX_ENTRIES} entries, expected the modules and notebooks of the assignment",)
    named = []
    for entry in entries:
        try:
            if path := _path(entry.name):
                _refuse(entry)
                named.append((path, entry))
        except _LeftOut as why:
            problems.append(_line(entry.name, why))
    graded = _graded(named, problems)
    return _read_all(graded, problems), _few(problems)


def _path(name):
    """Return a name as a path with forward slashes, or None for what operating systems strew about.

    Raises:
        _LeftOut: the path leads out of the archive, or is no path on some system.
    """
    path = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise _LeftOut("an absolute path")
    if ".." in parts:
        raise _LeftOut("a path that leads out of the archive")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cf") for letter in path):
        raise _LeftOut("a path with characters that cannot be seen")
    if len(path) > MAX_PATH or any(len(part.encode()) > MAX_PART for part in parts):
        raise _LeftOut(f"a path of more than {MAX_PATH} characters, or {MAX_PART} in a part")
    return None if not parts or any(_JUNK.fullmatch(part) for part in parts) else "/".join(parts)


def _refuse(entry):
    """Raise _LeftOut for an entry that is not read, whatever its name."""
    if entry.fault:
        raise _LeftOut(entry.fault)
    if entry.size >= RATIO_FROM and entry.packed is not None and entry.size > MAX_RATIO * max(entry.packed, 1):
        raise _LeftOut(f"would unpack to {entry.size // MB} MB, {MAX_RATIO} times its size or more")
    if entry.name.lower().endswith(_ARCHIVES):
        raise _LeftOut("an archive inside, which is not opened: hand in its files")


def _graded(named, problems):
    """Return path in the assignment -> entry, one for each path."""
    root = _root([path for path, _ in named], problems)
    same = {}  # path in lower case -> [(path, entry)]; what lies nearest to the top comes last
    for path, entry in sorted(named, key=lambda item: -item[0].count("/")):
        if target := _target(path, root):
            same.setdefault(target.casefold(), []).append((target, entry))
    graded = {}
    for candidates in same.values():
        # where the case of letters counts these are several files, elsewhere one
        spelled = sorted(
            {target for target, _ in candidates},
            key=lambda name: (name not in MODULES, name != name.lower(), name),
        )
        problems += [_line(name, f"left out: {spelled[0]} but for the case of letters") for name in spelled[1:]]
        entries = [entry for target, entry in candidates if target == spelled[0]]
        if len(entries) > 1:
            problems.append(_line(spelled[0], f"there {len(entries)} times; the last, nearest to the top, counts"))
        graded[spelled[0]] = entries[-1]
    return graded


def _target(path, root):
    """Return what a path stands for in the assignment, or None."""
    last = path.rsplit("/", 1)[-1]
    if root is not None and path.startswith(f"{root}cs231n/") and path.endswith(".py"):
        return path.removeprefix(root)
    if root is None and last in _FLAT:
        return _FLAT[last]
    return last if last in _notebooks() else None


_FLAT = {name.rsplit("/", 1)[-1]: name for name in MODULES}


@functools.cache
def _notebooks():
    questions = load().questions.values()
    return {name for question in questions for name in (question.notebook, question.alternative) if name}


def _root(paths, problems):
    """Return the folder, "" or one with a slash at its end, that holds cs231n/; None if there is none."""
    found = {}
    for path in paths:
        above, package, below = f"/{path}".partition("/cs231n/")
        if package and below.endswith(".py"):
            found.setdefault(above[1:] + "/" if above else "", set()).add(f"cs231n/{below}")
    if not found:
        flat = sorted({path.rsplit("/", 1)[-1] for path in paths} & _FLAT.keys())
        if flat:
            problems.append(f"no folder cs231n/ in it: {', '.join(flat)} taken by their names")
        else:
            problems.append("no folder cs231n/ with Python files in it, so there is no code to grade")
        return None
    ranked = sorted(found, key=lambda root: (root.count("/"), -len(found[root].intersection(MODULES)), root))
    for other in ranked[1:]:
        problems.append(_line(f"{other}cs231n/", f"left out, since {ranked[0]}cs231n/ counts"))
    return ranked[0]


def _read_all(graded, problems):
    """Return path -> bytes of those entries that keep the limits."""
    files, total = {}, 0
    modules = [name for name in graded if name.endswith(".py")]
    surplus = set(sorted(modules, key=lambda name: (name not in MODULES, name))[MAX_MODULES:])
    if surplus:
        problems.append(f"more than {MAX_MODULES} Python files under cs231n/: {len(surplus)} left out")
    for name, entry in sorted(graded.items()):
        if name in surplus:
            continue
        try:
            files[name] = _read(entry, MAX_MODULE if name.endswith(".py") else MAX_NOTEBOOK, MAX_TOTAL - total)
            total += len(files[name])
        except _LeftOut as why:
            problems.append(_line(name, why))
        except Exception as error:  # zipfile and zlib raise whatever the bytes provoke
            problems.append(_line(name, f"damaged: {clean(str(error), 200)}"))
    return files


def _read(entry, limit, left):
    """Return the bytes of an entry, whatever size it says it has."""
    with entry.open() as file:
        data = file.read(min(limit, left) + 1)
    if len(data) > limit:
        raise _LeftOut(f"larger than {limit // MB} MB")
    if len(data) > left:
        raise _LeftOut(f"all files together are larger than {MAX_TOTAL // MB} MB")
    return data


def _line(name, why):
    return f"{shorten(clean(name), 100)}: {why}"


def _few(problems):
    """Return the problems as a tuple, cut where there are very many."""
    more = len(problems) - MAX_LINES
    return (*problems[:MAX_LINES], f"... and {more} more") if more > 0 else tuple(problems)
