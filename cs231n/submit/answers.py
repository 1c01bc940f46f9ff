"""The answers to the inline questions of a notebook."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

from cs231n.submit.blanks import is_answered
from cs231n.submit.cells import Mark, Notebook, around, marks
from cs231n.submit.text import joined

__all__ = ["Answer", "answer_pages", "answers"]


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: the heading above it.
        cells: the marked cell, and new cells beside it; empty where there are none.
        is_answered: whether they say anything besides the prompt.
    """

    question: str
    cells: list[dict[str, Any]]
    is_answered: bool


def answers(notebook: Notebook, blank: Sequence[Mark]) -> list[Answer]:
    """Return the Answers of a notebook in order.

    Args:
        notebook: as a dict.
        blank: Marks of the notebook in the release; empty where that is not known.
    """
    own = marks(notebook)
    found = []
    for place, mark in enumerate(blank or own):
        if mark.is_answer:
            numbers = around(own, mark.id, blank) if blank else [place]
            cells = [notebook["cells"][number] for number in numbers]
            said = any(is_answered(joined(cell["source"])) for cell in cells)
            found.append(Answer(_heading(notebook, numbers) or mark.id, cells, said))
    return found


def answer_pages(notebooks: dict[str, Notebook], blanks: dict[str, list[Mark]]) -> Iterator[tuple[str, Notebook]]:
    """Yield a page for each question: its title, and a notebook that holds the answer alone."""
    for name, notebook in notebooks.items():
        for answer in answers(notebook, blanks.get(name, [])):
            missing = {"cell_type": "markdown", "metadata": {}, "source": "*No answer.*"}
            heading = {"cell_type": "markdown", "metadata": {}, "source": f"## {answer.question}"}
            cells = [heading, *(answer.cells if answer.is_answered else [missing])]
            yield f"{name}, {answer.question}", {**notebook, "cells": cells}


def _heading(notebook: Notebook, numbers: Sequence[int]) -> str:
    """Return the last heading above cells, up to a colon; "" without."""
    for cell in reversed(notebook["cells"][: numbers[0] if numbers else 0]):
        if cell["cell_type"] == "markdown":
            if headings := re.findall(r"^#+ +(.+)", joined(cell["source"]), re.MULTILINE):
                return str(headings[-1]).split(":")[0]
    return ""
