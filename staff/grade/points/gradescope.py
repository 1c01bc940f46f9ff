"""A record in the form that Gradescope reads: results.json."""

import json

from cs231n.checks.mistakes.recognise import catalogue
from staff.grade.points.course import is_open, scaled
from staff.grade.points.lateness import Lateness
from staff.grade.record import Record

__all__ = ["results"]


def results(record: Record, late: Lateness | None = None) -> str:
    """Return the text of a results.json for a Record, without times of grading: equal records are equal texts.

    Args:
        record: Record.
        late: lateness.Lateness of the submission, or None where there is no deadline. What it costs is a test of
            its own with negative points, so that those of all tests add up to the score.
    """
    tests = [*map(_exercise, record.exercises), *map(_manual, record.manual)]
    if late and late.penalty:
        tests.append(_late(late))
    earned = late.after if late else record.earned
    score = scaled(record, earned) or 0
    if record.exempted:
        tests.append(_scaled(record, earned, score))
    data = {
        "score": score,
        "output": "\n".join(_notes(record, late)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _notes(record, late):
    """Return lines about the submission as a whole."""
    if any(map(is_open, record.exercises)):
        yield "The grader broke at an exercise. Its points are open, and not part of the score."
    if record.files == 0:
        yield "No file of the assignment could be read from what was handed in: hand it in again, or ask us."
    if record.isolation.startswith("reduced"):
        yield f"Isolation was {record.isolation}"
    yield "The checks are those of `python -m cs231n.checks`; only the seeds of the random inputs are secret."
    if record.pending:
        yield "Items that a human judges are pending."
    if late and late.unknown:
        yield f"Lateness: {late.text}."
    elif late and (late.by or late.days):
        yield f"Handed in {late.text}."
    yield from record.problems


def _late(late):
    """Return the test that takes the penalty off."""
    lost = late.after - late.before
    return {
        "name": "Late penalty",
        "name_format": "text",
        "score": round(lost, 2),
        "max_score": 0,
        "output": f"{late.text}: {late.penalty:g} % of the {late.before:g} points earned so far",
        "output_format": "text",
        "visibility": "visible",
    }


def _scaled(record, earned, score):
    """Return the test that makes up for what is exempt."""
    return {
        "name": "Scaled for what does not count",
        "name_format": "text",
        "score": round(score - earned, 2),
        "max_score": 0,
        "output": f"{earned:g} points, where {record.exempted:g} do not count for you, are {score:g} of all",
        "output_format": "text",
        "visibility": "visible",
    }


def _exercise(exercise):
    passed = exercise.verdict == "passed"
    missed = [check for check in exercise.checks if check.verdict not in ("passed", "not_implemented")]
    lines = [exercise.message] if exercise.message else []
    lines += [f"- {check.line}: {check.message or check.verdict}".replace("\n", "\n  ") for check in missed]
    if known := catalogue().get(exercise.misconception):
        lines.append(f"This looks like: {known.title}")
        lines += [f"Hint {number}: {hint}" for number, hint in enumerate(known.hints, 1)]
    if exercise.decided:
        lines.insert(0, exercise.decided)
    if exercise.exempt:
        return _test(exercise, None, lines[:1]) | {"max_score": 0}
    if exercise.trusted:
        lines.append(f"judged with {', '.join(exercise.trusted)} answered by the grader: they are not right yet")
    if exercise.verdict == "grader_error" and not exercise.decided:  # our fault: no score, no failure
        return _test(exercise, None, lines)
    return _test(exercise, exercise.earned, lines) | {"status": "passed" if passed else "failed"}


def _manual(item):
    if item.exempt:
        return _test(item, None, [item.decided]) | {"max_score": 0}
    if item.earned is None:
        return _test(item, None, ["pending: a human reads it"])
    return _test(item, item.earned, [line for line in (item.decided, item.comment) if line])


def _test(item, score, lines):
    test = {
        "name": f"{item.question} {item.name}",
        "name_format": "text",
        "max_score": item.points,
        "output": "\n".join(lines),
        "output_format": "text",
        "visibility": "visible",
    }
    return test if score is None else test | {"score": score}
