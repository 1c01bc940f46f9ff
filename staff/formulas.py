"""Formulas that a page shows without a network: from TeX to MathML, which browsers typeset by themselves."""

from html import escape, unescape
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

__all__ = ["STYLE", "formula", "mathml"]

STYLE = """
math {
  font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre", math;
}
math[display="block"] { margin: 0.8em 0; max-width: 100%; overflow-x: auto; overflow-y: hidden; }
"""

MAX_CHARACTERS = 4000
_ELEMENTS = set(
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd "
    "mstyle mpadded mphantom".split()
)
_ATTRIBUTES = set(
    "xmlns display displaystyle scriptlevel mathvariant stretchy fence form accent accentunder movablelimits "
    "minsize maxsize linethickness columnalign columnspacing rowspacing mathcolor width height depth "
    "lspace rspace voffset".split()
)


def formula(tex: str, *, display: bool = False) -> str:
    """Return HTML of a formula: MathML, or the TeX as code where it cannot be typeset.

    Args:
        tex: what stands between the dollar signs. It may come from anybody.
        display: whether the formula stands on a line of its own.

    Returns:
        HTML in which all text is escaped; no element and no attribute of it can run code or open an address.
    """
    try:
        return mathml(tex, display=display)
    except ValueError:
        return f"<code>{escape(tex)}</code>"


def mathml(tex: str, *, display: bool = False) -> str:
    """Return a formula as a MathML element.

    Args:
        tex: what stands between the dollar signs.
        display: whether the formula stands on a line of its own.

    Returns:
        text of the element `math`.

    Raises:
        ValueError: the formula is too long, or has a command that cannot be typeset.
    """
    if len(tex) > MAX_CHARACTERS:
        raise ValueError(f"formula has {len(tex)} characters, expected at most {MAX_CHARACTERS}")
    try:
        element = convert_to_element(tex, display="block" if display else "inline")
        return _text_of(element)
    except ValueError:
        raise
    except Exception as error:  # TeX of anybody: whatever the converter trips over
        raise ValueError(f"formula {tex!r} cannot be typeset: {type(error).__name__}: {error}") from error


def _text_of(element: Element) -> str:
    """Return an element with its children as text; the converter's own way would not escape it."""
    if element.tag not in _ELEMENTS or set(element.attrib) - _ATTRIBUTES:
        raise ValueError(f"formula has an element {element.tag} with attributes {element.attrib}")
    text = unescape(element.text or "")  # the converter writes symbols as &#x...;
    if element.tag != "mtext" and "\\" in text:
        raise ValueError(f"formula has the command {text}, which cannot be typeset")
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.attrib.items())
    inside = "".join(map(_text_of, element))
    return f"<{element.tag}{attributes}>{escape(text)}{inside}</{element.tag}>"
