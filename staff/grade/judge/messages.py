"""What a student is told about a run with secret seeds: the kind of failure, and no number, text or place of it.

A solution sees the secret inputs, so that whatever it says or raises then may hold them. All details come from a
run of the same check with public seeds, which the student can repeat at home.
"""

import builtins

from cs231n.checks.run import Result
from cs231n.checks.session import NOT_REACHED
from cs231n.checks.verdicts import Message, Verdict
from staff.grade.intake.text import clean

__all__ = ["details", "kind"]

# How the summaries of the checks end, and what is said of it; anything else does "not hold".
_KINDS = {
    " wrong values": "the values are wrong",
    " wrong shape": "the shape is wrong",
    " not hold real numbers": "it does not hold real numbers",
    " is not an array": "it is not an array",
    " is not a number": "it is not a number",
    " was changed": "an argument was changed",
    " in place": "an argument was changed in place",
    " wrong kind of result": "it returns the wrong kind of result",
    " wrong keys": "the keys are wrong",
    " is wrong": "a value is wrong",
}


def kind(result: Result) -> str:
    """Return in a few words what kind of failure a Result is; "" if it passed."""
    if result.verdict == Verdict.PASSED:
        return ""
    summary = result.message.summary if result.message else ""
    if summary == NOT_REACHED:
        return NOT_REACHED
    if result.verdict == Verdict.FAILED:
        endings = (text for ending, text in _KINDS.items() if summary.endswith(ending))
        return next(endings, "it does not hold")
    if result.verdict == Verdict.ERROR:
        return f"raises {_exception(summary)}"
    return result.verdict.meaning


def _exception(summary):
    """Return the name of a built-in exception, which a student's class could not fill with numbers."""
    name = summary.split(":")[0]
    known = getattr(builtins, name, None)
    return name if isinstance(known, type) and issubclass(known, BaseException) else "an exception"


def details(public: Result) -> str:
    """Return what a Result of a run with public seeds adds, line by line."""
    again = f"python -m cs231n.checks {public.check.exercise}"
    if public.verdict == Verdict.PASSED:
        return f"It passes with the public seeds. To try more of them: `{again} --seeds 50`"
    message = public.message or Message("")
    parts = [message.summary]
    if message.expected or message.got:
        parts += [f"expected {message.expected}", f"got {message.got}"]
    parts += [*message.where, *([message.hint] if message.hint else [])]
    lines = [f"With public seeds, as `{again}` shows it:", *(clean(part, 500) for part in parts)]
    return clean("\n".join(lines), 1500, lines=True)
