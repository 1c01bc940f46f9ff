"""A record in the form that Gradescope reads: results.json."""

import json

__all__ = ["results"]


def results(record):
    """Return the text of a results.json for a Record; it holds no times, so equal records are equal texts."""
    data = {
        "score": record.earned,
        "output": "\n".join(_notes(record)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [*map(_exercise, record.exercises), *map(_manual, record.manual)],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _notes(record):
    """Return lines about the submission as a whole."""
    if any(one.verdict == "grader_error" for one in record.exercises):
        yield "The grader broke at an exercise. Its points are open, and not part of the score."
    if record.isolation.startswith("reduced"):
        yield f"Isolation was {record.isolation}"
    yield "The checks are those of `python -m cs231n.checks`; only the seeds of the random inputs are secret."
    if record.pending:
        yield "Items that a human judges are pending."
    yield from record.problems


def _exercise(exercise):
    passed = exercise.verdict == "passed"
    missed = [check for check in exercise.checks if check.verdict not in ("passed", "not_implemented")]
    lines = [exercise.message] if exercise.message else []
    lines += [f"- {check.line}: {check.message or check.verdict}" for check in missed]
    if exercise.trusted:
        lines.append(f"judged with {', '.join(exercise.trusted)} answered by the grader, since those do not work")
    if exercise.verdict == "grader_error":  # nobody's fault but ours: no score and no failure
        return _test(exercise, None, lines)
    return _test(exercise, exercise.earned, lines) | {"status": "passed" if passed else "failed"}


def _manual(item):
    if item.earned is None:
        return _test(item, None, ["pending: a human reads it"])
    return _test(item, item.earned, [item.comment])


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
