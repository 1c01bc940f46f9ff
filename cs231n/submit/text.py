"""Text of notebooks and programs, made safe for a terminal and a page."""

import re

__all__ = ["joined", "without_codes"]

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def joined(text: str | list[str]) -> str:
    """Return a text of a notebook as a string; nbformat allows a list of lines too."""
    return "".join(text)


def without_codes(text: str) -> str:
    """Return a text without escape codes, such as colours, and without control characters but tab and line end.

    Of a line that was written over, as a progress bar does, the last state is kept.
    """
    lines = [_last_state(line) for line in _ANSI.sub("", text).split("\n")]
    return _CONTROL.sub("", "\n".join(lines))


def _last_state(line: str) -> str:
    states = [state for state in line.split("\r") if state.strip()]
    return states[-1] if states else ""
