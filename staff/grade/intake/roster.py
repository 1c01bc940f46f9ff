"""Who is in the course: a roster as CSV, and whom of it the entries of an export mean."""

import collections
import dataclasses
import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from cs231n.checks.rubric import load_rubric
from staff.grade.intake import tables
from staff.grade.intake.exports import Export, Member, Submission, safe_name
from staff.grade.intake.text import clean

__all__ = ["COLUMNS", "Called", "Person", "Roster", "groups_of", "read_roster", "with_claimed"]

COLUMNS = {
    "id": ("student id", "sid", "sis user id", "matriculation number", "username"),
    "name": ("student", "full name", "student name"),
    "email": ("e-mail", "mail", "email address", "e-mail address"),
    "section": ("group", "sections"),
    "extension": ("extended until", "extension days"),
    "bank": ("late days", "late day bank"),
    "exempt": ("exempt questions", "exempt from"),
    "site id": ("canvas id", "canvas user id", "moodle id", "user id"),
}

_CANVAS = COLUMNS | {"site id": ("id", *COLUMNS["site id"])}
_NO_STUDENTS = ("points possible", "student, test", "test student")


@dataclasses.dataclass(frozen=True)
class Person:
    """A student.

    Attributes:
        id, name, email, section: as the roster has them, else as the export; "" where nothing says it.
        extension: days after the deadline, or a new deadline as date or datetime; None: none.
        bank: late days of the whole course.
        exempt: names of exercises and manual items that do not count.
        listed: whether the roster lists this student; True without a roster.
        site_id: a number of the course site's own in the names of exported files, where names do not suffice.
    """

    id: str = ""
    name: str = ""
    email: str = ""
    section: str = ""
    extension: int | datetime.date | None = None
    bank: int = 0
    exempt: tuple[str, ...] = ()
    listed: bool = True
    site_id: str = ""

    @property
    def key(self) -> str:
        """What the student is called in files of the grader: id, else e-mail, else name."""
        return self.id or self.email or self.name


class Roster:
    """The students of a course, found by id, by e-mail or by a name that only one of them has."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self.people = tuple(people)
        self._exact = _index(self.people, lambda one: (one.id, one.email, one.name))
        self._squashed = _index(self.people, lambda one: _turned(one.name))
        self._local = _index(self.people, lambda one: (one.email.partition("@")[0],))
        self._site = _index(self.people, lambda one: (one.site_id,))

    def find(self, called: str) -> Person | None:
        """Return the one student who is called so, by id, e-mail or name; None for nobody or several."""
        return _only(self._exact, _plain(called))

    def of(self, member: Member) -> Person:
        """Return the student whom a member of a submission means; one who is not listed, if it is nobody.

        An address decides, then the name with its words in any order, then the part of an address before @, which
        GitHub and Blackboard use, also behind the name of the assignment and a dash.
        """
        short = [word for text in (member.id, member.name) for word in (text, text.partition("-")[2])]
        # Canvas and Moodle put a number of their own beside the name: if both mean somebody, the name counts
        tries = [_only(self._site, _plain(member.id))]
        tries += [
            _only(self._exact, _plain(text)) for text in (member.email, member.email and member.id, member.name)
        ]
        tries += [_only(self._squashed, _squash(member.name))]
        tries += [_only(index, _plain(word)) for word in short for index in (self._exact, self._local)]
        found = next((one for one in tries if one), None)
        return found or Person(member.id, member.name, member.email, listed=not self.people)

    def namesakes(self, stranger: Member | Person) -> list[Person]:
        """Return the students who all have the name of somebody whom the roster does not list."""
        found = self._squashed.get(_squash(stranger.name), set())
        return sorted(found, key=lambda one: one.key) if len(found) > 1 else []

    def absent(self, groups: Iterable[tuple[Person, ...]]) -> list[Person]:
        """Return the students of the roster who are in none of the groups."""
        there = {person.key for group in groups for person in group}
        return [person for person in self.people if person.key not in there]


def _index(people, called):
    found = collections.defaultdict(set)
    for one in people:
        for text in called(one):
            if text:
                found[_plain(text)].add(one)
    return found


def _only(index, text):
    found = index.get(text, ()) if text else ()
    return next(iter(found)) if len(found) == 1 else None


def _plain(text):
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _squash(text):
    return "".join(letter for letter in _plain(text) if letter.isalnum())


def _turned(name):
    """Return a name's letters and digits with its words in order, and each of them first."""
    words = re.split(r"[\s,]+", name.strip())
    return {_squash(" ".join(words[submission:] + words[:submission])) for submission in range(len(words))}


def groups_of(submissions: Iterable[Submission], roster: Roster) -> dict[str, tuple[Person, ...]]:
    """Return name of a submission -> the students who handed it in together.

    A submission by some of an earlier group is that of the group: one of a pair may hand in again alone.
    """
    found: dict[str, tuple[Person, ...]] = {}
    earlier: list[tuple[Person, ...]] = []
    timed = sorted(
        submissions,
        key=lambda submission: (submission.submitted is None, submission.submitted or "", submission.name),
    )
    for submission in timed:
        members = submission.members or (Member(submission.student),)
        group = tuple({one.key: one for one in map(roster.of, members)}.values())
        if submission.submitted:
            larger = [other for other in earlier if {one.key for one in group} < {one.key for one in other}]
            group = larger[-1] if larger else group
            earlier.append(group)
        found[submission.name] = group
    return found


def with_claimed(export: Export, roster: Roster) -> Export:
    """Return an Export in which a file that is left out is the submission of the student it is named after.

    That is so if the student has no other: who handed in something else than was asked has not handed in nothing.
    """
    there = {person.key for group in groups_of(export.submissions, roster).values() for person in group}
    names = {submission.name.casefold() for submission in export.submissions}
    claimed = {}
    for one in export.left_out:
        called = one.path.name.partition(".")[0]
        person, name = roster.find(called), safe_name(called)
        if person and person.key not in there and name.casefold() not in names and not one.path.is_symlink():
            claimed[one] = Submission(one.path, name, called)
            there, names = there | {person.key}, names | {name.casefold()}
    left_out = tuple(one for one in export.left_out if one not in claimed)
    return Export((*export.submissions, *claimed.values()), left_out)


# --- the file -----------------------------------------------------------------------------------------------


def read_roster(path: Path) -> Roster:
    """Return the Roster of a CSV file with the columns of COLUMNS; `id` and `name` have to be there.

    The gradebook that Canvas exports is one: its `ID` is the site id, and two of its rows are no students.

    Raises:
        tables.TableError: an id or e-mail that is missing or there twice, or a value that cannot be meant.
    """
    is_canvas = "sis user id" in tables.decoded(path).partition("\n")[0].casefold()
    lines = tables.read_table(path, _CANVAS if is_canvas else COLUMNS, ("id", "name"))
    if is_canvas:
        lines = [line for line in lines if line["id"] or _plain(line["name"]) not in _NO_STUDENTS]
    if not lines:
        raise tables.TableError(f"{path} has no students, expected a row for each below {', '.join(COLUMNS)}")
    seen: dict[str, int] = {}
    return Roster(tables.each_line(lines, lambda line: _person(line, seen)))


def _person(line, seen):
    for column in ("id", "email"):
        value = _plain(line[column])
        if not value and column == "id":
            raise line.wrong("id", "what the course site calls the student")
        if value and seen.setdefault(value, line.number) != line.number:
            raise line.error(f"{column} {line[column]} is in line {seen[value]} too, expected each student once")
    identity = (clean(line[name]) for name in ("id", "name", "email", "section"))
    return Person(*identity, _extension(line), _days(line, "bank"), _exempt(line), site_id=clean(line["site id"]))


def _days(line, column):
    value = tables.number_of(line[column]) if line[column] else 0
    if value != value or value != int(value) or not 0 <= value <= 365:
        raise line.wrong(column, "a number of days, 0 to 365")
    return int(value)


def _extension(line):
    text = line["extension"]
    if not text:
        return None
    if tables.number_of(text) == tables.number_of(text):
        return _days(line, "extension")
    try:
        return datetime.date.fromisoformat(text) if len(text) <= 10 else datetime.datetime.fromisoformat(text)
    except ValueError:
        raise line.wrong(
            "extension", "days such as 3, or a date such as 2026-04-27 (or 2026-04-27T18:00)"
        ) from None


def _exempt(line):
    rubric = load_rubric()
    graded = [*rubric.exercises.values(), *rubric.manual.values()]
    names = {name.casefold() for one in graded for name in (one.name, one.question)}
    words = [word for word in re.split(r"\s*[;,|+]\s*", line["exempt"].casefold()) if word]
    words = [part for word in words for part in ([word] if word in names else word.split())]
    if not names.issuperset(words):
        raise line.wrong("exempt", f"questions or exercises such as {', '.join(rubric.questions)}")
    return tuple(one.name for one in graded if {one.name.casefold(), one.question.casefold()} & set(words))


class Called:
    """Whom a text in somebody's table means: an id, an e-mail, a name, or a submission.

    Args:
        submissions: Submissions of the submissions.
        people: name of a submission -> its Persons, as `groups_of` returns it.
        roster: Roster.
    """

    def __init__(
        self, submissions: Iterable[Submission], people: Mapping[str, Iterable[Person]], roster: Roster
    ) -> None:
        self._people = people
        everybody = {one.key: one for group in (*people.values(), roster.people) for one in group}
        self._persons = _index(everybody.values(), lambda one: (one.id, one.email, one.name))
        self._named = collections.defaultdict(set)
        for submission in submissions:
            for text in (submission.name, submission.student):
                self._named[_plain(text)].add(submission.name)

    def submissions(self, text: str) -> set[str]:
        """Return the names of the submissions that are called so, or that are by the student who is."""
        if _plain(text) in self._named:
            return self._named[_plain(text)]
        keys = set(self.keys(text))
        return {name for name, group in self._people.items() if keys & {one.key for one in group}}

    def keys(self, text: str) -> tuple[str, ...]:
        """Return the keys of the students who are called so; of a submission, of all who handed it in."""
        found = self._persons.get(_plain(text), set())
        if len(found) == 1:
            return tuple(one.key for one in found)
        names = self._named.get(_plain(text), ()) if not found else ()
        return tuple(dict.fromkeys(one.key for name in names for one in self._people.get(name, ())))

    def unknown(self, text: str) -> str:
        """Return why a text means nobody, or nobody in particular."""
        several = sorted(one.id or one.email for one in self._persons.get(_plain(text), ()))
        if len(several) > 1:
            return f"{len(several)} students are called {text!r}: write the id or e-mail, {' or '.join(several)}"
        return f"there is no student or submission {text!r}, expected an id, e-mail, name or submission"
