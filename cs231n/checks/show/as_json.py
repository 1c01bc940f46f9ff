"""The report of a run as data: what `python -m cs231n.checks --json` prints.

    {"format": 1,
     "seeds": 1,
     "exercises": [{"name", "question", "points", "earned", "up_to", "verdict", "needs": [names], "message",
                    "looks_like", "checks": [{"id", "line", "detail", "verdict", "seed", "message"}]}],
     "totals": {"exercises", "passed", "points", "earned"},
     "manual": [{"name", "question", "points"}]}

`verdict` is a `verdicts.Verdict`.
`message` is null, or {"summary", "expected", "got", "where": [lines], "hint"}. `looks_like` is null, or {"name",
"title"} of the known mistake that a failed exercise looks like. `needs` names what has to work first where the
verdict is `blocked`; `up_to` is what the exercise may earn then. `seed` is the seed that a check stopped at.
`checks` may be shorter than the list of an exercise's checks: after a timeout or an import error the rest is not
run.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from cs231n.checks.rubric import Manual
from cs231n.checks.session import Outcome, first_message
from cs231n.checks.verdicts import Verdict

__all__ = ["as_data", "totals"]


def as_data(outcomes: Sequence[Outcome], manual: Iterable[Manual], seeds: int) -> dict[str, Any]:
    """Return the report of some outcomes as plain dicts and lists."""
    return {
        "format": 1,
        "seeds": seeds,
        "exercises": [_exercise(outcome) for outcome in outcomes],
        "totals": totals(outcomes),
        "manual": [{"name": item.name, "question": item.question, "points": item.points} for item in manual],
    }


def totals(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return how many exercises and points there are, and how many of them are reached."""
    return {
        "exercises": len(outcomes),
        "passed": sum(outcome.verdict == Verdict.PASSED for outcome in outcomes),
        "points": sum(outcome.exercise.points for outcome in outcomes),
        "earned": round(sum(outcome.earned for outcome in outcomes), 1),
    }


def _exercise(outcome):
    exercise, message = outcome.exercise, first_message(outcome)
    return {
        "name": exercise.name,
        "question": exercise.question,
        "points": exercise.points,
        "earned": outcome.earned,
        "up_to": outcome.up_to,
        "verdict": outcome.verdict,
        "needs": list(outcome.needs),
        "message": _message(message),
        "looks_like": _known(outcome.looks_like),
        "checks": [
            {
                "id": result.check.id,
                "line": result.check.line,
                "detail": result.check.detail,
                "verdict": result.verdict,
                "seed": result.seed,
                "message": _message(result.message),
            }
            for result in outcome.results
        ],
    }


def _known(known):
    return {"name": known.name, "title": known.title} if known else None


def _message(message):
    return dataclasses.asdict(message) | {"where": list(message.where)} if message else None
