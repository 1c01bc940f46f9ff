"""What has changed since a previous run: whose result, of which exercise, and why."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from staff.grade import record as records_of
from staff.grade.intake.text import clean
from staff.grade.record import Record

__all__ = ["Change", "PreviousError", "changes", "changes_text", "described", "grouped", "read_earlier"]


class PreviousError(ValueError):
    """A folder holds no run that can be compared with; the message says what was expected."""


@dataclasses.dataclass(frozen=True)
class Change:
    """A difference between two runs.

    Attributes:
        name, student: of the submission.
        item: exercise or manual item, or "" where a whole submission came or went.
        before, after: (points, verdict) in each run; None where there was nothing.
        why: what differs between the runs: the code, the checks, the secret, ...
    """

    name: str
    student: str
    item: str
    before: tuple[float | None, str] | None
    after: tuple[float | None, str] | None
    why: str

    @property
    def difference(self) -> float:
        """Points gained, negative if lost."""
        before, after = ((side[0] or 0) if side else 0 for side in (self.before, self.after))
        return after - before


def read_earlier(folder: Path) -> list[Record]:
    """Return the records that a run left in a folder, sorted by name.

    Raises:
        PreviousError: there are none, or one cannot be read.
    """
    paths = sorted(Path(folder, "records").glob("*.json"))
    if not paths:
        raise PreviousError(f"{folder} holds no records/*.json, expected the output folder of an earlier run")
    found = []
    for path in paths:
        try:
            found.append(records_of.load_record(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PreviousError(f"{path} is not a record of this version of the grader: {error!r}") from error
    return found


def changes(before: Iterable[Record], after: Iterable[Record]) -> list[Change]:
    """Return the Changes between the records of two runs: submissions by name, exercises in their order."""
    old, new = ({record.name: record for record in run} for run in (before, after))
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            found.append(_whole(old[name], "not among the submissions any more", gone=True))
        elif name not in old:
            found.append(_whole(new[name], "was not there before"))
        else:
            found += _differences(old[name], new[name])
    return found


def _whole(record, why, gone=False):
    points = (record.earned, "submission")
    return Change(record.name, record.student, "", points if gone else None, None if gone else points, why)


def _differences(old, new):
    """Return the Changes between two records of one submission."""
    found = []
    for attribute, reasons in (("exercises", _reasons), ("manual", lambda *_: "judged by a human")):
        was, now = (
            {item.name: (item.earned, _state(item)) for item in getattr(one, attribute)} for one in (old, new)
        )
        for name in [*now, *(was.keys() - now.keys())]:
            before, after = was.get(name), now.get(name)
            if before != after:
                found.append(Change(new.name, new.student, name, before, after, reasons(old, new)))
    return found


def _state(item):
    """Return the verdict of an exercise, or whether a manual item is judged."""
    return getattr(item, "verdict", "pending" if item.earned is None else "judged")


def _reasons(old, new):
    """Return what differs between two runs over a submission, in words."""
    reasons = []
    if old.code != new.code:
        reasons.append("code")
    elif old.digest != new.digest:
        reasons.append("files beside the modules, such as a notebook")
    if old.scheme != new.scheme:
        reasons.append("points scheme")
    reasons += [name for name in ("checks", "secret") if getattr(old, name) != getattr(new, name)]
    if old.isolation != new.isolation:
        reasons.append("isolation")
    return ", ".join(reasons) or "nothing that is recorded: a limit of time or memory, or chance"


def grouped(found: Iterable[Change]) -> list[list[Change]]:
    """Return the changes in lists, one for each submission and reason."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in found:
        groups.setdefault((change.name, change.why), []).append(change)
    return list(groups.values())


def changes_text(found: Sequence[Change]) -> str:
    """Return the changes as lines for a terminal."""
    if not found:
        return "No result has changed since the previous run; late penalties are not compared."
    students = len({change.name for change in found})
    lines = [f"Changed since the previous run: {len(found)} results of {students} submissions"]
    for change in found:
        what = change.item or "the submission"
        lines.append(
            f"  {clean(change.name, 40)}  {clean(what, 60)}: {described(change.before)} -> "
            f"{described(change.after)} ({change.why})"
        )
    return "\n".join(lines)


def described(side: tuple[float | None, str] | None) -> str:
    """Return one side of a change in words."""
    if side is None:
        return "nothing"
    points, verdict = side
    verdict = verdict.replace("_", " ")
    return verdict if points is None else f"{verdict} ({points:g})"
