"""Which submissions there are, whose they are and when they were handed in, by what the course site exported.

A path may be an archive or a folder that is a submission, or an export: of Gradescope, Canvas, Moodle, Blackboard
or GitHub Classroom, or a folder with an archive or folder for each student. An export given alone may still be the
archive that was downloaded. Each entry of an export is judged for itself; what is no submission is left out with a
reason.

Who a student is and when something was handed in comes from the export alone, never from what an entry holds:
the dates of files are those of the download.
"""

import atexit
import collections
import dataclasses
import datetime
import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from cs231n.submit.archive import MODULES
from staff.grade import limits
from staff.grade.intake.archives import is_archive
from staff.grade.intake.contents import notebook_names, original_name
from staff.grade.intake.text import clean

__all__ = ["Export", "ExportError", "LeftOut", "Member", "Submission", "find_submissions", "safe_name"]

METADATA = "submission_metadata.yml"
_CANVAS = re.compile(r"(?P<who>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_\d+_(?P<file>.+)", re.IGNORECASE)
_MOODLE = re.compile(r"(?P<who>.+)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?")
_BLACKBOARD = re.compile(r"(?P<what>.+)_(?P<user>[^_]+)_attempt_\d{4}(?:-\d\d){5}(?:_(?P<file>.+)|\.txt)")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file names on Windows
_OURS = {name.rsplit("/", 1)[-1] for name in MODULES}


class ExportError(ValueError):
    """A path holds no submission; the message says what was expected."""


@dataclasses.dataclass(frozen=True)
class Member:
    """One of those who handed in a submission, as fields of the export or the name of a file say it."""

    name: str
    email: str = ""
    id: str = ""


@dataclasses.dataclass(frozen=True)
class Submission:
    """What one student, or one group, handed in: where it lies, and what the export says of it.

    Attributes:
        path: archive, folder or file.
        name: unique among the submissions found together, in any case of its letters, and safe as a file name.
        student: who handed it in; the name where nothing says it.
        submitted: when, ISO 8601 with time zone, or None where nothing says it.
        problems: lines about the export that concern this submission.
        also: further paths that belong to it.
        members: who handed it in, one by one; empty where only `student` says it.
        marked_late: whether the export marks it as late without saying how late.
        attempts: how often it was handed in, this time included, or None where the export does not say.
        time_from: what says when it was handed in.
    """

    path: Path
    name: str
    student: str
    submitted: str | None = None
    problems: tuple[str, ...] = ()
    also: tuple[Path, ...] = ()
    members: tuple[Member, ...] = ()
    marked_late: bool = False
    attempts: int | None = None
    time_from: str = ""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All paths that make the submission."""
        return (self.path, *self.also)

    @property
    def emails(self) -> tuple[str, ...]:
        """Addresses of those who handed it in, from fields of the export that hold addresses."""
        return tuple(member.email for member in self.members if member.email)


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """An entry of an export that is no submission, and why."""

    path: Path
    why: str


@dataclasses.dataclass(frozen=True)
class Export:
    """What was found: the submissions, and what was left out."""

    submissions: tuple[Submission, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def found(self) -> int:
        """How many entries there were."""
        return sum(len(submission.paths) for submission in self.submissions) + len(self.left_out)


def find_submissions(paths: Iterable[Path]) -> Export:
    """Return the submissions under the paths, in the order given, those of a folder sorted.

    Raises:
        ExportError: a path does not exist, or holds nothing that could be a submission.
    """
    submissions: dict[Path, Submission] = {}
    left_out: list[LeftOut] = []
    given = list(map(Path, paths))
    for path in given:
        export = _export(path, alone=len(given) == 1)
        left_out += export.left_out
        for submission in export.submissions:
            submissions.setdefault(submission.path.resolve(), submission)  # the same one given twice counts once
    return Export(_told_apart(list(_named(list(submissions.values())))), tuple(left_out))


def _export(path, alone):
    """Return the Export at one path; the names are not unique yet.

    Only an archive that is given alone can be an export: one of several is a student's, whatever it holds.
    """
    if path.is_file():
        unpacked = _unpacked(path) if alone else None
        return _of_folder(unpacked, path) if unpacked else Export((_alone(path),))
    if not path.is_dir():
        raise ExportError(f"{path} does not exist, expected an archive or a folder of submissions")
    return _of_folder(path, path)


def _of_folder(folder, given):
    """Return the Export in a folder; `given` is what the user named."""
    while not (folder / METADATA).is_file() and (only := _only_folder(folder)) and not _is_submission(folder):
        folder = only
    if (folder / METADATA).is_file():
        return _gradescope(folder)
    if _is_submission(folder):
        return Export((Submission(folder, given.resolve().name, ""),))
    entries = _by_student(_children(folder))
    if not entries.submissions:
        raise ExportError(f"{given} holds no submission, expected archives, folders, or a folder cs231n")
    return entries


def _children(folder):
    return sorted(child for child in folder.iterdir() if not child.name.startswith((".", "__MACOSX")))


def _only_folder(folder):
    """Return the folder of a downloaded export that is wrapped in another, or None."""
    children = _children(folder)
    inner = children[0] if len(children) == 1 and children[0].is_dir() and not children[0].is_symlink() else None
    return inner if inner and (inner / METADATA).is_file() else None


def _is_submission(folder):
    """Return whether a folder is one submission, not a folder of submissions.

    It is one if the package or files of the assignment lie in it directly, unless what lies beside them could be
    the submissions of several others: one stray file makes no class one submission.
    """
    children = _children(folder)
    direct = [child for child in children if child.is_file() and _is_ours(child.name) and not _owner(child)]
    package = folder / "cs231n"
    if any((package / name).is_file() for name in _OURS) or (package / "classifiers").is_dir():
        direct.append(package)
    others = [child for child in children if child != package and _holds_submission(child)]
    return bool(direct) and len(others) < 2


def _is_ours(name):
    return original_name(name) in _OURS | notebook_names()


def _holds_submission(path):
    """Return whether an entry of a folder could be somebody's submission, without opening archives."""
    if path.is_symlink():
        return False
    if path.is_file():
        return is_archive(path.name)
    seen = 0
    for folder, folders, names in os.walk(path):
        if folder.count(os.sep) - str(path).count(os.sep) >= limits.FOLDER_DEPTH:
            folders.clear()
        if any(is_archive(name) or (name.endswith((".py", ".ipynb")) and _is_ours(name)) for name in names):
            return True
        seen += len(folders) + len(names)
        if seen > limits.FILES_LOOKED_AT:
            return False
    return False


# --- one entry for each student -----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Owner:
    """Whose an entry is, as its name says by the way of a course site."""

    id: str
    student: str
    member: Member
    marked_late: bool = False


def _owner(path):
    """Return the _Owner of an entry."""
    if match := _CANVAS.fullmatch(path.name) if path.is_file() else None:
        return _owner_of(match, bool(match["late"]))
    if match := _MOODLE.fullmatch(path.name):
        return _owner_of(match)
    if match := _BLACKBOARD.fullmatch(path.name):
        return _Owner(match["user"], match["user"], Member(clean(match["user"]), id=clean(match["user"])))
    return None


def _owner_of(match, late=False):
    who, user = match["who"], match["user"]
    return _Owner(f"{who}_{user}", f"{who} ({user})", Member(clean(who), id=user), late)


def _by_student(children):
    """Return the Export of the children of a folder, with those of one student put together."""
    owned, submissions, left_out = collections.defaultdict(list), [], []
    for child in children:
        if child.is_symlink():
            left_out.append(LeftOut(child, "a link, which is not followed"))
        elif owner := _owner(child):
            owned[owner.id].append((owner, child))
        elif child.is_dir():
            submissions.append(Submission(child, child.name, ""))
        elif is_archive(child.name):
            submissions.append(_alone(child))
        elif _is_ours(child.name):
            left_out.append(LeftOut(child, "a loose file of the assignment: put it into a folder of its student"))
        else:
            left_out.append(LeftOut(child, "no archive, no folder and no file of the assignment"))
    for name, entries in owned.items():
        owner, paths = entries[0][0], _graded_first([path for _, path in entries])
        late = any(one.marked_late for one, _ in entries)
        submissions.append(_owned(name, owner, paths, late))
    return Export(tuple(sorted(submissions, key=lambda submission: submission.path.name)), tuple(left_out))


def _graded_first(paths):
    """Return paths with those first that can hold code."""
    holding = {path: path.is_dir() or is_archive(path.name) or _is_ours(path.name) for path in paths}
    return sorted(paths, key=lambda path: (not holding[path], path.name))


def _owned(name, owner, paths, late):
    """Return the Submission of one student's entries."""
    problems = []
    if len(paths) > 1:
        problems.append(clean(f"put together from {', '.join(path.name for path in paths)}"))
    if late:
        problems.append("marked as late by the course site, which does not say how late")
    student, also, members = clean(owner.student), tuple(paths[1:]), (owner.member,)
    return Submission(paths[0], name, student, None, tuple(problems), also, members, late)


def _alone(path):
    """Return the Submission of an archive or file that stands for itself."""
    if owner := _owner(path):
        return _owned(owner.id, owner, [path], owner.marked_late)
    return Submission(path, _stem(path.name), "")


def _stem(name):
    """Return a file name without the ending of an archive."""
    lower = name.lower()
    endings = sorted((end for end in (".tar.gz", ".tar.bz2", ".tar.xz") if lower.endswith(end)), key=len)
    return name[: -len(endings[-1])] if endings else name.rsplit(".", 1)[0] or name


# --- exports as they were downloaded ------------------------------------------------------------------------


def _unpacked(path):
    """Return a folder with the entries of an export that is still one zip archive; None for a submission."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist()]
            if not _is_export(names):
                return None
            if sum(info.file_size for info in archive.infolist()) > limits.EXPORT_BYTES:
                size = f"{limits.EXPORT_BYTES >> 30} GB"
                raise ExportError(f"{path} would unpack to more than {size}: unpack it yourself")
            folder = Path(tempfile.mkdtemp(prefix="cs231n-export-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            archive.extractall(folder)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return None  # a submission, whose reader says what is wrong with it
    return folder


def _is_export(names):
    """Return whether the names of an archive's entries are those of an export of several submissions."""
    parts = [[part for part in name.split("/") if part] for name in names]
    parts = [path for path in parts if path and not path[0].startswith((".", "__MACOSX"))]
    if any(path[-1] == METADATA and len(path) <= 2 for path in parts):
        return True
    tops = {path[0] for path in parts}
    if tops and all(
        _CANVAS.fullmatch(top) or _MOODLE.fullmatch(top) or _BLACKBOARD.fullmatch(top) for top in tops
    ):
        return True
    packages = {path[0] for path in parts if len(path) > 2 and "cs231n" in path[1:-1] and path[-1] in _OURS}
    archives = {path[0] for path in parts if len(path) <= 2 and is_archive(path[-1])}
    stray = any(_is_ours(top) for top in tops)  # one stray file makes no class one submission
    return len(packages | archives) > (limits.STRAY_ARCHIVES if stray else 1) and "cs231n" not in tops


# --- Gradescope ---------------------------------------------------------------------------------------------


def _gradescope(folder):
    """Return Gradescope's export."""
    try:
        entries, problems = _metadata((folder / METADATA).read_text(encoding="utf-8")), ()
    except (OSError, ValueError, yaml.YAMLError) as error:
        entries, problems = (
            {},
            (clean(f"{METADATA} cannot be read, so no names and times are known: {_where(error)}"),),
        )
    submissions, left_out = [], []
    for child in _children(folder):
        if child.is_dir() and not child.is_symlink():
            said = {"problems": problems} | entries.get(child.name, {"student": ""})
            submissions.append(Submission(child, child.name, **said))
        elif child.name != METADATA:
            left_out.append(LeftOut(child, "no folder of a submission"))
    if not submissions:
        raise ExportError(f"{folder} has a {METADATA}, but no folders of submissions beside it")
    return Export(tuple(submissions), tuple(left_out))


def _where(error):
    """Return what is wrong without a line of the file in it, which may be another student's."""
    if mark := getattr(error, "problem_mark", None):
        return f"line {mark.line + 1} is not YAML"
    if isinstance(error, UnicodeDecodeError | yaml.YAMLError):
        return "it is no text"
    return error.strerror if isinstance(error, OSError) else "it does not list submissions"


def _metadata(text) -> dict:
    """Return folder -> fields of a Submission by a submission_metadata.yml, whose keys are Ruby's symbols."""
    data = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(data, dict):
        raise ValueError("no mapping of folders")
    return {str(folder): _entry(entry) for folder, entry in data.items() if isinstance(entry, dict)}


def _entry(entry):
    people = entry.get(":submitters") or []
    people = [person for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    created = entry.get(":created_at")
    submitted = None
    if isinstance(created, datetime.datetime):
        created = created.replace(tzinfo=created.tzinfo or datetime.UTC)
        submitted = created.astimezone(datetime.UTC).isoformat(timespec="seconds")
    members = (Member(*(_field(person, key) for key in (":name", ":email", ":sid"))) for person in people)
    members = sorted((one for one in members if one.name or one.email), key=dataclasses.astuple)
    students = (
        f"{one.name} <{one.email}>" if one.name and one.email else one.name or one.email for one in members
    )
    earlier = entry.get(":history")
    return {
        "student": "; ".join(students),
        "members": tuple(members),
        "submitted": submitted,
        "time_from": "the export" if submitted else "",
        "attempts": 1 + len(earlier) if isinstance(earlier, list) else None,
    }


def _field(person, key):
    return clean(str(person.get(key) or "")).replace(";", ",")


# --- names --------------------------------------------------------------------------------------------------


def _named(submissions) -> Iterator[Submission]:
    """Yield the submissions with unique names: of the folder above too where two are the same, then numbers."""
    names = [safe_name(submission.name) for submission in submissions]
    counts = collections.Counter(name.casefold() for name in names)
    taken: set[str] = set()
    for submission, name in zip(submissions, names):
        if counts[name.casefold()] > 1 and not submission.student:
            name = safe_name(f"{submission.path.resolve().parent.name}-{submission.name}")
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate.casefold())
        student = submission.student or unicodedata.normalize("NFC", clean(submission.name)) or candidate
        yield dataclasses.replace(submission, name=candidate, student=student)


def _told_apart(submissions):
    """Return the submissions, with a line about it where no time says which one of a student is the latest."""
    by_student = collections.defaultdict(list)
    for submission in submissions:
        by_student[submission.student].append(submission)
    twice = {name for name, same in by_student.items() if len(same) > 1 and not all(one.submitted for one in same)}
    line = "handed in more than once, and no time says which is the latest: each is graded"
    return tuple(
        dataclasses.replace(each, problems=(*each.problems, line)) if each.student in twice else each
        for each in submissions
    )


def safe_name(text: str) -> str:
    """Return a text as a file name for any system: ASCII letters and digits, dots, dashes, underscores.

    Where letters are lost, a few digits of a hash of the text keep names apart.
    """
    text = unicodedata.normalize("NFC", text)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[: limits.NAME_CHARACTERS].rstrip("-.")
    if any(letter.isalnum() and not unicodedata.normalize("NFKD", letter)[0].isascii() for letter in text):
        name = f"{name or '_'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
    return f"_{name}" if not name or _RESERVED.fullmatch(name) else name
