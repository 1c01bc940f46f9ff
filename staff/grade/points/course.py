"""What each student gets of a submission: after overrides, then lateness, each student with days of their own."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from staff.grade.intake.roster import Person, Roster
from staff.grade.points import lateness, overrides
from staff.grade.points.bank import Bank
from staff.grade.record import ExerciseRecord, ManualRecord, Record

__all__ = ["Course", "Standing", "scaled"]

NOTHING = "nothing handed in"


@dataclasses.dataclass(frozen=True)
class Standing:
    """What a student gets.

    Attributes:
        person: the student.
        record: the submission's Record, with what the staff decided about this student.
        late: lateness.Lateness, or None without a deadline.
        missing: whether nothing was handed in.
        unsure: whether somebody of the same name handed in, and it may be this student.
    """

    person: Person
    record: Record
    late: lateness.Lateness | None = None
    missing: bool = False
    unsure: bool = False

    @property
    def status(self) -> str:
        """grader_error, conflict, nothing handed in, pending or complete."""
        if any(is_open(one) for one in self.record.exercises):
            return "grader_error"
        if any(one.conflict for one in self.record.manual):
            return "conflict"
        if self.missing and not self.unsure:
            return NOTHING
        waits = (
            self.unsure
            or self.record.pending
            or self.record.files == 0
            or (self.late is not None and self.late.unknown)
        )
        return "pending" if waits else "complete"

    @property
    def final(self) -> float:
        """Points after the penalty."""
        return self.late.after if self.late else self.record.earned

    @property
    def maximum(self) -> float:
        """Points that could be earned."""
        return _full(self.record) - self.record.exempted


def is_open(exercise: Any) -> bool:
    """Return whether the grader broke at an exercise and nobody decided about it."""
    return exercise.verdict == "grader_error" and not exercise.decided


def _full(record):
    return sum(one.points for one in (*record.exercises, *record.manual))


def scaled(record: Any, points: float | None) -> float | None:
    """Return points as if nothing were exempt, rounded; None if everything is."""
    full, exempted = _full(record), record.exempted
    if not exempted:
        return points
    return round(points * full / (full - exempted), 2) if full > exempted else None


@dataclasses.dataclass(frozen=True)
class Course:
    """The students, and the rules by which points become theirs.

    Attributes:
        people: name of a submission -> the Persons who handed it in; else its Record says who.
        roster: roster.Roster.
        policy: lateness.Policy, or None.
        decided: (key of a student, exercise) -> overrides.Override.
        bank: bank.Bank.
    """

    people: dict[str, tuple[Person, ...]] = dataclasses.field(default_factory=dict)
    roster: Roster = dataclasses.field(default_factory=Roster)
    policy: lateness.Policy | None = None
    decided: dict[tuple[str, str], overrides.Override] = dataclasses.field(default_factory=dict)
    bank: Bank = dataclasses.field(default_factory=Bank)

    def standings(self, record: Record) -> tuple[Standing, ...]:
        """Return the Standing of each student who handed in a submission."""
        people = self.people.get(record.name) or (Person(name=record.student),)
        return tuple(self._standing(person, record) for person in people)

    def shared(self, record: Record) -> Standing:
        """Return what holds for all students of a submission: of one, all; of several, nothing personal."""
        people = self.people.get(record.name) or (Person(name=record.student),)
        if len(people) == 1:
            return self._standing(people[0], record)
        return Standing(
            Person(name=record.student), record, lateness.assess(record, self.policy) if self.policy else None
        )

    def personal(self, record: Record) -> tuple[Standing, ...]:
        """Return the standings of a group's students, where they differ from what holds for all."""
        shared, own = self.shared(record), self.standings(record)
        same = all((one.record, one.late) == (shared.record, shared.late) for one in own)
        return () if len(own) == 1 or same else own

    def absent(self, exercises: Iterable, manual: Iterable) -> list[Standing]:
        """Return the standings of those in the roster who handed in nothing.

        Args:
            exercises, manual: what was graded in this run, of the rubric.
        """
        why, unsure = "nothing was handed in", self._unsure()
        blank = Record(
            *("", "", "", "", "", "", "", None, ""),
            exercises=tuple(
                ExerciseRecord(one.name, one.question, one.points, 0, "not_implemented", why) for one in exercises
            ),
            manual=tuple(ManualRecord(one.name, one.question, one.points, 0) for one in manual),
            problems=(why,),
        )
        standings = []
        for person in self.roster.absent(self.people.values()):
            record = dataclasses.replace(blank, student=person.name or person.id)
            if names := unsure.get(person.key):
                word = "the submission" if len(names) == 1 else "one of the submissions"
                problem = f"several students have this name: {word} {', '.join(names)} may be this student's"
                record = dataclasses.replace(record, problems=(problem,))
            standing = self._standing(person, record)
            standings.append(dataclasses.replace(standing, missing=True, unsure=person.key in unsure))
        return standings

    def _unsure(self) -> dict[str, list[str]]:
        """Return key of a student -> names of the submissions that may be by any of those of this name."""
        found: dict[str, list[str]] = {}
        for name, group in sorted(self.people.items()):
            for stranger in (person for person in group if not person.listed):
                for person in self.roster.namesakes(stranger):
                    found.setdefault(person.key, []).append(name)
        return found

    def _standing(self, person, record):
        own = {name: one for (key, name), one in self.decided.items() if key == person.key}
        days = own.pop(overrides.LATE_DAYS, None)
        decided = overrides.with_overrides(record, own, person.exempt)
        if self.policy is None:
            return Standing(person, decided)
        days = None if days is None else int(days.points)
        late = lateness.assess(decided, self.policy, person.extension, self.bank.left(person), days)
        return Standing(person, decided, late)

    def paid(self, records: Iterable[Record]) -> dict[str, tuple[int, int]]:
        """Return key of a student -> (days late, days that the bank paid)."""
        return {
            one.person.key: (one.late.days, one.late.paid)
            for record in records
            for one in self.standings(record)
            if one.late and one.person.bank
        }
