"""Which submissions there are, whose they are and when they were handed in, by what the course site exported.

A path may be an archive, a folder that is a submission, or a folder of submissions: Gradescope's export (folders
submission_123 and a submission_metadata.yml), Canvas's (archives WHO_USER_ID_a2.zip), or any archives and folders.
"""

import dataclasses
import datetime
import re
import unicodedata
from pathlib import Path

import yaml

from staff.grade.intake.text import clean

__all__ = ["ExportError", "Place", "find"]

METADATA = "submission_metadata.yml"
_CANVAS = re.compile(r"(?P<who>[^_]+)(?:_LATE)?_(?P<user>\d+)_\d+_.+", re.IGNORECASE)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file names on Windows
NAME_LENGTH = 80


class ExportError(ValueError):
    """A path holds no submission; the message says what was expected."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a submission lies.

    Attributes:
        path: archive or folder, as given.
        name: unique among the places found together, in any case of its letters, and safe as a file name.
        student: who handed it in; the name where nothing says it.
        submitted: when, ISO 8601 with time zone, or None where nothing says it.
        problems: lines about the export that concern this submission.
    """

    path: Path
    name: str
    student: str
    submitted: str | None = None
    problems: tuple[str, ...] = ()


def find(paths):
    """Return the Places of all submissions under the paths, in the order given, those of a folder sorted.

    Raises:
        ExportError: a path does not exist, or holds nothing that could be a submission.
    """
    found = {}
    for path in map(Path, paths):
        for place in _places(path):
            found.setdefault(place.path.resolve(), place)  # the same one given twice counts once
    return _named(list(found.values()))


def _places(path):
    """Return the Places of one path; their names are not unique yet."""
    if path.is_file():
        return [_archive(path)]
    if not path.is_dir():
        raise ExportError(f"{path} does not exist, expected an archive or a folder of submissions")
    if (path / METADATA).is_file():
        return _gradescope(path)
    children = sorted(child for child in path.iterdir() if not child.name.startswith((".", "__MACOSX")))
    if _is_submission(children):
        return [Place(path, path.resolve().name, "")]
    places = [_archive(child) for child in children if child.is_file() and child.suffix.lower() == ".zip"]
    places += [_folder(child) for child in children if child.is_dir() and not child.is_symlink()]
    if not places:
        raise ExportError(f"{path} holds no submission, expected .zip files, folders, or a folder cs231n")
    return places


def _is_submission(children):
    names = {child.name for child in children}
    return "cs231n" in names or any(name.endswith((".py", ".ipynb")) for name in names)


def _archive(path):
    """Return the Place of an archive, by Canvas's way to name files where it fits."""
    changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    canvas = _CANVAS.fullmatch(path.stem)
    student = clean(f"{canvas['who']} ({canvas['user']})") if canvas else ""
    return Place(path, path.stem, student, changed.isoformat(timespec="seconds"))


def _folder(path, **known):
    """Return the Place of a folder in an export: itself, or the one archive that it holds."""
    files = [child for child in path.iterdir() if not child.name.startswith(".")]
    alone = (
        len(files) == 1 and files[0].suffix.lower() == ".zip" and files[0].is_file() and not files[0].is_symlink()
    )
    place = _archive(files[0]) if alone else Place(path, path.name, "")
    return dataclasses.replace(place, name=path.name, **known)


# --- Gradescope ---------------------------------------------------------------------------------------------


def _gradescope(path):
    """Return the Places of Gradescope's export."""
    folders = sorted(child for child in path.iterdir() if child.is_dir() and not child.is_symlink())
    try:
        entries, problems = _entries((path / METADATA).read_text(encoding="utf-8")), ()
    except (OSError, ValueError, yaml.YAMLError) as error:
        entries, problems = {}, (clean(f"{METADATA} cannot be read: {error}"),)
    places = []
    for folder in folders:
        student, submitted = entries.get(folder.name, ("", None))
        known = {"student": student, "problems": problems} | ({"submitted": submitted} if submitted else {})
        places.append(_folder(folder, **known))
    if not places:
        raise ExportError(f"{path} has a {METADATA}, but no folders of submissions beside it")
    return places


def _entries(text):
    """Return folder -> (students, time) of a submission_metadata.yml, whose keys are Ruby's symbols."""
    data = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(data, dict):
        raise ValueError("no mapping of folders")
    return {str(folder): _entry(entry) for folder, entry in data.items() if isinstance(entry, dict)}


def _entry(entry):
    people = entry.get(":submitters") or []
    people = [person for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    created = entry.get(":created_at")
    if isinstance(created, datetime.datetime):
        created = created.replace(tzinfo=created.tzinfo or datetime.UTC)
        submitted = created.astimezone(datetime.UTC).isoformat(timespec="seconds")
    else:
        submitted = None
    return "; ".join(filter(None, map(_person, people))), submitted


def _person(person):
    """Return NAME <EMAIL>, or what there is of it."""
    name, email = (clean(str(person.get(key) or "")) for key in (":name", ":email"))
    return f"{name} <{email}>" if name and email else name or email


# --- names --------------------------------------------------------------------------------------------------


def _named(places):
    """Return the places with unique names: with that of the folder above where two are the same, then numbers."""
    names = [safe_name(place.name) for place in places]
    twice = _repeated(names)
    names = [
        safe_name(f"{place.path.resolve().parent.name}-{place.name}") if name.casefold() in twice else name
        for place, name in zip(places, names)
    ]
    taken, unique = set(), []
    for name in names:
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate.casefold())
        unique.append(candidate)
    return [
        dataclasses.replace(place, name=name, student=place.student or name) for place, name in zip(places, unique)
    ]


def _repeated(names):
    folded = [name.casefold() for name in names]
    return {name for name in folded if folded.count(name) > 1}


def safe_name(text):
    """Return a text as a file name for any system: ASCII letters and digits, dots, dashes, underscores."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:NAME_LENGTH].rstrip("-.")
    return f"_{name}" if not name or _RESERVED.fullmatch(name) else name
