"""HTML pages that need nothing but themselves: `templates/` with their style sheet inside.

Every value is escaped, and freed of characters that cannot be seen, on its way into a page; a content security
policy in each page keeps the network out even if that should fail, and all scripts but the one that leads from
answer to answer by keys.
"""

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from cs231n.checks.verdicts import Verdict
from staff.formulas import STYLE as FORMULAS
from staff.grade import limits
from staff.grade.intake.text import clean, shorten
from staff.grade.pages.prose import prose

__all__ = ["plural", "points_text", "render"]

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """Return the page of a template as text."""
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": points_text,
        "breakable": breakable,
        "ticked": ticked,
        "anchor": anchor,
        "plural": plural,
        "shorten": shorten,
        "picture": picture,
    }
    keys = (TEMPLATES / "keys.js").read_text(encoding="utf-8")
    environment.globals |= {
        "keys": Markup(keys),
        "keys_hash": Markup("sha256-") + base64.b64encode(hashlib.sha256(keys.encode()).digest()).decode(),
        "style": Markup((TEMPLATES / "page.css").read_text(encoding="utf-8") + FORMULAS),
        "prose": prose,
        "verdicts": {verdict.value: verdict for verdict in Verdict},
    }
    return environment


def _seen(value):
    """Return what is written for a value: text without characters that cannot be seen."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return clean(value, limits.VALUE_CHARACTERS, lines=True) if is_text else value


def points_text(value: float, digits: int = 1) -> str:
    """Return a number with at most so many decimals and no zeros at their end."""
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plural(count: float, word: str) -> str:
    """Return `1 check`, `2 checks`."""
    return f"{points_text(count)} {word}" + ("" if count == 1 else "s")


def breakable(name: str) -> Markup:
    """Return an identifier that may be broken into lines after its underscores."""
    return Markup("_<wbr>").join(escape(part) for part in clean(name).split("_"))


def ticked(text: str) -> Markup:
    """Return a text in which what stands between backticks is code."""
    parts = enumerate(clean(text, limits.VALUE_CHARACTERS, lines=True).split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in parts)


def anchor(name: str) -> str:
    """Return a name as an id of an element: letters, digits and dashes."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)


def picture(data: str) -> str:
    """Return base64 of a PNG for an address, however long it is."""
    return Markup(base64.b64encode(base64.b64decode(data, validate=True)).decode())
