"""How text is drawn for who reads it: colours, signs, width, and what can be typed there."""

import os
import shutil
import textwrap
from typing import TextIO

from cs231n.checks.verdicts import Verdict

__all__ = ["IN_NOTEBOOK", "IN_TERMINAL", "Style", "style_of", "wrap"]

_COLOURS = {"green": "32", "red": "31", "yellow": "33", "dim": "2", "bold": "1"}
_OF_VERDICTS = {"good": "green", "blank": "dim", "wrong": "red", "broken": "red"}  # Verdict.colour -> colour
_ASCII = {
    "✓": "+",
    "◐": "+",
    "✗": "x",
    "○": ".",
    "↳": ".",
    "!": "!",
}  # Verdict.sign -> where only ASCII can be shown


# What is typed for the next hint and for a closer look, in a terminal and in a notebook.
IN_TERMINAL = ("python -m cs231n.checks {name} --hints {count}", "python -m cs231n.checks {name} --explain")
IN_NOTEBOOK = (
    'show_checks("{name}", hints={count})',
    'from cs231n.checks import show_explanation; show_explanation("{name}")',
)


class Style:
    """How text is drawn: with colours or without, with signs or in ASCII, and what its readers can type."""

    def __init__(
        self, colour: bool = False, signs: bool = True, width: int = 100, typed: tuple[str, str] = IN_TERMINAL
    ) -> None:
        self.colour, self.signs, self.width = colour, signs, width
        self.next_hint, self.closer_look = typed

    def paint(self, text: str, name: str) -> str:
        """Return the text in a colour, where there are colours."""
        return f"\033[{_COLOURS[name]}m{text}\033[0m" if self.colour else text

    def mark(self, verdict: str) -> tuple[str, str]:
        """Return the sign of a verdict and its colour."""
        verdict = Verdict(verdict)
        return verdict.sign if self.signs else _ASCII[verdict.sign], _OF_VERDICTS[verdict.colour]

    @property
    def arrow(self) -> str:
        return "→" if self.signs else "->"


def style_of(stream: TextIO) -> Style:
    """Return the Style for a stream: colours on a terminal without NO_COLOR, signs where it can encode them."""
    terminal = stream.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    if colour and os.name == "nt":
        os.system("")  # lets the Windows console read colours
    try:
        "✓✗○↳◐→".encode(stream.encoding or "ascii")
        signs = True
    except (UnicodeEncodeError, LookupError):
        signs = False
    width = shutil.get_terminal_size().columns if terminal else 100
    return Style(colour, signs, max(60, min(width, 120)))


def wrap(text: str, style: Style, first: str, following: str | None = None) -> list[str]:
    """Return a text as lines that fit the style's width, the first and those that follow with their indents."""
    return textwrap.wrap(
        text,
        style.width,
        initial_indent=first,
        subsequent_indent=first if following is None else following,
        break_long_words=False,
        break_on_hyphens=False,
    )
