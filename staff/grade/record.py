"""The record of a graded submission: all that the gradebook, the pages and a later run know about it.

A record is written as JSON into OUT/records/NAME.json the moment a submission is graded. It holds no input, no
expected value and no traceback of a secret seed: whatever is in it, the student may see.
"""

import dataclasses
import json
from typing import Any

from cs231n.checks.points import ALL_OR_NOTHING, SCHEMES

__all__ = ["CheckRecord", "ExerciseRecord", "ManualRecord", "PartRecord", "Record", "dump", "load_record"]


@dataclasses.dataclass(frozen=True)
class CheckRecord:
    """The result of a check: its id, the line that a student reads, a `verdicts.Verdict`, a message, and
    whether it is a detail, and whether only the grader has it."""

    id: str
    line: str
    verdict: str
    message: str = ""
    detail: bool = False
    hidden: bool = False


@dataclasses.dataclass(frozen=True)
class ExerciseRecord:
    """The result of an exercise.

    Attributes:
        name, question, points: as in the rubric.
        earned: points, as `points.earned` computes them.
        verdict: a `verdicts.Verdict`.
        message: why it did not pass, one line; "" if it passed.
        needs: exercises that have to work first, where the verdict is `blocked`.
        trusted: exercises that are not right yet, where the grader answered in their place and that earned points.
        misconception: name of the recognised misconception, or None; its title and hint ladder are looked up by
            name in the catalogue that ships with the checks.
        checks: a CheckRecord for each check that was run.
        seconds: wall time.
        notebook: the one that counted, for an exercise in a notebook; else None.
        decided: what the staff decided about its points, and why; "" where the checks decide.
        exempt: whether it does not count for the student.
        remark: what else there is to know about how it was graded, one line; "" for nothing.
    """

    name: str
    question: str
    points: float
    earned: float
    verdict: str
    message: str = ""
    needs: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    misconception: str | None = None
    checks: tuple[CheckRecord, ...] = ()
    seconds: float = 0.0
    notebook: str | None = None
    decided: str = ""
    exempt: bool = False
    remark: str = ""


@dataclasses.dataclass(frozen=True)
class PartRecord:
    """What stands in a cell that a human reads, and in new cells beside it.

    Attributes:
        place: the cell in the release, such as "Dropout.ipynb:answer-1".
        text: what the student wrote there, as Markdown.
        figures: base64 PNGs of its outputs.
        pictures: KEY -> base64 of a PNG, JPEG or GIF that the text shows as `picture:KEY`.
    """

    place: str
    text: str
    figures: tuple[str, ...] = ()
    pictures: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class ManualRecord:
    """An item that a human judges.

    Attributes:
        name, question, points: as in the rubric.
        earned: points given, or None while it is pending.
        comment: what the reader wrote.
        parts: what there is to read, cell by cell.
        shown: numbers the notebook shows and nobody trusts, such as {"open-ended net, validation": "86.0%"}.
        decided, exempt: as of an exercise.
        conflict: what two readers say who do not agree, or "".
    """

    name: str
    question: str
    points: float
    earned: float | None = None
    comment: str = ""
    parts: tuple[PartRecord, ...] = ()
    shown: dict[str, str] = dataclasses.field(default_factory=dict)
    decided: str = ""
    exempt: bool = False
    conflict: str = ""


@dataclasses.dataclass(frozen=True)
class Record:
    """A graded submission.

    Attributes:
        name: unique among the run's submissions and safe as a file name.
        student: who handed it in, as the export of the course site says; else the name.
        source: the path it came from, as given.
        digest: SHA-256 over what came.
        code: SHA-256 over the graded code, which the secret seeds are derived from.
        checks: SHA-256 over the checks and the rubric it was graded with.
        secret: a few digits of a hash of the course secret: tells secrets apart and does not tell them.
        submitted: when, ISO 8601 with time zone, or None where nothing says it.
        isolation: "bubblewrap", or "reduced: ..." with what is missing.
        problems: lines about the submission itself: unreadable, files left out, names that collide.
        exercises, manual: in the order of the rubric.
        seconds: wall time of the whole.
        scheme: how points came about, one of cs231n.checks.points.SCHEMES.
        marked_late: whether the course site marks it as late without saying how late.
        files: how many files of the assignment could be read; None where it was not looked.
        limit: seconds that all checks together could take.
    """

    name: str
    student: str
    source: str
    digest: str
    code: str
    checks: str
    secret: str
    submitted: str | None
    isolation: str
    problems: tuple[str, ...] = ()
    exercises: tuple[ExerciseRecord, ...] = ()
    manual: tuple[ManualRecord, ...] = ()
    seconds: float = 0.0
    scheme: str = SCHEMES[0]
    marked_late: bool = False
    files: int | None = None
    limit: float = 0.0

    @property
    def earned(self) -> float:
        """Points of exercises and judged items together."""
        items: list[Any] = [*self.exercises, *self.manual]
        return sum(item.earned or 0 for item in items if not item.exempt)

    @property
    def exempted(self) -> float:
        """Points of what does not count for the student."""
        items: list[Any] = [*self.exercises, *self.manual]
        return sum(item.points for item in items if item.exempt)

    @property
    def pending(self) -> bool:
        """Whether an item waits for a human."""
        return any(item.earned is None and not item.exempt for item in self.manual)


def dump(record: Record) -> str:
    """Return a record as JSON text."""
    return json.dumps(dataclasses.asdict(record), indent=1, ensure_ascii=False) + "\n"


def load_record(text: str) -> Record:
    """Return the record of a JSON text."""
    data = json.loads(text)
    exercises = tuple(_exercise(item) for item in data.pop("exercises"))
    manual = tuple(_manual(item) for item in data.pop("manual"))
    problems = tuple(data.pop("problems"))
    data.setdefault("scheme", ALL_OR_NOTHING)  # that of the records that do not name one
    return Record(**data, problems=problems, exercises=exercises, manual=manual)


def _exercise(item: dict[str, Any]) -> ExerciseRecord:
    checks = tuple(CheckRecord(**one) for one in item.pop("checks"))
    item |= {name: tuple(item[name]) for name in ("needs", "trusted")}
    return ExerciseRecord(**item, checks=checks)


def _manual(item: dict[str, Any]) -> ManualRecord:
    parts = tuple(PartRecord(**part | {"figures": tuple(part["figures"])}) for part in item.pop("parts"))
    return ManualRecord(**item, parts=parts)
