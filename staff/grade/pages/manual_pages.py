"""Pages for those who judge what no program can.

For each manual item there is a page with all answers in a row, the question and our own answer beside them. Whose
they are is not said: each submission has a code, which the table has too, and the order is that of the codes.
"""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from cs231n.checks.rubric import load_rubric
from staff import ROOT
from staff.grade import limits
from staff.grade.pages.html import anchor, render
from staff.grade.pages.prose import code, prose
from staff.grade.points.manual import codes
from staff.grade.points.readings import HEADER
from staff.grade.record import Record

__all__ = ["asked", "coded", "pages"]


@dataclasses.dataclass(frozen=True)
class Asked:
    """A cell of the solved source: its place, what is asked above it, our answer, and whether that is code."""

    place: str
    title: str
    question: str
    answer: str
    is_code: bool

    def shown(self, text: str) -> Markup:
        """Return a text of this cell as Markup."""
        return code(text) if self.is_code else prose(text)


def asked(item: Any, root: Path = ROOT) -> dict[str, Asked]:
    """Return place -> Asked of an item of the rubric."""
    found = {}
    for place in (*item.cells, *item.alternative):
        notebook, cell_id = place.split(":")
        known = json.loads((root / notebook).read_text(encoding="utf-8"))["cells"]
        number = next(number for number, cell in enumerate(known) if cell["id"] == cell_id)
        above = [cell for cell in known[:number] if cell["cell_type"] == "markdown"]
        question = "".join(above[-1]["source"]) if above else ""
        title = (
            question.split("\n")[0].lstrip("# ")
            if question.startswith("#")
            else cell_id.replace("-", " ").capitalize()
        )
        is_code = known[number]["cell_type"] == "code"
        found[place] = Asked(place, title, question, "".join(known[number]["source"]), is_code)
    return found


def pages(records: Sequence[Record], read: Callable[[str], Record], secret: bytes) -> Iterator[tuple[str, str]]:
    """Yield (file name, HTML text) of the pages of all items, and last of manual.html, which leads to them.

    Args:
        records: Records of the submissions that count.
        read: `read(name)` returns a submission's Record with its texts and figures, all of which fill the memory.
        secret: the course secret, which the codes depend on.
    """
    by_code = coded(records, secret)
    listed = []
    for item in load_rubric().manual.values():
        numbered: Iterable[Any] = enumerate(_chunks(_answers(by_code, read, item)), 1)
        names, before = [], None
        for (number, answers), following in itertools.pairwise(itertools.chain(numbered, [None])):
            names.append(_page_name(item, number))
            after = _page_name(item, number + 1) if following else None
            yield f"manual/{names[-1]}", _page(item, answers, before, after)
            before = names[-1]
        listed.append((item, names, sum(_item(record, item).earned is not None for record in records)))
    yield "manual.html", render("manual.html", items=listed, coded=by_code, columns=HEADER)


def _page(item, answers, before, after):
    """Return a page of answers to an item, between two others."""
    known = asked(item)
    # the same question may be asked in two notebooks
    numbers = {place: i for places in (item.cells, item.alternative) for i, place in enumerate(places, 1)}
    return render(
        "manual_item.html",
        item=item,
        asked=known,
        numbers=numbers,
        questions=[known[place].title for place in item.cells],
        two=bool(item.alternative),
        answers=answers,
        before=before,
        after=after,
    )


def coded(records: Iterable[Record], secret: bytes) -> dict[str, Record]:
    """Return code -> Record, sorted by the codes."""
    found = codes([record.name for record in records], secret)
    return {found[record.name]: record for record in sorted(records, key=lambda record: found[record.name])}


def _item(record, item):
    return next(one for one in record.manual if one.name == item.name)


def _page_name(item, number):
    return f"{anchor(item.name)}{f'-{number}' if number > 1 else ''}.html"


def _answers(coded, read, item):
    """Yield (code, ManualRecord) of all submissions."""
    for called, record in coded.items():
        full = read(record.name)
        yield called, _item(full or record, item)


def _chunks(answers):
    """Yield lists of answers, each as long as a page may be; one at least."""
    chunk, size = [], 0
    for called, judged in answers:
        length = sum(
            len(part.text) + sum(map(len, (*part.figures, *part.pictures.values()))) for part in judged.parts
        )
        if chunk and size + length > limits.PAGE_CHARACTERS:
            yield chunk
            chunk, size = [], 0
        chunk.append((called, judged))
        size += length
    yield chunk
