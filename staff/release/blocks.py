"""Solution blocks in a text: finding them, blanking them, and putting them back.

A block is everything from the line `### BEGIN SOLUTION` to the line `### END SOLUTION`, these two included. A
blank is the two lines that a student gets in its place.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence

from cs231n.submit.blanks import CODE
from staff.release import hidden
from staff.release.errors import ReleaseError

__all__ = ["BEGIN", "END", "Block", "blank", "fill", "find", "stray"]

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
# Also what was meant as a marker and is not spelled like one: it must not slip through as a comment.
_LIKE_A_MARKER = re.compile(
    r"\b(begin|end)[ _-]*solutions?\b|#\s*(begin|end)[ _-]*s[olutin]+\b"
    r"|#\s*(start|stop)[ _-]*solutions?\b|#\s*solutions?[ _-]*((begin|start|end|stop)s?\b|:?\s*$)"
    r"|(#|<!--)\s*((begin|end|start|stop)[ _-]*answers?|answers?[ _-]*(begin|end|start|stop)s?)\b",
    re.IGNORECASE,
)
_BLANK = re.compile(rf"^([ \t]*){CODE}\n\1raise NotImplementedError\(\".*\"\)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """A solution block.

    Attributes:
        start, end: its characters in the text, from the start of one line to the end of another, without the
            last newline.
        line: number of its first line, from 1.
        place: where that line is, for errors.
        text: the characters themselves.
    """

    start: int
    end: int
    line: int
    place: str
    text: str

    @property
    def indent(self) -> str:
        """The white space before its markers."""
        return self.text[: self.text.index("#")]


def find(text: str, place: Callable[[int], str]) -> list[Block]:
    """Return the blocks of a text, in order.

    Args:
        text: source code.
        place: function of a line number that returns where that is, for the errors.

    Raises:
        ReleaseError: a marker is nested, stray, unclosed, misspelled, or indented differently from its partner.
    """
    blocks, problems, opened, offset = [], [], None, 0
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        marker = line.strip()
        if marker == BEGIN:
            if opened:
                problems.append(f"{place(number)}: {BEGIN} inside the block that line {opened[0]} begins")
            opened = opened or (number, offset, line)
        elif marker == END:
            if not opened:
                problems.append(f"{place(number)}: {END} without a beginning")
            elif line.rstrip("\n") != opened[2].rstrip("\n").replace(BEGIN, END):
                problems.append(f"{place(number)}: {END} is indented differently from its beginning")
            else:
                end = offset + len(line.rstrip("\n"))
                blocks.append(Block(opened[1], end, opened[0], place(opened[0]), text[opened[1] : end]))
            opened = None
        elif _LIKE_A_MARKER.search(line) and not hidden.is_marker(line):
            problems.append(f"{place(number)}: {marker!r} looks like a marker, expected {BEGIN!r} or {END!r}")
        offset += len(line)
    if opened:
        problems.append(f"{place(opened[0])}: {BEGIN} without an end")
    if problems:
        raise ReleaseError(*problems)
    return blocks


def stray(text: str, place: Callable[[int], str]) -> list[str]:
    """Return a problem for each line of a text that looks like a marker."""
    lines = enumerate(text.splitlines(), start=1)
    return [
        f"{place(number)}: {line.strip()!r} looks like a marker, in a place where no exercise is expected"
        for number, line in lines
        if _LIKE_A_MARKER.search(line)
    ]


def blank(text: str, blocks: Sequence[Block], messages: Iterable[str]) -> str:
    """Replace each block of a text by a blank that raises its message.

    Args:
        text: source code.
        blocks: its blocks, in order.
        messages: for each block the name of what is to be written, and where.
    """
    for block, message in reversed(list(zip(blocks, messages))):
        two_lines = f'{block.indent}{CODE}\n{block.indent}raise NotImplementedError("{message}")'
        text = text[: block.start] + two_lines + text[block.end :]
    return text


def fill(text: str, blocks: Sequence[Block | None]) -> str:
    """Put blocks back in place of the blanks of a text.

    Args:
        text: source code with as many blanks as there are blocks.
        blocks: for each blank its Block, or None to leave it blank.

    Raises:
        ValueError: the text has another number of blanks.
    """
    found = list(_BLANK.finditer(text))
    if len(found) != len(blocks):
        raise ValueError(f"the text has {len(found)} blanks, expected one for each of {len(blocks)} blocks")
    for match, block in reversed(list(zip(found, blocks))):
        if block is not None:
            text = text[: match.start()] + block.text + text[match.end() :]
    return text
