"""Texts of students made fit to be shown: nothing that cannot be seen or written, and no more than so much."""

import re
import unicodedata

__all__ = ["clean", "shorten"]

_JOINERS = "\u200c\u200d"  # which scripts and emoji need


def _formats():
    """Return all format characters, which have no look of their own, but those that writing needs."""
    # Planes 2 and 3 are of ideographs, and from 4 to 13 and above 14 there are no characters but private ones.
    every = map(chr, (*range(0x20000), *range(0xE0000, 0xF0000)))
    return "".join(letter for letter in every if unicodedata.category(letter) == "Cf" and letter not in _JOINERS)


_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters, of terminals too
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0000-\U000e00ff"  # blank or without width
    f"{_formats()}"  # such too, and such that turn the direction around
    "\ud800-\udfff\ufffe\uffff]"  # halves of characters, which UTF-8 cannot write
)


def clean(text: str, limit: int = 1000, lines: bool = False) -> str:
    """Return a text without what cannot be seen or written, in one line unless `lines`."""
    text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", _BREAKS.sub("\n", text[: limit + 1]))
    if not lines:
        text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[:limit]} ..."


def shorten(text: str, limit: int) -> str:
    """Return a text with its middle left out where it is long."""
    half = limit // 2 - 2
    return text if len(text) <= limit else f"{text[:half]} ... {text[-half:]}"
