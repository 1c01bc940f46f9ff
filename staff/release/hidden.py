"""What the release leaves out of docstrings and notebooks' prose: formulas to derive, answers beside a question.

It stands between the lines `### BEGIN ANSWER` and `### END ANSWER`, in a markdown cell `<!-- BEGIN ANSWER -->` and
`<!-- END ANSWER -->`. The solved source keeps it.
"""

import re
from collections.abc import Callable

from staff.release.errors import ReleaseError

__all__ = ["cut", "is_marker"]

_MARKER = re.compile(r"\s*(### (BEGIN|END) ANSWER|<!-- (BEGIN|END) ANSWER -->)\s*")


def is_marker(line: str) -> bool:
    """Return whether a line begins or ends a part that is left out."""
    return bool(_MARKER.fullmatch(line))


def cut(text: str, place: Callable[[int], str]) -> str:
    """Return a text without the parts that are left out, nor the empty line after each.

    Args:
        text: source code, or the text of a cell.
        place: function of a line number that returns where that is, for the errors.

    Raises:
        ReleaseError: a part has no beginning or no end.
    """
    kept, begun, after, problems = [], 0, False, []
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if found := _MARKER.fullmatch(line):
            begins = "BEGIN" in (found[2], found[3])
            if begins == bool(begun):
                problems.append(f"{place(begun or number)}: ANSWER without {'an end' if begun else 'a beginning'}")
            begun, after = number if begins else 0, not begins
        elif not begun and not (after and not line.strip()):
            kept.append(line)
            after = False
    if begun:
        problems.append(f"{place(begun)}: ANSWER without an end")
    if problems:
        raise ReleaseError(*problems)
    return "".join(kept)
