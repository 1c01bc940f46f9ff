"""The late policy: which submission of a student counts, how late it is, and what that costs.

Day n of lateness ends n calendar days after the deadline, at the deadline's time of day in the zone of the course,
and after the grace; a day begun counts. So a change of the clocks costs nobody a day. A penalty is a share of the
points earned. Where no source knows a time, there is no penalty.
"""

import dataclasses
import datetime
import math
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from staff.grade.intake import tables
from staff.grade.intake.exports import Submission
from staff.grade.intake.roster import Called

__all__ = ["Lateness", "Policy", "PolicyError", "assess", "latest", "policy", "with_times"]

DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)


class PolicyError(ValueError):
    """A policy that cannot be meant; the message says what was expected."""


@dataclasses.dataclass(frozen=True)
class Policy:
    """When submissions are due and what a late one loses.

    Attributes:
        deadline: datetime with a time zone.
        grace: timedelta after the deadline that costs nothing.
        penalty: percent of the points earned that each day costs.
        max_days: a submission that is more days late earns nothing; None: there is no such number.
    """

    deadline: datetime.datetime
    grace: datetime.timedelta = datetime.timedelta()
    penalty: float = 0.0
    max_days: int | None = None

    @property
    def text(self) -> str:
        """The policy as a sentence."""
        parts = [f"Due {self.deadline.strftime('%A, %d %B %Y, %H:%M:%S')} ({zone(self.deadline)})"]
        if self.grace:
            parts.append(f"{span(self.grace)} of grace")
        parts.append(f"{self.penalty:g} % of the points earned for each day begun after that")
        if self.max_days is not None:
            days = f"{self.max_days} day{'' if self.max_days == 1 else 's'}"
            parts.append(f"submissions more than {days} late get 0 points")
        return ", ".join(parts) + "."

    def due(self, extension: Any = None) -> datetime.datetime:
        """Return a student's deadline with an extension: days, a date or a datetime; never an earlier one."""
        if isinstance(extension, int):
            return _days_after(self.deadline, extension)
        if isinstance(extension, datetime.datetime):
            own = extension if extension.tzinfo else extension.replace(tzinfo=self.deadline.tzinfo)
        elif extension is not None:
            own = datetime.datetime.combine(extension, self.deadline.timetz())
        else:
            return self.deadline
        return max(own, self.deadline)

    def days_late(self, when: datetime.datetime, due: datetime.datetime) -> int:
        """Return how many days after `due` something came, each begun one counted; both have a time zone."""
        days = max((when.astimezone(due.tzinfo).date() - due.date()).days - 1 - math.ceil(self.grace / DAY), 0)
        while when.astimezone(datetime.UTC) > _days_after(due, days).astimezone(datetime.UTC) + self.grace:
            days += 1
        return days


@dataclasses.dataclass(frozen=True)
class Lateness:
    """What a policy makes of a submission.

    Attributes:
        submitted: datetime in the time zone of the deadline, or None where nothing says it.
        by: timedelta after the deadline; zero if in time.
        days: days late, after an extension.
        penalty: percent lost.
        before, after: points before and after the penalty.
        paid: days of `days` that the student's late-day bank pays.
        unknown: whether it is marked as late and nothing says how late.
        extended: whether the student has an extension.
    """

    submitted: datetime.datetime | None
    by: datetime.timedelta
    days: int
    penalty: float
    before: float
    after: float
    paid: int = 0
    unknown: bool = False
    extended: bool = False

    @property
    def text(self) -> str:
        """How late, in words."""
        if self.unknown:
            return "marked as late, but not how late: no penalty until that is known"
        if self.submitted is None and not self.days:
            return "no submission time known, counted as on time"
        if not self.by and not self.days:
            return "in time" + (", with the extension" if self.extended else "")
        paid = f", {_days(self.paid)} of it paid by late days" if self.paid else ""
        late = f"{span(self.by)} late" if self.by else f"{_days(self.days)} late, as the staff decided"
        return late + ("" if self.days else ", within the grace") + paid


def policy(
    deadline: str,
    grace: float = 0.0,
    penalty: float = 0.0,
    max_days: int | None = None,
    timezone: str | None = None,
) -> Policy:
    """Return the Policy of a command line.

    Args:
        deadline: ISO 8601, such as "2026-11-25T23:59:59-08:00"; with a `timezone` it needs no offset.
        grace: minutes, >= 0.
        penalty: percent of the points earned for each day begun, 0 to 100.
        max_days: days late after which nothing is earned, >= 0, or None.
        timezone: name of the course's time zone, such as "America/Los_Angeles", or None for the deadline's offset.

    Raises:
        PolicyError: one of them cannot be meant.
    """
    if not (math.isfinite(grace) and 0 <= grace <= 1e6):
        raise PolicyError(f"--grace-minutes is {grace:g}, expected 0 or more")
    if not 0 <= penalty <= 100:
        raise PolicyError(f"--penalty is {penalty:g}, expected percent for each day, 0 to 100")
    if max_days is not None and max_days < 0:
        raise PolicyError(f"--zero-after-days is {max_days}, expected 0 or more")
    return Policy(moment(deadline, _zone_of(timezone)), datetime.timedelta(minutes=grace), penalty, max_days)


def _zone_of(name):
    if name is None:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise PolicyError(f"--timezone is {name!r}, expected a name such as America/Los_Angeles") from None


def moment(text: str, timezone: datetime.tzinfo | None = None, what: str = "the deadline") -> datetime.datetime:
    """Return a text as datetime with time zone.

    Args:
        text: ISO 8601.
        timezone: tzinfo of the course, which a text without an offset is read in, or None.
        what: whose time it is, for the message.

    Raises:
        PolicyError: it is not ISO 8601, or has no time zone.
    """
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise PolicyError(f"{what} is {text!r}, expected ISO 8601 such as 2026-11-25T23:59:59-08:00") from None
    if timezone is not None:
        return when.astimezone(timezone) if when.tzinfo else when.replace(tzinfo=timezone)
    if when.tzinfo is None:
        local = when.astimezone()
        raise PolicyError(
            f"{what} {text} has no time zone; add --timezone NAME, or an offset: in this machine's zone, "
            f"{zone(local)}, it would be {local.isoformat()}, in UTC {text}Z"
        )
    return when


def assess(record: Any, policy: Policy, extension: Any = None, bank: int = 0, days: int | None = None) -> Lateness:
    """Return the Lateness of a record's submission for a student.

    Args:
        record: Record.
        policy: Policy.
        extension: of the student, see `Policy.due`.
        bank: late days that the student has left; they pay, unless the submission is too late in any case.
        days: days late as the staff decided, or None: what the time says.
    """
    submitted, due = _time(record), policy.due(extension)
    by = max(submitted - due.astimezone(datetime.UTC), datetime.timedelta()) if submitted else datetime.timedelta()
    unknown = record.marked_late and submitted is None and days is None
    if record.files == 0:  # packaging alone: nothing of the assignment could be read
        days, unknown = 0, False
    if days is None:
        days = policy.days_late(submitted, due) if by else 0
    too_late = policy.max_days is not None and days > policy.max_days
    paid = 0 if too_late else min(days, bank)
    penalty = 100.0 if too_late else min((days - paid) * policy.penalty, 100.0)
    after = round(record.earned * (100 - penalty) / 100, 2)
    local = submitted.astimezone(policy.deadline.tzinfo) if submitted else None
    return Lateness(local, by, days, penalty, record.earned, after, paid, unknown, due != policy.deadline)


def _days_after(when, days):
    """Return the same time of day some calendar days later; where it is there twice, the later one."""
    if not days:
        return when
    local = when.replace(tzinfo=None) + datetime.timedelta(days=days)
    readings = [local.replace(tzinfo=when.tzinfo, fold=fold) for fold in (0, 1)]
    return max(readings, key=lambda reading: reading.astimezone(datetime.UTC))


def latest(
    records: Sequence[Any], people: Mapping[str, Iterable[str]] | None = None
) -> tuple[list[Any], list[Any]]:
    """Return (records that count, those that later ones of the same students replace), each in the given order.

    The latest in time counts, late or not; of equally late ones the last in the order of their names. One without
    a time replaces none and is replaced by none.

    Args:
        records: Records or Submissions.
        people: name of a record -> keys of its students; None: the student of each record.
    """
    chosen: dict[str, Any] = {}
    for record in records:
        if record.submitted is None:
            continue
        for person in people[record.name] if people else (record.student,):
            known = chosen.get(person)
            if known is None or _order(record) > _order(known):
                chosen[person] = record
    names = {record.name for record in chosen.values()} | {one.name for one in records if one.submitted is None}
    return [one for one in records if one.name in names], [one for one in records if one.name not in names]


# Moodle's grading worksheet has Full name, Email address and Last modified (submission), in words.
TIMES = {
    "student": ("id", "submission"),
    "email": ("e-mail", "mail", "email address", "e-mail address"),
    "name": ("full name", "student name"),
    "time": ("submitted", "submitted at", "date", "last modified (submission)"),
}
_IN_WORDS = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M")


def with_times(
    submissions: Iterable[Submission], path: Path, called: Called, timezone: str | None = None
) -> list[Submission]:
    """Return the submissions with the times of a CSV file with the columns time and student, email or name.

    A row without a time is passed over: Moodle has one for each student.

    Args:
        submissions: Submissions.
        path: CSV file.
        called: roster.Called, which says whom the first column means.
        timezone: name of the time zone of times without an offset, or None.

    Raises:
        tables.TableError: an unknown student, one that is there twice, or no time.
    """
    times: dict[str, datetime.datetime] = {}
    course = _zone_of(timezone)

    def take(line):
        if line["time"] in ("", "-"):
            return
        words = [line[column] for column in ("student", "email", "name") if line[column]]
        who = next((word for word in words if called.submissions(word) or called.keys(word)), None)
        if who is None:
            raise line.error(called.unknown(words[0] if words else ""))
        names = called.submissions(who)
        if not names:
            return  # somebody of the roster, who handed in nothing
        if len(names) > 1:
            raise line.error(f"{who} has several submissions, expected one of {', '.join(sorted(names))}")
        try:
            when = moment(_numbers(line["time"]), course, "time")
        except PolicyError as error:
            raise line.error(error) from None
        if times.setdefault(*names, when) != when:
            raise line.error(f"{who} has another time in this file already")

    tables.each_line(tables.read_table(Path(path), TIMES, ("time",)), take)
    return [
        dataclasses.replace(
            submission,
            submitted=times[submission.name].astimezone(datetime.UTC).isoformat(),
            time_from=Path(path).name,
        )
        if submission.name in times
        else submission
        for submission in submissions
    ]


def _numbers(text):
    """Return a time that is in words, as Moodle writes it, in the form of ISO 8601; any other text as it is."""
    for form in _IN_WORDS:
        try:
            return datetime.datetime.strptime(text, form).isoformat()
        except ValueError:
            pass
    return text


def _order(record):
    return _time(record), record.name


def _time(record):
    """Return when a record was handed in, in UTC, or None."""
    if record.submitted is None:
        return None
    when = datetime.datetime.fromisoformat(record.submitted)
    if when.tzinfo is None:
        raise ValueError(f"{record.name}: submitted is {record.submitted}, expected a time with its time zone")
    return when.astimezone(datetime.UTC)


def _days(count):
    return f"{count} day{'' if count == 1 else 's'}"


def zone(when: datetime.datetime) -> str:
    """Return the name of a datetime's zone with its offset, `PST, UTC-08:00`."""
    offset = f"UTC{when.strftime('%z')[:3]}:{when.strftime('%z')[3:5]}"
    name = when.tzname() or offset
    return offset.replace("UTC+00:00", "UTC") if name.startswith("UTC") else f"{name}, {offset}"


def span(length: datetime.timedelta) -> str:
    """Return a timedelta in words, `2 days 3 h`, `15 min`; rounded down, and at least a second."""
    seconds = int(length.total_seconds())
    if length >= DAY:
        days, rest = divmod(seconds, 86400)
        return f"{days} day{'' if days == 1 else 's'}" + (f" {rest // 3600} h" if rest >= 3600 else "")
    if length >= HOUR:
        return f"{seconds // 3600} h" + (f" {seconds % 3600 // 60} min" if seconds % 3600 >= 60 else "")
    return f"{seconds // 60} min" if seconds >= 60 else f"{max(seconds, 1)} s"
