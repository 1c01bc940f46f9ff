"""The verdicts that a check and an exercise can have, and the message that comes with one that did not pass."""

import dataclasses

__all__ = ["VERDICTS", "Failure", "Message"]

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
