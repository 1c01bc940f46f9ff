"""Markdown of a student as a page can show it: escaped, with code, formulas and emphasis set apart.

Nothing of it becomes an element, a link or a picture. Formulas stay LaTeX, in which symbols are easier to read as
what they stand for.
"""

import re
import unicodedata

from markupsafe import Markup, escape

from staff.grade.intake.cells import MAX_TEXT
from staff.grade.intake.text import clean

__all__ = ["code", "prose"]

_PIECES = re.compile(
    r"^```[^\n]*\n(?P<block>.*?)(?:^```[ \t]*(?:\n|\Z)|\Z)"
    r"|`(?P<code>[^`\n]+)`"
    r"|\$\$(?P<display>[^$]+)\$\$\n?"
    r"|\$(?P<formula>[^$\n]+)\$"
    r"|^#{1,6} (?P<heading>[^\n]+)"
    r"|\*\*(?P<strong>[^*\n]+)\*\*"
    r"|(?<![\w*])\*(?P<em>[^*\s][^*\n]*)\*(?![\w*])",
    re.MULTILINE | re.DOTALL,
)
_ELEMENTS = {
    "block": '<code class="block">{}</code>',
    "code": "<code>{}</code>",
    "display": '<code class="block formula">{}</code>',
    "formula": '<code class="formula">{}</code>',
    "heading": "<strong>{}</strong>",
    "strong": "<strong>{}</strong>",
    "em": "<em>{}</em>",
}
_SYMBOLS = dict(le="≤", leq="≤", ge="≥", geq="≥", ne="≠", neq="≠", approx="≈", propto="∝", to="→", infty="∞")
_SYMBOLS |= dict(times="×", cdot="·", odot="⊙", pm="±", sum="∑", prod="∏", partial="∂", nabla="∇")
_SYMBOLS |= {
    "in": "∈",
    "ldots": "…",
    "dots": "…",
    "cdots": "⋯",
    "quad": " ",
    ",": " ",
}


def prose(text: str) -> Markup:
    """Return Markdown as Markup."""
    text, parts, end = clean(text, MAX_TEXT, lines=True), [], 0
    for piece in _PIECES.finditer(text):
        kind = str(piece.lastgroup)  # each alternative has a name
        inside = piece[kind]
        if kind in ("display", "formula"):
            inside = re.sub(r"\\([A-Za-z]+|,)", _symbol, inside)
        before = text[end : piece.start()]
        if kind in ("block", "display"):
            before = before.removesuffix("\n")  # these stand on lines of their own as it is
        parts += [escape(before), Markup(_ELEMENTS[kind]).format(inside.strip("\n"))]
        end = piece.end()
    return Markup("").join([*parts, escape(text[end:])])


def code(text: str) -> Markup:
    """Return code as Markup."""
    return Markup('<code class="block">{}</code>').format(clean(text, MAX_TEXT, lines=True))


def _symbol(found):
    """Return the character that a command of LaTeX stands for, or the command."""
    name = found[1]
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}")
    except KeyError:
        return found[0]
