"""Run a check and give its verdict."""

import dataclasses
import re
import sys
import traceback

import numpy as np

from cs231n.checks.registry import Check
from cs231n.checks.subject.client import CALL_LIMIT, Subject, SubjectFailure
from cs231n.checks.verdicts import Failure, Message, Verdict

__all__ = ["Result", "run_check"]


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a check: a verdict, a message if it did not pass, and the seed of the failure.

    `frames` are the student's frames of an exception: [file, line, function, source line], outermost first.
    `by_slopes`: it held for the slopes of the student's own forward pass, which is wrong; see `Subject`.
    """

    check: Check
    verdict: Verdict
    message: Message | None = None
    seed: int | None = None
    frames: tuple = ()
    by_slopes: tuple = ()


def run_check(
    check: Check, subject: Subject, rng: np.random.Generator, seed: int = 0, limit: float = CALL_LIMIT
) -> Result:
    """Run a check once.

    Args:
        check: the Check.
        subject: the code under check.
        rng: np.random.Generator that the inputs are drawn from.
        seed: public number that is reported with the result.
        limit: seconds it may take.

    Returns:
        Result.
    """
    try:
        subject.reset(int(rng.integers(2**32)), limit, check.exercise)
        check.function(subject, rng)
    except Failure as failure:
        message = failure.message
        if check.hint and not message.hint:
            message = dataclasses.replace(message, hint=check.hint)
        return Result(check, Verdict.FAILED, message, seed)
    except SubjectFailure as failure:
        return Result(check, Verdict(failure.verdict), _explain(failure), seed, tuple(map(tuple, failure.frames)))
    except ModuleNotFoundError as error:
        summary = f"{error.name} is not installed in this Python, {sys.executable}"
        hint = "Activate the environment that you installed into; python -m cs231n.doctor says how."
        return Result(check, Verdict.GRADER_ERROR, Message(summary, hint=hint), seed)
    except Exception as error:
        where = tuple(traceback.format_exc().splitlines()[-6:])
        return Result(
            check, Verdict.GRADER_ERROR, Message(f"the check itself broke: {error!r}", where=where), seed
        )
    return Result(check, Verdict.PASSED, seed=seed, by_slopes=tuple(subject.by_slopes))


def _explain(failure):
    """Return the message for code that gave no answer."""
    blank = failure.verdict == Verdict.NOT_IMPLEMENTED  # which is so whatever the case
    where = [f"for {failure.case}"] if failure.case and not blank else []
    # What the package checks about arguments is no code of theirs; the line that handed them in is.
    own = [frame for frame in failure.frames if not frame[0].endswith("validation.py")] or failure.frames
    for file, line, function, source in own[-4:]:
        where.append(f"{file}, line {line}" + (f", in {function}" if function else ""))
        if source:
            where.append(f"    {source}")
    return Message(failure.message, where=tuple(where), hint=_next_step(failure))


# What Python 2 and older NumPy had, by the message that says it is not there, and what replaced it.
_OLD_NAMES = (
    (r"name '(xrange|raw_input|unicode)' is not defined", r"\1 is Python 2: range, input and str replaced these."),
    (r"has no attribute 'iter(items|keys|values)'", r"iter\1() is Python 2: write \1()."),
    (r"'dict' object has no attribute 'has_key'", "has_key is Python 2: write `key in d`."),
    (r"Missing parentheses in call to 'print'", "print x is Python 2: write print(x)."),
    (
        r"(past|builtins|future|six)\b[\w.]*, which is not available|No module named '(past|future|six)\b",
        "This was for code that runs in Python 2 and 3: remove the line, and write range instead of xrange.",
    ),
    (
        r"'float' object cannot be interpreted as an integer|slice indices must be integers"
        r"|expected a sequence of integers or a single integer",
        "/ gives a float in Python 3. For a size or an index, write //.",
    ),
    (r"module 'numpy' has no attribute 'product'|cannot import name 'product'", "np.product is now np.prod."),
    (
        r"module 'numpy' has no attribute '(float|int|bool|object|complex|str)'",
        r"np.\1 is gone from NumPy: write \1, or a dtype such as np.float64.",
    ),
    (
        r"module 'numpy' has no attribute '(cumproduct|alltrue|sometrue)'",
        r"np.\1 is gone: np.cumprod, np.all, np.any.",
    ),
    (
        r"unexpected keyword argument 'newshape'|newshape",
        "reshape's newshape is now shape: write x.reshape(shape).",
    ),
    (
        r"inconsistent use of tabs and spaces",
        "Tabs and spaces are mixed in the indentation: let the editor use spaces.",
    ),
)
_RETURN = re.compile(r"return \w+(, (\w+|\(out\.shape, cache\)))*")  # what stands below a blank


def _next_step(failure):
    """Return the next thing to try for code that gave no answer."""
    unassigned = re.match(r"(?:NameError|UnboundLocalError): .*?'(\w+)'", failure.message)
    if unassigned and failure.frames and _RETURN.fullmatch(failure.frames[-1][3]):
        return f"The line above was given: your code has to assign {unassigned[1]}."
    if failure.message.startswith("BdbQuit"):
        return "The checks have no keyboard input: remove the breakpoint, or use it in a notebook."
    for pattern, said in _OLD_NAMES:
        if found := re.search(pattern, failure.message):
            return found.expand(said)
    return Verdict(failure.verdict).next_step
