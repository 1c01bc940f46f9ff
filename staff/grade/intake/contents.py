"""Read what a student handed in, an archive or a folder, into memory: the modules and notebooks that are graded.

Nothing is unpacked to disk and nothing is run. Whatever is wrong with an entry leaves that entry out, with a line
that says so; the others still count.
"""

import contextlib
import dataclasses
import functools
import hashlib
import re
import unicodedata
from pathlib import Path

from cs231n.checks.rubric import load_rubric
from cs231n.submit.archive import MODULES
from staff.grade import limits
from staff.grade.intake.archives import (
    KEPT,
    PICTURES,
    Entry,
    UnreadableArchive,
    archive_entries,
    folder_entries,
    is_archive,
)
from staff.grade.intake.text import clean, shorten
from staff.grade.limits import MB

__all__ = ["Contents", "notebook_names", "original_name", "read_contents"]


_JUNK = re.compile(
    r"__MACOSX|__pycache__|\.DS_Store|\._.*|\.git|\.ipynb_checkpoints|Thumbs\.db"
    r"|\.?venv.*|node_modules|site-packages|dist-packages|cifar-10-batches-py|\.vscode|\.idea",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Contents:
    """What was handed in.

    Attributes:
        files: path -> bytes: Python files under cs231n/, and the course's notebooks by their file names.
        digest: SHA-256 over all that came.
        problems: a line for each thing that is wrong, safe to show.
        pictures: path in what came -> bytes of files that answers may show.
    """

    files: dict[str, bytes]
    digest: str
    problems: tuple[str, ...] = ()
    pictures: dict[str, bytes] = dataclasses.field(default_factory=dict)


class _LeftOut(Exception):
    """An entry is not read; the message says why."""


def read_contents(*paths: Path) -> Contents:
    """Return the Contents that archives, folders and loose files make together.

    Never raises for what a submission may hold.
    """
    with contextlib.ExitStack() as files:
        entries, digests = [], []
        problems: list[str] = []
        for path in map(Path, paths):
            alone = len(paths) == 1
            try:
                digests.append(_digest(path))
                here = _entries_of(path, files)
                if path.is_dir():  # what a course site keeps in a student's folder is what was handed in
                    here = _opened(here, files, problems)
                entries += _below("" if alone else f"{path.name}/", here)
            except OSError as error:
                problems.append(_line(path.name, f"cannot be read: {error.strerror}"))
            except UnreadableArchive as error:
                if alone or path.suffix.lower() != ".pdf":  # assignment.pdf comes beside a2.zip
                    problems.append(str(error) if alone else _line(path.name, error))
        if problems and not entries:
            found, more, pictures = {}, [], {}
        else:
            entries = _opened(entries, files, problems)
            (found, more), pictures = _collect(entries), _pictures(entries)
    digest = digests[0] if len(digests) == 1 else hashlib.sha256(repr(digests).encode()).hexdigest()
    return Contents(found, digest, _few([*problems, *more]), pictures)


def _digest(path):
    """Return SHA-256 over all that is at a path; of what cannot be graded in a folder, over its name and size."""
    if not path.is_dir():
        if path.stat().st_size > limits.ARCHIVE_BYTES:
            return f"{path.stat().st_size} bytes"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for entry in _folder(path):
        digest.update(repr((entry.name, entry.size)).encode())
        if entry.name.lower().endswith(KEPT) and not entry.fault and entry.size <= limits.NOTEBOOK_BYTES:
            with entry.open() as file:
                digest.update(file.read())
    return digest.hexdigest()


def _entries_of(path, files):
    """Return the Entries at a path."""
    if path.is_dir():
        return _folder(path)
    if is_archive(path.name) or not path.name.lower().endswith((*KEPT, *PICTURES)):
        return archive_entries(files.enter_context(path.open("rb")))
    return [Entry(path.name, path.stat().st_size, lambda: path.open("rb"))]


def _folder(path):
    return folder_entries(path, lambda name: bool(_JUNK.fullmatch(name)), limits.ENTRIES)


def _below(above, entries):
    return [dataclasses.replace(entry, name=above + entry.name) for entry in entries] if above else entries


def _opened(entries, files, problems):
    """Return the entries with those of archives among them in the archives' place, one level deep."""
    inside = [
        entry for entry in entries if is_archive(entry.name) and not entry.fault and not _is_junk(entry.name)
    ]
    found = [entry for entry in entries if entry not in inside]
    for entry in inside[limits.ARCHIVES_INSIDE :]:
        problems.append(_line(entry.name, f"not opened: more than {limits.ARCHIVES_INSIDE} archives inside"))
    for entry in inside[: limits.ARCHIVES_INSIDE]:
        try:
            found += _below(f"{entry.name}/", archive_entries(files.enter_context(entry.open())))
        except UnreadableArchive as error:
            problems.append(_line(entry.name, error))
        except Exception as error:  # zipfile and zlib raise whatever the bytes provoke
            problems.append(_line(entry.name, f"damaged: {clean(str(error), 200)}"))
    return found


_CONTROL = re.compile(r"[\x00-\x1f]")


def _is_junk(name):
    return any(_JUNK.fullmatch(part) for part in name.replace("\\", "/").split("/"))


def _pictures(entries):
    """Return path -> bytes of pictures, those nearest to the top first; what cannot be read is left out."""
    named = [(entry.name.replace("\\", "/"), entry) for entry in entries if not entry.fault]
    wanted = [(name, entry) for name, entry in named if name.lower().endswith(PICTURES) and not _is_junk(name)]
    found = {}
    for name, entry in sorted(wanted, key=lambda item: (item[0].count("/"), item[0]))[: limits.PICTURE_FILES]:
        with contextlib.suppress(Exception):  # zipfile and zlib raise whatever the bytes provoke
            found[name] = _read(entry, limits.FIGURE_BYTES, limits.FIGURE_BYTES)
    return found


# --- what of it counts --------------------------------------------------------------------------------------


def _collect(entries):
    """Return (path -> bytes, problems) of the entries that count."""
    problems = []
    entries = [entry for entry in entries if not _is_junk(entry.name)]
    counted = [entry for entry in entries if _CONTROL.sub("", entry.name).lower().endswith(KEPT) or entry.fault]
    if not counted:
        names = ", ".join(shorten(clean(entry.name), 60) for entry in entries[:3])
        only = f"no Python file and no notebook in it, only {names}" if names else "nothing in it"
        return {}, [f"{only}{' and more' if len(entries) > 3 else ''}: ask for a2.zip"]
    if len(counted) > limits.ENTRIES:
        return {}, [f"more than {limits.ENTRIES} entries, expected the modules and notebooks of the assignment"]
    named = []
    for entry in counted:
        try:
            if path := _path(entry.name):
                _refuse(entry)
                named.append((path, entry))
        except _LeftOut as why:
            problems.append(_line(entry.name, why))
    graded = _graded(named, problems)
    return _read_all(graded, problems), problems


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
    if len(path) > limits.PATH_CHARACTERS or any(len(part) > limits.PART_CHARACTERS for part in parts):
        most, of_a_part = limits.PATH_CHARACTERS, limits.PART_CHARACTERS
        raise _LeftOut(f"a path of more than {most} characters, or {of_a_part} in a part")
    return None if not parts or any(_JUNK.fullmatch(part) for part in parts) else "/".join(parts)


def _refuse(entry):
    """Raise _LeftOut for an entry that is not read, whatever its name."""
    if entry.fault:
        raise _LeftOut(entry.fault)
    if is_archive(entry.name):
        raise _LeftOut(
            "an archive inside an archive inside an archive is not opened: hand in the files themselves"
        )


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
        problems += [_line(name, f"left out: {spelled[0]} with other capital letters") for name in spelled[1:]]
        entries = [entry for target, entry in candidates if target == spelled[0]]
        if len(entries) > 1:
            problems.append(_line(spelled[0], f"found {len(entries)} times: the one nearest to the top counts"))
        graded[spelled[0]] = entries[-1]
    return graded


def _target(path, root):
    """Return what a path stands for in the assignment, or None."""
    if root is not None and path.startswith(f"{root}cs231n/") and path.endswith(".py"):
        below = path.removeprefix(root)
        folder, _, last = below.rpartition("/")
        return f"{folder}/{original_name(last)}" if f"{folder}/{original_name(last)}" in MODULES else below
    last = original_name(path.rsplit("/", 1)[-1])
    if root is None and last in _FLAT:
        return _FLAT[last]
    return last if last in notebook_names() else None


_COPY = re.compile(
    r"(?:[^_/]+(?:_LATE)?_\d+_\d+_|[^/]+_attempt_\d{4}(?:-\d\d){5}_)?"  # Canvas, Blackboard: WHO and more before
    r"(?:copy of |kopie von |copie de )?(?P<stem>.+?)"
    r"(?: ?\(\d+\)|-\d+| copy| - copy| - kopie)?(?P<ending>\.py|\.ipynb)",
    re.IGNORECASE,
)


def original_name(name: str) -> str:
    """Return what a file was called before it was copied or uploaded: X for "Copy of X" and "X (1)"."""
    match = _COPY.fullmatch(name)
    return f"{match['stem']}{match['ending']}" if match else name


_FLAT = {name.rsplit("/", 1)[-1]: name for name in MODULES}


@functools.cache
def notebook_names() -> set[str]:
    """Return the file names of the assignment's notebooks."""
    questions = load_rubric().questions.values()
    return {name for question in questions for name in (question.notebook, question.alternative) if name}


def _root(paths, problems):
    """Return the folder, "" or one with a slash at its end, that holds cs231n/; None if there is none.

    A folder above may be called cs231n too: the package is the one with most of the assignment's modules in it.
    """
    held = {}
    for path in paths:
        if path.endswith(".py"):
            parts = path.split("/")
            for place in (place for place, part in enumerate(parts[:-1]) if part == "cs231n"):
                held.setdefault("".join(f"{part}/" for part in parts[:place]), set()).add("/".join(parts[place:]))
    known = {root: len(files.intersection(MODULES)) for root, files in held.items()}
    if any(known.values()):
        held = {root: files for root, files in held.items() if known[root]}
    if not held:
        flat = sorted({original_name(path.rsplit("/", 1)[-1]) for path in paths} & _FLAT.keys())
        if flat:
            problems.append(f"no folder cs231n/ in it: known by name alone: {', '.join(flat)}")
        else:
            problems.append("no folder cs231n/ with Python files in it, so there is no code to grade")
        return None
    ranked = sorted(held, key=lambda root: (root.count("/"), -known[root], root))
    for other in ranked[1:]:
        if not other.startswith(f"{ranked[0]}cs231n/"):
            problems.append(_line(f"{other}cs231n/", f"left out, since {ranked[0]}cs231n/ counts"))
    return ranked[0]


def _read_all(graded, problems):
    """Return path -> bytes of those entries that keep the limits."""
    files, total = {}, 0
    modules = [name for name in graded if name.endswith(".py")]
    surplus = _surplus(sorted(modules, key=lambda name: (name not in MODULES, name)))
    if surplus:
        what = f"{limits.MODULES} Python files, or {limits.FOLDERS} folders, under cs231n/"
        problems.append(f"more than {what}: {len(surplus)} left out")
    for name, entry in sorted(graded.items()):
        if name in surplus:
            continue
        try:
            limit = limits.MODULE_BYTES if name.endswith(".py") else limits.NOTEBOOK_BYTES
            files[name] = _read(entry, limit, limits.SUBMISSION_BYTES - total)
            total += len(files[name])
        except _LeftOut as why:
            problems.append(_line(name, why))
        except Exception as error:  # zipfile and zlib raise whatever the bytes provoke
            problems.append(_line(name, f"damaged: {clean(str(error), 200)}"))
    return files


def _surplus(modules):
    """Return the modules that are too many, or in too many folders."""
    folders, surplus = set(), set(modules[limits.MODULES :])
    for name in modules[: limits.MODULES]:
        parts = name.split("/")[:-1]
        above = {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
        if len(folders | above) > limits.FOLDERS:
            surplus.add(name)
        else:
            folders |= above
    return surplus


def _read(entry, limit, left):
    """Return the bytes of an entry, whatever size it says it has."""
    with entry.open() as file:
        data = file.read(min(limit, left) + 1)
    if len(data) > limit:
        raise _LeftOut(f"larger than {limit // MB} MB")
    if len(data) > left:
        raise _LeftOut(f"all files together are larger than {limits.SUBMISSION_BYTES // MB} MB")
    return data


def _line(name, why):
    return f"{shorten(clean(name), 100)}: {why}"


def _few(problems):
    """Return the problems as a tuple, cut where there are very many."""
    more = len(problems) - limits.PROBLEMS
    return (*problems[: limits.PROBLEMS], f"... and {more} more") if more > 0 else tuple(problems)
