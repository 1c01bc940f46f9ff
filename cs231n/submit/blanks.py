"""What a student's release has in place of an answer, and how to find what is still blank."""

import re

__all__ = ["ANSWER", "ANSWER_TAG", "CODE", "blanks", "is_answered"]

# A code blank is this comment and, under it, a NotImplementedError that names the exercise and its file.
CODE = "# YOUR CODE HERE"
_RAISE = re.compile(r'^[ \t]*raise NotImplementedError\("([^"()\n]+ \(Q\d+\): [^"\n]+)"\)[ \t]*$', re.MULTILINE)

# An answer is a markdown cell with this tag; blank, it holds this text.
ANSWER_TAG = "solution"
ANSWER = "**Your answer:** *replace this line.*"


def blanks(source: str) -> list[str]:
    """Return the messages of the blanks in a source text, in order: `affine_forward (Q1): cs231n/layers.py`."""
    return _RAISE.findall(source)


def is_answered(source: str) -> bool:
    """Return whether an answer cell says anything besides its prompt."""
    words = re.sub(r"\*|your answer:|replace this line\.", "", source, flags=re.IGNORECASE)
    return bool(re.search(r"\w", words))
