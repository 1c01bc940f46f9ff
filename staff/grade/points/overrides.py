"""What the staff decides about single points: a CSV that is read at each run, and a log of what was decided.

A line gives a student other points for an exercise or item, or leaves it out of the sum and of the maximum
(`exempt`). Points count before lateness. `late days` in place of an exercise says how late a submission is.
"""

import csv
import dataclasses
import datetime
import io
from collections.abc import Collection, Mapping
from pathlib import Path

from cs231n.checks.rubric import load_rubric
from staff.grade import limits
from staff.grade.intake import tables
from staff.grade.intake.roster import Called
from staff.grade.intake.text import clean
from staff.grade.record import Record

__all__ = [
    "COLUMNS",
    "LATE_DAYS",
    "LOG",
    "Override",
    "with_overrides",
    "log_text",
    "open_requests",
    "read_overrides",
    "request_text",
]

COLUMNS = {
    "student": ("id", "name", "e-mail", "email"),
    "exercise": ("item", "question"),
    "points": ("score",),
    "reason": ("why", "comment"),
}
LATE_DAYS = "late days"


@dataclasses.dataclass(frozen=True)
class Override:
    """A decision: points, or None for an exercise that does not count, and the reason."""

    points: float | None
    reason: str

    @property
    def text(self) -> str:
        """The decision in words, for the student."""
        return "does not count" if self.points is None else f"{self.points:g} points, decided by the staff"


def read_overrides(path: Path, called: Called) -> dict[tuple[str, str], Override]:
    """Return (key of a student, exercise) -> Override of a CSV file with the columns of COLUMNS.

    Args:
        path: CSV file.
        called: roster.Called, which says whom the first column means.

    Raises:
        tables.TableError: an unknown student or exercise, points out of range, no reason, two different decisions.
    """
    found: dict[tuple[str, str], Override] = {}

    def take(line):
        names, override = _read_line(line, called)
        for key in called.keys(line["student"]):
            for name in names:
                if found.setdefault((key, name), override) != override:
                    raise line.error(f"{name} of {line['student']} is decided in another line already")

    tables.each_line(tables.read_table(Path(path), COLUMNS, COLUMNS), take)
    return found


def _read_line(line, called):
    """Return (names of the exercises, Override)."""
    rubric, word = load_rubric(), line["exercise"].casefold()
    graded = [*rubric.exercises.values(), *rubric.manual.values()]
    exempt = line["points"].casefold() in ("exempt", "excused")
    if not called.keys(line["student"]):
        raise line.error(called.unknown(line["student"]))
    if not line["reason"]:
        raise line.error("there is no reason, expected one: the student reads it")
    reason = clean(line["reason"], 500)
    if word == LATE_DAYS:
        days = tables.number_of(line["points"])
        if not (days == days and days == int(days) and 0 <= days <= limits.DAYS_LATE):
            raise line.wrong("points", f"the number of days late, 0 to {limits.DAYS_LATE}")
        return [LATE_DAYS], Override(days, reason)
    names = [one.name for one in graded if word == one.name.casefold()]
    if exempt:
        names = names or [one.name for one in graded if word == one.question.casefold()]
    if not names:
        raise line.wrong("exercise", f"one of {', '.join(one.name for one in graded)}, or {LATE_DAYS}")
    if exempt:
        return names, Override(None, reason)
    most = next(one.points for one in graded if one.name == names[0])
    points = tables.number_of(line["points"])
    if not 0 <= points <= most:
        raise line.wrong("points", f"0 to {most}, or exempt")
    return names, Override(points, reason)


def with_overrides(record: Record, overrides: Mapping[str, Override], exempt: Collection[str] = ()) -> Record:
    """Return a record with the decisions about one student.

    Args:
        record: Record.
        overrides: name of an exercise or item -> Override.
        exempt: names of what does not count for the student in any case.
    """

    def changed(item):
        override = overrides.get(item.name)
        if override is None and item.name in exempt:
            override = Override(None, "you are exempt from it")
        if override is None:
            return item
        if override.points is None:
            return dataclasses.replace(item, exempt=True, decided=f"{override.text}: {override.reason}")
        was = "" if item.earned is None else f" instead of {item.earned:g}"
        words = f"{override.text}{was}: {override.reason}"
        return dataclasses.replace(item, earned=override.points, decided=words)

    exercises, manual = (tuple(map(changed, items)) for items in (record.exercises, record.manual))
    manual = tuple(dataclasses.replace(one, conflict="") if one.decided else one for one in manual)
    return dataclasses.replace(record, exercises=exercises, manual=manual)


# --- the log ------------------------------------------------------------------------------------------------

LOG = ("when", "student", "exercise", "event", "points", "text")


def log_text(path: Path, overrides: Mapping[tuple[str, str], Override]) -> str | None:
    """Return the text of a log with lines for what has changed since it was written, or None if nothing has.

    An override for an exercise closes the regrade requests about it.

    Args:
        path: of the log, which need not be there.
        overrides: (key of a student, exercise) -> Override of this run.
    """
    lines, now = _lines(path), {}
    for line in lines:
        if line[3] in ("decided", "withdrawn"):
            now[line[1], line[2]] = None if line[3] == "withdrawn" else (line[4], line[5])
    wanted = {key: (_points(one), one.reason) for key, one in overrides.items()}
    new = [(*key, "decided", *said) for key, said in wanted.items() if now.get(key) != said]
    new += [
        (*key, "withdrawn", "", "no line of overrides.csv any more")
        for key in now
        if now[key] and key not in wanted
    ]
    waiting = open_requests(path)
    new += [(*line[:2], "closed", "", "answered by the override") for line in new if line[:2] in waiting]
    return _text([*lines, *((_now(), *line) for line in new)]) if new else None


def request_text(path: Path, student: str, exercise: str, event: str, text: str) -> str:
    """Return the text of a log with a regrade request opened or closed.

    Raises:
        ValueError: one is already open, or none is.
    """
    waiting = (student, exercise) in open_requests(path)
    if waiting == (event == "opened"):
        raise ValueError(
            f"a request of {student} about {exercise} is {'open already' if waiting else 'not open'}; see {path}"
        )
    return _text([*_lines(path), (_now(), student, exercise, event, "", clean(text, 1000))])


def open_requests(path: Path) -> dict[tuple[str, str], str]:
    """Return (student, exercise) -> text of the regrade requests that are open."""
    found = {}
    for _, student, exercise, event, _, text in _lines(path):
        if event == "opened":
            found[student, exercise] = text
        elif event == "closed":
            found.pop((student, exercise), None)
    return found


def _lines(path):
    if not Path(path).exists():
        return []
    names = {name: () for name in LOG}
    return [tuple(line[name] for name in LOG) for line in tables.read_table(Path(path), names, LOG)]


def _text(lines):
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(LOG)
    table.writerows(lines)
    return text.getvalue()


def _points(override):
    return "exempt" if override.points is None else f"{override.points:g}"


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
