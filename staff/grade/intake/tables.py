"""CSV tables that people write, as spreadsheets of any country save them.

Commas, semicolons or tabs separate; decimal commas, empty rows, capitals in headers and the encodings UTF-8,
UTF-16 and ANSI (cp1252) are read. What cannot be meant is refused with the file, the line, the value and what was
expected.
"""

import codecs
import csv
import dataclasses
import io
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from staff.grade import limits
from staff.grade.intake.text import clean

__all__ = ["Line", "TableError", "decoded", "each_line", "number_of", "read_table"]

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)")


class TableError(ValueError):
    """A table cannot be read or says what cannot be meant; the message has a line for each mistake."""


@dataclasses.dataclass(frozen=True)
class Line:
    """A row of a table: its file, the number of its line there, and column -> text."""

    path: Path
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def error(self, why: object) -> TableError:
        """Return a TableError about this row."""
        return TableError(f"{self.path}, line {self.number}: {why}")

    def wrong(self, column: str, expected: str) -> TableError:
        """Return a TableError that says what stands in a column, and what was expected there."""
        return self.error(f"{column} is {clean(self[column], 100)!r}, expected {expected}")


def read_table(path: Path, columns: dict[str, tuple[str, ...]], required: Iterable[str]) -> list[Line]:
    """Return the rows of a CSV file that are not empty.

    Args:
        path: the file.
        columns: name of a column -> other headers that mean the same. Further columns are passed over.
        required: names of the columns that have to be there.

    Raises:
        TableError: it cannot be read, a column is missing or is there twice, or a row has too many cells.
    """
    text = decoded(path)
    first, _, rest = text.partition("\n")
    if said := re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE):  # Excel writes and reads this
        text = f"\n{rest}"
    try:
        rows = list(_rows(text, said[1] if said else _separator(text)))
    except csv.Error as error:
        raise TableError(f'{path}: {error}: look for a quote (") that is not closed') from error
    rows = [(number, cells) for number, cells in rows if any(cells)]
    header = rows[0][1] if rows else []
    names = _named(path, header, columns)
    if missing := [column for column in required if column not in names]:
        raise TableError(
            f"{path} has no column {', '.join(missing)}, expected {', '.join(columns)}; "
            f"its first row is {', '.join(header)[:200] or 'empty'}"
        )
    return [_line(path, number, names, cells, len(header)) for number, cells in rows[1:]]


def each_line(lines: Iterable[Line], reader: Callable[[Line], Any]) -> list[Any]:
    """Return `reader(line)` of all lines.

    Raises:
        TableError: with what is wrong at each of the lines, not only at the first.
    """
    found, problems = [], []
    for line in lines:
        try:
            found.append(reader(line))
        except TableError as error:
            problems.append(str(error))
    if problems:
        more = len(problems) - limits.TABLE_PROBLEMS
        rest = [f"... and {more} more"] if more > 0 else []
        raise TableError("\n".join([*problems[: limits.TABLE_PROBLEMS], *rest]))
    return found


def number_of(text: str) -> float:
    """Return a number with a decimal point or comma; nan for any other text."""
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else math.nan


def decoded(path: Path) -> str:
    """Return the text of a file that a spreadsheet saved.

    Raises:
        TableError: it cannot be opened, is too large, or is no text.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > limits.TABLE_BYTES or data.startswith(b"PK\x03\x04"):
        raise TableError(f"{path} cannot be read: it is not a CSV file; save it as CSV in the spreadsheet")
    encodings = [encoding for mark, encoding in _MARKS.items() if data.startswith(mark)]
    if not encodings and len(data) > 3 and data[1::2].count(0) > len(data) // 4:
        encodings = ["utf-16-le"]
    for encoding in encodings or ("utf-8", "cp1252"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise TableError(f"{path} cannot be read: it is not text in UTF-8, UTF-16 or ANSI; save it as CSV UTF-8")


def _separator(text):
    header = next((line for line in text.split("\n") if line.strip(" ,;\t")), "")
    return max(",;\t", key=re.sub(r'"[^"]*"', "", header).count)


def _rows(text, separator):
    """Yield (number of its first line, cells) of each row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = 1
    for row in reader:
        yield start, [cell.strip() for cell in row]
        start = reader.line_num + 1


def _named(path, header, columns):
    """Return name of a column -> its position."""
    meant = {_plain(word): name for name, others in columns.items() for word in (name, *others)}
    found = {}
    for position, word in enumerate(header):
        name = meant.get(_plain(word))
        if name in found:
            both = f"{header[found[name]]} and {word}"
            raise TableError(f"{path} has two columns that mean {name}: {both}; give one another header")
        if name:
            found[name] = position
    return found


def _plain(header):
    return re.sub(r"[\W_]+", "", header.casefold())


def _line(path, number, names, cells, width):
    # an unquoted decimal comma shifts all that follows: better refused than read into the wrong column
    if any(cells[width:]):
        raise TableError(
            f"{path}, line {number}: {len(cells)} cells, expected {width} as in the first row: put what holds the "
            'separator, such as 1,5, between quotes: "1,5"'
        )
    return Line(path, number, {name: cells[place] for name, place in names.items() if place < len(cells)})
