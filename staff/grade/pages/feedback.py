"""What a student gets to read: verdicts, points, and the next step of each exercise that does not work yet."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from cs231n.checks.rubric import Rubric
from staff.grade.pages.html import render
from staff.grade.points.course import scaled
from staff.grade.points.lateness import Lateness
from staff.grade.record import Record

__all__ = ["feedback"]

NEXT = 3  # exercises to go on with are named at once


@dataclasses.dataclass(frozen=True)
class _Question:
    """A question with its results."""

    title: str
    name: str
    points: float
    exercises: tuple
    manual: tuple

    @property
    def earned(self):
        return sum(item.earned or 0 for item in (*self.exercises, *self.manual) if not item.exempt)

    @property
    def pending(self):
        return sum(item.points for item in self.manual if item.earned is None and not item.exempt)


def feedback(record: Record, rubric: Rubric, catalogue: Mapping[str, Any], late: Lateness | None = None) -> str:
    """Return the page of a submission as HTML text.

    Args:
        record: Record.
        rubric: cs231n.checks.rubric.Rubric.
        catalogue: name of a misconception -> Known, with a title and three hints.
        late: lateness.Lateness of the submission, or None where there is no deadline.

    It shows what the student may know: nothing of where the submission lay, of seeds, or of other submissions.
    """
    questions = [_question(question, record) for question in rubric.questions.values()]
    waits = _waits(record.exercises, rubric)
    shown = [question for question in questions if question.exercises or question.manual]
    return render(
        "feedback.html",
        record=record,
        questions=shown,
        points=sum(question.points for question in shown),
        pending=sum(question.pending for question in shown),
        next=_next(record.exercises, waits),
        waits=waits,
        anchors={exercise.name for exercise in record.exercises},
        catalogue=catalogue,
        late=late,
        total=scaled(record, late.after if late else record.earned),
        legend=sorted({exercise.verdict for exercise in record.exercises}),
    )


def _waits(exercises, rubric):
    """Return name -> what an exercise builds on that does not work yet, of those that do not work themselves."""
    wrong = {one.name for one in exercises if one.verdict not in ("passed", "grader_error")}
    broken = {one.name for one in exercises if one.name in wrong and one.verdict != "core_passed"}
    return {name: [need for need in rubric.exercises[name].needs if need in broken] for name in wrong}


def _next(exercises, waits):
    """Return the names of the first exercises to go on with: those that do not wait for another."""
    return [one.name for one in exercises if one.name in waits and not waits[one.name]][:NEXT]


def _question(question, record):
    """Return a _Question of the rubric with what a record says about it."""
    exercises, manual = (
        tuple(item for item in items if item.question == question.name)
        for items in (record.exercises, record.manual)
    )
    return _Question(question.title, question.name, question.points, exercises, manual)
