"""Markdown of a student as a page can show it: escaped, with code, formulas, tables and pictures set apart.

Nothing of it becomes a link or any other element; a picture is one that the notebook holds. Formulas are MathML,
which browsers typeset without a network, or stay LaTeX where that has a command that the converter does not know.
"""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from staff.formulas import mathml
from staff.grade import limits
from staff.grade.intake.text import clean

__all__ = ["code", "prose"]

_PIECES = re.compile(
    r"^(?P<fence>`{3,})[^`\n]*\n(?P<block>.*?)(?:^(?P=fence)`*[ \t]*(?:\n|\Z)|\Z)"
    r"|`(?P<code>[^`\n]+)`"
    r"|\$\$(?P<display>[^$]+)\$\$\n?"
    r"|(?<!\\)\$(?P<formula>[^$\n]+)\$(?!\d)"
    r"|(?P<environment>\\begin\{(?P<name>(?:align|equation|gather)\*?)\}.*?\\end\{(?P=name)\})\n?"
    r"|!\[[^]\n]*\]\(picture:(?P<picture>[0-9a-f]+)\)"
    r"|^(?=[^\n|]*\|)(?P<table>[^\n]+\n(?=[^\n-]*-)[ \t|:-]+(?:\n(?=[^\n|]*\|)[^\n]+)*)(?:\n|\Z)"
    r"|^#{1,6} (?P<heading>[^\n]+)"
    r"|\*\*(?P<strong>[^*\n]+)\*\*"
    r"|(?<![\w*])\*(?P<em>[^*\s][^*\n]*)\*(?![\w*])",
    re.MULTILINE | re.DOTALL,
)
_ELEMENTS = {
    "block": '<code class="block">{}</code>',
    "code": "<code>{}</code>",
    "heading": "<strong>{}</strong>",
    "strong": "<strong>{}</strong>",
    "em": "<em>{}</em>",
}
_FORMULAS = ("display", "environment", "formula")
_ALONE = ("block", "display", "environment", "picture", "table")  # these stand on lines of their own as it is
_KINDS = {"iVBOR": "png", "/9j/": "jpeg", "R0lGOD": "gif"}  # how base64 of a picture begins
_ROWS = 100  # of a table
_COLUMNS = 12


def prose(text: str, pictures: Mapping[str, str] | None = None) -> Markup:
    """Return Markdown as Markup.

    Args:
        text: Markdown.
        pictures: KEY -> base64 of a picture, of those that the text calls `picture:KEY`.
    """
    text, parts, end = clean(text, limits.CELL_CHARACTERS, lines=True), [], 0
    for piece in _PIECES.finditer(text):
        kind = next(kind for kind in (*_ELEMENTS, *_FORMULAS, "picture", "table") if piece[kind] is not None)
        before = text[end : piece.start()]
        parts += [
            escape(before.rstrip("\n") if kind in _ALONE else before),
            _shown(kind, piece[kind], pictures or {}),
        ]
        end = piece.end()
        while kind in _ALONE and text[end : end + 1] == "\n":
            end += 1
    return Markup("").join([*parts, escape(text[end:])])


def _shown(kind, inside, pictures):
    """Return a piece of Markdown as Markup."""
    if kind in _FORMULAS:
        return _formula(inside, kind)
    if kind == "picture":
        return _picture(pictures[inside]) if inside in pictures else Markup("[no picture]")
    if kind == "table":
        return _table(inside.splitlines(), pictures)
    return Markup(_ELEMENTS[kind]).format(inside.strip("\n"))


def code(text: str) -> Markup:
    """Return code as Markup."""
    return Markup('<code class="block">{}</code>').format(clean(text, limits.CELL_CHARACTERS, lines=True))


def _formula(tex, kind):
    """Return a formula as MathML, without characters that cannot be seen; as it was typed where that fails."""
    try:
        unnumbered = re.sub(r"\{(align|gather)\}", r"{\1*}", tex.strip())
        shown = mathml(unnumbered, display=kind != "formula")
    except ValueError:
        block = "block " if kind != "formula" else ""
        return Markup('<code class="{}formula">{}</code>').format(block, tex.strip("\n"))
    return Markup("".join(letter if letter.isprintable() else " " * letter.isspace() for letter in shown))


def _picture(data):
    """Return a picture; what is none is said to be missing."""
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
    if kind is None or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", data):
        return Markup("[no picture]")
    return Markup('<img src="data:image/{};base64,{}" alt="A picture in the answer" loading="lazy">').format(
        kind, data
    )


def _table(lines, pictures):
    """Return lines of a Markdown table, of which the second is the rule under its header."""
    header, *rows = (re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|")) for line in lines)
    header, rows = header[:_COLUMNS], rows[1 : _ROWS + 1]

    def line(cells, element):
        shown = (prose(cell.strip(), pictures) for cell in cells[: len(header)])
        return Markup("<tr>{}</tr>").format(Markup("").join(map(Markup(element).format, shown)))

    return Markup(
        '<table><caption class="unseen">A table in the answer</caption><thead>{}</thead><tbody>{}</tbody></table>'
    ).format(line(header, '<th scope="col">{}</th>'), Markup("").join(line(row, "<td>{}</td>") for row in rows))
