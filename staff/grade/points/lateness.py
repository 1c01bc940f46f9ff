"""The late policy: which submission of a student counts, how late it is, and what that costs.

Days are counted from the end of the grace period, in spans of 24 hours of which each begun one counts. A
penalty is a share of the points earned. All times are compared in UTC, so that a change of the clocks in between
neither gives nor takes an hour.
"""

import dataclasses
import datetime
import math

__all__ = ["Lateness", "Policy", "PolicyError", "assess", "latest", "policy"]

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
        max_days: days after which a submission earns nothing, or None.
    """

    deadline: datetime.datetime
    grace: datetime.timedelta = datetime.timedelta()
    penalty: float = 0.0
    max_days: int | None = None

    @property
    def text(self):
        """The policy as a sentence."""
        parts = [f"Due {self.deadline.strftime('%A, %d %B %Y, %H:%M:%S')} ({zone(self.deadline)})"]
        if self.grace:
            parts.append(f"{span(self.grace)} of grace")
        parts.append(f"{self.penalty:g} % of the points earned for each day begun after that")
        if self.max_days is not None:
            parts.append(f"nothing after {self.max_days} day{'' if self.max_days == 1 else 's'}")
        return ", ".join(parts) + "."


@dataclasses.dataclass(frozen=True)
class Lateness:
    """What a policy makes of a submission.

    Attributes:
        submitted: datetime in the time zone of the deadline, or None where nothing says it.
        by: timedelta after the deadline; zero if in time.
        days: days that cost something.
        penalty: percent lost.
        before, after: points before and after the penalty.
    """

    submitted: datetime.datetime | None
    by: datetime.timedelta
    days: int
    penalty: float
    before: float
    after: float

    @property
    def text(self):
        """How late, in words."""
        if self.submitted is None:
            return "no time known, counted as in time"
        if not self.by:
            return "in time"
        return f"{span(self.by)} late" + ("" if self.days else ", within the grace")


def policy(deadline, grace=0.0, penalty=0.0, max_days=None):
    """Return the Policy of a command line.

    Args:
        deadline: ISO 8601 with time zone, such as "2026-11-25T23:59:59-08:00".
        grace: minutes, >= 0.
        penalty: percent of the points earned for each day begun, 0 to 100.
        max_days: days after which nothing is earned, >= 0, or None.

    Raises:
        PolicyError: one of them cannot be meant.
    """
    if not (math.isfinite(grace) and 0 <= grace <= 1e6):
        raise PolicyError(f"grace is {grace:g}, expected minutes, 0 or more")
    if not 0 <= penalty <= 100:
        raise PolicyError(f"penalty is {penalty:g}, expected percent for each day, 0 to 100")
    if max_days is not None and max_days < 0:
        raise PolicyError(f"the number of late days is {max_days}, expected 0 or more")
    return Policy(moment(deadline), datetime.timedelta(minutes=grace), penalty, max_days)


def moment(text):
    """Return a text as datetime with time zone.

    Raises:
        PolicyError: it is not ISO 8601, or has no time zone.
    """
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise PolicyError(
            f"the deadline is {text!r}, expected ISO 8601 such as 2026-11-25T23:59:59-08:00"
        ) from None
    if when.tzinfo is None:
        local = when.astimezone()
        raise PolicyError(
            f"the deadline {text} has no time zone; in this machine's, {zone(local)}, it would be "
            f"{local.isoformat()}, in UTC {text}Z"
        )
    return when


def assess(record, policy):
    """Return the Lateness of a record's submission."""
    due = policy.deadline.astimezone(datetime.UTC)
    submitted = _time(record)
    by = max(submitted - due, datetime.timedelta()) if submitted else datetime.timedelta()
    days = max(math.ceil((by - policy.grace) / DAY), 0)
    penalty = min(days * policy.penalty, 100.0)
    if policy.max_days is not None and days > policy.max_days:
        penalty = 100.0
    after = round(record.earned * (100 - penalty) / 100, 2)
    local = submitted.astimezone(policy.deadline.tzinfo) if submitted else None
    return Lateness(local, by, days, penalty, record.earned, after)


def latest(records):
    """Return (records that count, those that a later one of the same student replaces), each in the given order.

    The latest in time counts, late or not; of equally late ones the last in the order of their names. One without
    a time replaces none and is replaced by none.
    """
    chosen = {}
    for record in records:
        if record.submitted is not None:
            known = chosen.get(record.student)
            if known is None or _order(record) > _order(known):
                chosen[record.student] = record
    names = {record.name for record in chosen.values()} | {one.name for one in records if one.submitted is None}
    return [one for one in records if one.name in names], [one for one in records if one.name not in names]


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


def zone(when):
    """Return the name of a datetime's zone with its offset, `PST, UTC-08:00`."""
    offset = f"UTC{when.strftime('%z')[:3]}:{when.strftime('%z')[3:5]}"
    name = when.tzname() or offset
    return offset.replace("UTC+00:00", "UTC") if name.startswith("UTC") else f"{name}, {offset}"


def span(length):
    """Return a timedelta in words, `2 days 3 h`, `15 min`; rounded down, and at least a second."""
    seconds = int(length.total_seconds())
    if length >= DAY:
        days, rest = divmod(seconds, 86400)
        return f"{days} day{'' if days == 1 else 's'}" + (f" {rest // 3600} h" if rest >= 3600 else "")
    if length >= HOUR:
        return f"{seconds // 3600} h" + (f" {seconds % 3600 // 60} min" if seconds % 3600 >= 60 else "")
    return f"{seconds // 60} min" if seconds >= 60 else f"{max(seconds, 1)} s"
