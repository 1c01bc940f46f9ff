"""Run checks and give verdicts.

A check is a function `check(subject, rng)` that calls the code under check through the subject, draws its inputs
from the generator, and raises `Failure` where the exercise's promise is not kept. Its docstring is the line that
a student reads. It depends on nothing else, so that whoever has a subject and a seed can run it.
"""

import dataclasses
import re
import sys
import traceback
import zlib

import numpy as np

from cs231n.checks.subject import CALL_LIMIT, SubjectFailure

__all__ = [
    "VERDICTS",
    "Check",
    "Failure",
    "Message",
    "Result",
    "check",
    "checks_of",
    "exercises",
    "generator",
    "run_check",
]

# Passed, and what can be in the way. `blocked`: an exercise that this one is built on has to work first.
# `grader_error`: the check itself broke, which is never the student's fault.
VERDICTS = (
    "passed",
    "failed",
    "not_implemented",
    "blocked",
    "error",
    "crashed",
    "timeout",
    "import_error",
    "protocol_violation",
    "grader_error",
)


@dataclasses.dataclass(frozen=True)
class Message:
    """What a student reads about a check that did not pass; empty parts are left out.

    Attributes:
        summary: one line.
        expected, came: what the two sides have, a line each.
        where: where they differ, lines.
        hint: the next thing to try.
    """

    summary: str
    expected: str = ""
    came: str = ""
    where: tuple[str, ...] = ()
    hint: str = ""


class Failure(Exception):
    """A property does not hold."""

    def __init__(self, message):
        super().__init__(message.summary)
        self.message = message


@dataclasses.dataclass(frozen=True)
class Check:
    """A property of an exercise.

    Attributes:
        exercise: name of the exercise.
        name: name of the function.
        line: what holds, in a line.
        hint: the next thing to try where it does not hold.
        function: `function(subject, rng)`.
    """

    exercise: str
    name: str
    line: str
    hint: str
    function: object

    @property
    def id(self):
        """EXERCISE.NAME, unique."""
        return f"{self.exercise}.{self.name}"


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of a check: a verdict, a message where it did not pass, and the seed it stopped at.

    `frames` are the student's frames of an exception: [file, line, function, source line], outermost first.
    """

    check: Check
    verdict: str
    message: Message | None = None
    seed: int | None = None
    frames: tuple = ()


_REGISTRY = {}


def check(exercise, hint=""):
    """Register the decorated function as a check of an exercise."""

    def register(function):
        line = " ".join((function.__doc__ or "").split())
        if not line:
            raise ValueError(f"{function.__name__} of {exercise} has no docstring, the line that a student reads")
        new = Check(exercise, function.__name__, line, hint, function)
        if new.id in {known.id for known in _REGISTRY.get(exercise, [])}:
            raise ValueError(f"there are two checks {new.id}")
        _REGISTRY.setdefault(exercise, []).append(new)
        return function

    return register


def checks_of(exercise):
    """Return the checks of an exercise, in the order in which they are worth reading."""
    import cs231n.checks.exercises  # noqa: F401 - registers all checks

    return tuple(_REGISTRY.get(exercise, ()))


def exercises():
    """Return the names of all that checks are registered for."""
    import cs231n.checks.exercises  # noqa: F401 - registers all checks

    return set(_REGISTRY)


def generator(check_id, seed):
    """Return the random numbers of a check for a public seed: other numbers for each check and seed."""
    return np.random.default_rng([zlib.crc32(check_id.encode()), seed])


def run_check(one, subject, rng, seed=0, limit=CALL_LIMIT):
    """Run a check once.

    Args:
        one: the Check.
        subject: the code under check.
        rng: np.random.Generator that the inputs are drawn from.
        seed: public number that is reported with the result.
        limit: seconds it may take.

    Returns:
        Result.
    """
    try:
        subject.reset(int(rng.integers(2**32)), limit, one.exercise)
        one.function(subject, rng)
    except Failure as failure:
        message = failure.message
        if one.hint and not message.hint:
            message = dataclasses.replace(message, hint=one.hint)
        return Result(one, "failed", message, seed)
    except SubjectFailure as failure:
        return Result(one, failure.verdict, _explain(failure), seed, tuple(map(tuple, failure.frames)))
    except ModuleNotFoundError as error:
        summary = f"{error.name} is not installed in this Python, {sys.executable}"
        hint = "Activate the environment that you installed into; python -m cs231n.doctor says how."
        return Result(one, "grader_error", Message(summary, hint=hint), seed)
    except Exception as error:
        where = tuple(traceback.format_exc().splitlines()[-6:])
        return Result(one, "grader_error", Message(f"the check itself broke: {error!r}", where=where), seed)
    return Result(one, "passed", seed=seed)


_NEXT = {
    "not_implemented": "Your code goes there, in place of the error.",
    "error": "Start at the last of these lines that you wrote.",
    "crashed": "Python itself ended: look for os._exit, endless recursion, and memory that ran out.",
    "timeout": "Look for a loop that does not end, or work that grows faster than the input.",
    "import_error": "Until this file can be imported, nothing that needs it can be checked.",
}


def _explain(failure):
    """Return the message for code that gave no answer."""
    where = []
    # What the package checks about arguments is no code of theirs; the line that handed them in is.
    own = [frame for frame in failure.frames if not frame[0].endswith("validation.py")] or failure.frames
    for file, line, function, source in own[-4:]:
        where.append(f"{file}, line {line}" + (f", in {function}" if function else ""))
        if source:
            where.append(f"    {source}")
    return Message(failure.message, where=tuple(where), hint=_next_step(failure))


_RETURN = re.compile(r"return \w+(, (\w+|\(out\.shape, cache\)))*")  # what stands below a blank


def _next_step(failure):
    """Return the next thing to try for code that gave no answer."""
    unassigned = re.match(r"(?:NameError|UnboundLocalError): .*?'(\w+)'", failure.message)
    if unassigned and failure.frames and _RETURN.fullmatch(failure.frames[-1][3]):
        return f"The line above came with the blank: assign {unassigned[1]} in what you write."
    if failure.message.startswith("BdbQuit"):
        return "Nobody can type into the checks: take the breakpoint out, or stop at it in a notebook."
    return _NEXT.get(failure.verdict, "")
