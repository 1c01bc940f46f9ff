"""The verdicts that a check and an exercise can have, and the message of one that did not pass."""

import dataclasses
import enum

__all__ = ["Failure", "Message", "Verdict"]


class Verdict(enum.StrEnum):
    """The result of a check or an exercise; as text it is what records and reports hold, such as "passed".

    Attributes:
        word: what a table says.
        meaning: what that means, for a first reader.
        sign: a character for it.
        colour: good, blank, wrong or broken.
        next_step: what to do about it; "" where the message says so.
    """

    word: str
    meaning: str
    sign: str
    colour: str
    next_step: str

    def __new__(cls, value: str, *columns: str) -> "Verdict":
        """Make a member: its text and, in order, its attributes; the last may be left out."""
        verdict = str.__new__(cls, value)
        verdict._value_ = value
        verdict.word, verdict.sign, verdict.colour, verdict.meaning, verdict.next_step = (*columns, "")[:5]
        return verdict

    PASSED = "passed", "passed", "✓", "good", "every check of the exercise passed"
    CORE_PASSED = (
        "core_passed",
        "right except for details",
        "◐",
        "good",
        "right on ordinary input; a detail is missing",
    )
    FAILED = "failed", "failed", "✗", "wrong", "it runs, and gives a wrong result in at least one check"
    NOT_IMPLEMENTED = (
        *("not_implemented", "not written yet", "○", "blank"),
        "the solution block is still blank",
        "Your code goes there, in place of the error.",
    )
    BLOCKED = "blocked", "blocked", "↳", "blank", "an exercise that it builds on has to work first"
    ERROR = (
        *("error", "error", "✗", "wrong"),
        "it raised an exception",
        "Start at the last of these lines that you wrote.",
    )
    CRASHED = (
        *("crashed", "crashed", "✗", "broken"),
        "Python crashed, or ran out of memory",
        "Python crashed: look for os._exit, endless recursion, and code that needs too much memory.",
    )
    TIMEOUT = (
        *("timeout", "too slow", "✗", "broken"),
        "it took longer than a check may take",
        "Look for a loop that does not end, or work that grows faster than the input.",
    )
    IMPORT_ERROR = (
        *("import_error", "cannot be imported", "✗", "broken"),
        "the file could not be imported, so nothing in it could be checked",
        "Until this file can be imported, nothing that needs it can be checked.",
    )
    PROTOCOL_VIOLATION = (
        *("protocol_violation", "invalid result", "✗", "broken"),
        "what it sent back cannot be a return value",
    )
    GRADER_ERROR = (
        *("grader_error", "the check broke", "!", "broken"),
        "the check itself broke: this costs no points, and the staff has to look at it",
    )
    NOT_CHECKED = "not_checked", "in the notebook", "○", "blank", "its cells in the notebook show whether it works"


@dataclasses.dataclass(frozen=True)
class Message:
    """What a student reads about a check that did not pass; empty parts are left out.

    Attributes:
        summary: one line.
        expected, got: what the two sides have, a line each.
        where: where they differ, lines.
        hint: the next thing to try.
    """

    summary: str
    expected: str = ""
    got: str = ""
    where: tuple[str, ...] = ()
    hint: str = ""


class Failure(Exception):
    """A property does not hold."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.summary)
        self.message = message
