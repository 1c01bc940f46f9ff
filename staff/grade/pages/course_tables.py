"""What the class report says about the course: what was found, sections, readers, attempts, open requests."""

import collections
import dataclasses
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from staff.grade.points.course import is_open

__all__ = ["Entries", "attempts", "by_reader", "by_section"]


@dataclasses.dataclass(frozen=True)
class Entries:
    """What a run found and whom it missed.

    Attributes:
        submissions: Submissions, also those that later ones replace.
        left_out: exports.LeftOut of each entry that is no submission.
        absent: course.Standings of students who handed in nothing.
    """

    submissions: tuple = ()
    left_out: tuple = ()
    absent: tuple = ()

    @property
    def found(self) -> int:
        """How many entries there were."""
        return sum(len(one.paths) for one in self.submissions) + len(self.left_out)


def by_section(standings: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return (section, students, handed in, complete, mean points or None, median) of each section of the roster.

    Args:
        standings: course.Standings of all students, with those who handed in nothing, who are in no mean.
    """
    sections = collections.defaultdict(list)
    for one in standings:
        sections[one.person.section].append(one)
    rows = []
    for section, those in sorted(sections.items()) if any(sections) else ():
        handed_in = [one for one in those if not one.missing]
        points = [one.final for one in handed_in if not any(map(is_open, one.record.exercises))]
        complete = sum(one.status == "complete" for one in handed_in)
        average = (statistics.mean(points), statistics.median(points)) if points else (None, None)
        rows.append((section or "no section", len(those), len(handed_in), complete, *average))
    return rows


def by_reader(marks: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return (item, question or 0, reader, how many, mean points), so that readers of one question stand together.

    Args:
        marks: (item, question or 0, reader, points) of each entry.
    """
    found = collections.defaultdict(list)
    for *key, points in marks:
        found[tuple(key)].append(points)
    return [(*key, len(points), statistics.mean(points)) for key, points in sorted(found.items())]


def attempts(submissions: Sequence[Any], replaced: Collection[str], points: Mapping[str, float]) -> list[Any]:
    """Return (attempts, submissions, median points) where an export says how often they were handed in; else ().

    Args:
        submissions: Submissions, also those that later ones replace.
        replaced: names of these.
        points: name of a submission that counts -> points.
    """
    if not replaced and all(one.attempts is None for one in submissions):
        return []
    earlier = collections.Counter(one.student for one in submissions if one.name in replaced)
    found = collections.defaultdict(list)
    for one in submissions:
        if one.name in points:
            found[one.attempts or 1 + earlier[one.student]].append(points[one.name])
    return [(count, len(those), statistics.median(those)) for count, those in sorted(found.items())]
