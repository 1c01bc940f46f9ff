"""Pictures in the text cells of a notebook: pasted ones, and files of the folder."""

import base64
import binascii
import copy
import functools
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cs231n.submit.archive import is_inside
from cs231n.submit.cells import Notebook
from cs231n.submit.text import joined

__all__ = ["PictureError", "embedded", "files", "problems", "replaced"]

# Markdown that is shown as it was typed: no picture and no formula begins in there.
VERBATIM = re.compile(r"(```.*?```|`[^`\n]*`|\$\$.*?\$\$)", re.DOTALL)
_PICTURE = re.compile(
    r"!\[[^]]*\]\(\s*(?:<(?P<angled>[^>]+)>|(?P<plain>(?:[^\s()]|\([^\s()]*\))+))(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
    r"|<img\b[^>]*?\bsrc\s*=\s*(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<bare>[^\s>]+))[^>]*>",
    re.IGNORECASE,
)


class PictureError(Exception):
    """A picture cannot be shown; the message says why, in words that follow its name."""


def problems(notebook: Notebook, root: Path) -> Iterator[tuple[str, str]]:
    """Yield (picture, why) for each picture in the text cells that the PDF will lack.

    Args:
        notebook: as a dict.
        root: folder that the notebook lies in.
    """
    for cell, target in _references(notebook):
        try:
            _data_uri(cell, target, root)
        except PictureError as error:
            yield target.removeprefix("attachment:"), str(error)


def files(notebook: Notebook, root: Path) -> list[str]:
    """Return the files of the folder that the text cells show, as paths with forward slashes."""
    paths = (_file(target, root) for _, target in _references(notebook))
    return sorted({path.relative_to(root).as_posix() for path in paths if path and is_inside(root, path)})


def embedded(notebook: Notebook, root: Path) -> Notebook:
    """Return a notebook with its pictures inside its markdown; a note stands where one cannot be shown."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = replaced(joined(cell["source"]), functools.partial(_shown, cell, root))
    return notebook


def _shown(cell: dict[str, Any], root: Path, target: str) -> str:
    """Return the markdown that shows a picture."""
    try:
        return f"![]({_data_uri(cell, target, root)})"
    except PictureError as error:
        if target.startswith(("http:", "https:")):
            return f"[{target}]({target})"
        name = target.removeprefix("attachment:").replace("`", "")
        return f"`[no picture: {name} {error}]`"


def _references(notebook: Notebook) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield (cell, what it shows) for each picture in the text cells."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for part in VERBATIM.split(joined(cell["source"]))[::2]:
                for match in _PICTURE.finditer(part):
                    yield cell, _target(match)


def replaced(markdown: str, change: Callable[[str], str]) -> str:
    """Return markdown in which `change(target)` stands for each picture."""
    parts = VERBATIM.split(markdown)
    parts[::2] = [_PICTURE.sub(lambda match: change(_target(match)), part) for part in parts[::2]]
    return "".join(parts)


def _target(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)


def _data_uri(cell: dict[str, Any], target: str, root: Path) -> str:
    """Return a picture as a data URI in a format that every page can show; raises PictureError."""
    if target.startswith("data:"):
        return target
    if target.startswith(("http:", "https:")):
        raise PictureError("is on the web: save it in this folder and show the file")
    if target.startswith("attachment:"):
        data = _attachment(cell, unquote(target.removeprefix("attachment:")))
    else:
        path = _file(target, root)
        if path is None:
            raise PictureError("is not in this folder")
        if not is_inside(root, path):
            raise PictureError("is outside of this folder: copy it here and show the copy")
        data = path.read_bytes()
    kind, data = _readable(data)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _attachment(cell: dict[str, Any], name: str) -> bytes:
    """Return what was pasted into a cell under a name; raises PictureError."""
    try:
        return base64.b64decode("".join(next(iter(cell["attachments"][name].values()))))
    except (LookupError, StopIteration, AttributeError, TypeError, binascii.Error):
        raise PictureError("was lost from the cell: paste it again") from None


def _file(target: str, root: Path) -> Path | None:
    """Return the path of a file that is shown, None if there is none."""
    try:
        path = root / unquote(target)
        return path if path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def _readable(data: bytes) -> tuple[str, bytes]:
    """Return (kind, bytes) of a picture as PNG, JPEG or SVG; raises PictureError."""
    from PIL import Image

    if b"<svg" in data[:1000]:
        return "svg+xml", data
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            if picture.format in ("PNG", "JPEG"):
                return picture.format.lower(), data
            converted = io.BytesIO()
            picture.convert("RGBA").save(converted, "PNG")
            return "png", converted.getvalue()
    except Exception as error:  # a damaged file can raise nearly anything
        raise PictureError("cannot be read as a picture: save it as PNG or JPEG") from error
