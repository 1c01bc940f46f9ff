"""assignment.pdf: the notebooks with their plots and formulas, by pandoc and Typst, which come as wheels.

Without these two, assignment.html by nbconvert.
"""

import copy
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cs231n.submit.cells import Notebook
from cs231n.submit.pictures import VERBATIM
from cs231n.submit.text import joined, without_codes

__all__ = ["ANSWERS", "HTML", "PDF", "PDF_PACKAGES", "DocumentError", "can_make_pdf", "write_html", "write_pdf"]

PDF, HTML = "assignment.pdf", "assignment.html"
ANSWERS = "answers.pdf"  # a page for each question with the answer alone
PDF_PACKAGES = ("pypandoc-binary", "typst")

_HERE = Path(__file__).parent
WIDTH = 118  # characters of a line of output on the page
LINES = 100  # of one output; the middle of longer ones is left out
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
_FORMULA = re.compile(
    r"(?<![\\$])\$(?P<inline>[^$\n]+)(?<!\\)\$(?!\d)"
    r"|(?P<environment>\\begin\{(?P<name>(?:align|equation|gather|multline|eqnarray)\*?)\}.*?\\end\{(?P=name)\})",
    re.DOTALL,
)


class DocumentError(Exception):
    """The notebooks could not be made into a document; the message says why."""


def can_make_pdf() -> bool:
    """Return whether pandoc and Typst are installed."""
    try:
        import pypandoc
        import typst  # noqa: F401

        pypandoc.get_pandoc_path()
    except (ImportError, OSError):
        return False
    return True


def write_pdf(notebooks: Mapping[str, Notebook], path: Path) -> list[str]:
    """Write notebooks into one PDF file, each from a new page.

    Args:
        notebooks: title -> notebook as a dict, format 4, with its pictures inside, as from
            cs231n.submit.pictures.embedded.
        path: the PDF file.

    Returns:
        remarks: a line for each thing that does not look as it does in the notebook.

    Raises:
        DocumentError: pandoc or Typst failed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts = [
            (name, simplified(notebook), folder, f"media{number}")
            for number, (name, notebook) in enumerate(notebooks.items())
        ]
        typeset = [_pandoc(*part) for part in parts]
        try:
            pdf = _compile("\n".join(text for text, _ in typeset), folder)
        except DocumentError:  # mostly a formula: in which notebook shows when each is compiled alone
            typeset = [_typeset(*part) for part in parts]
            pdf = _compile("\n".join(text for text, _ in typeset), folder)
    path.unlink(missing_ok=True)  # it may be a link
    path.write_bytes(pdf)
    return [remark for _, remarks in typeset for remark in remarks]


def _typeset(name: str, notebook: Notebook, folder: Path, media: str) -> tuple[str, list[str]]:
    """Return (Typst text of a notebook, remarks)."""
    (folder / "typed").unlink(missing_ok=True)
    text, remarks = _pandoc(name, notebook, folder, media)
    try:
        _compile(text, folder)
    except DocumentError:
        refused = sorted(_refused_formulas(folder))
        (folder / "typed").write_bytes(b"".join(formula.encode("utf-8") + b"\0" for formula in refused))
        text, _ = _pandoc(name, notebook, folder, media)
        remarks += [f"{name}: shown as typed, because Typst cannot typeset it: {formula}" for formula in refused]
    return text, remarks


def _pandoc(name: str, notebook: Notebook, folder: Path, media: str) -> tuple[str, list[str]]:
    """Return (Typst text of a notebook, remarks) from pandoc; pictures go into a folder of the given name."""
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--from=ipynb", "--to=typst", "--wrap=none"]
    command += [f"--lua-filter={_HERE / 'filter.lua'}", f"--extract-media={media}"]
    done = subprocess.run(command, input=json.dumps(notebook).encode("utf-8"), cwd=folder, capture_output=True)
    said = done.stderr.decode("utf-8", errors="replace").strip()
    if done.returncode != 0:
        raise DocumentError(f"{name}: pandoc says: {said}")
    text = f"#set page(header: notebook({json.dumps(name)}))\n{done.stdout.decode('utf-8')}"
    return text, [f"{name}: {remark}" for remark in re.findall(r"^\[WARNING\] (.*)", said, re.MULTILINE)]


def _refused_formulas(folder: Path) -> Iterator[str]:
    """Return the formulas of the last notebook that Typst refuses, as they were typed."""
    strings = (folder / "formulas").read_bytes().decode("utf-8").split("\0")
    for typed, math in set(zip(strings[::2], strings[1::2])):
        try:
            _compile(math, folder)
        except DocumentError:
            yield typed


def _compile(text: str, folder: Path) -> bytes:
    """Return the PDF of a Typst text, as bytes."""
    import typst

    source = folder / "assignment.typ"
    source.write_text((_HERE / "template.typ").read_text(encoding="utf-8") + text, encoding="utf-8")
    try:
        return typst.compile(str(source), root=str(folder))
    except typst.TypstError as error:
        raise DocumentError(f"Typst says: {error}") from error


# --- what of a notebook goes onto paper -----------------------------------------------------------------------


def simplified(notebook: Notebook) -> Notebook:
    """Return a notebook whose outputs are plain text and pictures only, and whose lines fit the page."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _markdown(joined(cell["source"]))
        elif cell["cell_type"] == "code":
            cell["source"] = _wrapped(joined(cell["source"]))
            cell["outputs"] = list(_outputs(cell.get("outputs", [])))
    return notebook


def _markdown(text: str) -> str:
    """Return markdown that pandoc reads as Jupyter does."""
    parts = VERBATIM.split(text)
    parts[::2] = [_FORMULA.sub(_dollars, part) for part in parts[::2]]
    return "".join(parts)


def _dollars(found: re.Match[str]) -> str:
    """Pandoc wants no space inside of single dollar signs, and dollar signs around every environment."""
    return f"$${found['environment']}$$" if found["environment"] else f"${found['inline'].strip()}$"


def _outputs(outputs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Merge consecutive texts, so that printed lines and verdicts share a block; pictures stay between them."""
    text = ""
    for output in outputs:
        data = output.get("data", {})
        picture = next((kind for kind in _PICTURES if kind in data), None)
        if picture is None:
            text += _text(output)
            continue
        if text:
            yield _stream(text)
        text = ""
        yield {"output_type": "display_data", "metadata": {}, "data": {picture: data[picture]}}
    if text:
        yield _stream(text)


def _stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": _wrapped(_shortened(text))}


def _text(output: dict[str, Any]) -> str:
    """Return an output as text that ends a line, without colours; "" if there is none."""
    if output["output_type"] == "stream":
        text = joined(output["text"])
    elif output["output_type"] == "error":
        text = "\n".join(output["traceback"])
    else:
        data = output.get("data", {})
        text = joined(data.get("text/plain", ""))
        if not text and data:
            text = f"[an output of type {', '.join(data)} that a page cannot show]"
    text = without_codes(text).expandtabs()
    return text if text.endswith("\n") or not text else f"{text}\n"


def _shortened(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= LINES:
        return text
    tail = LINES // 4
    head = LINES - tail
    note = f"[... {len(lines) - LINES} lines left out ...]"
    return "\n".join([*lines[:head], note, *lines[-tail:]]) + "\n"


def _wrapped(text: str) -> str:
    """Break lines that are wider than the page."""
    lines = text.split("\n")
    return "\n".join(line[i : i + WIDTH] for line in lines for i in range(0, max(len(line), 1), WIDTH))


# --- without pandoc and Typst ---------------------------------------------------------------------------------


def write_html(notebooks: Mapping[str, Notebook], path: Path) -> None:
    """Write notebooks into one HTML page; pictures are in it, formulas need a network when it is opened.

    Args:
        notebooks: file name -> notebook as a dict, format 4.
        path: the HTML file.

    Raises:
        DocumentError: nbconvert is not installed.
    """
    try:
        import nbformat
        from nbconvert import HTMLExporter
    except ImportError as error:
        raise DocumentError(f"nbconvert is missing, which comes with jupyter: {error}") from error
    cells = []
    for name, notebook in notebooks.items():
        cells.append({"cell_type": "markdown", "metadata": {}, "source": f"---\n\n`{name}`"})
        cells += copy.deepcopy(notebook["cells"])
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # the same id may occur in two notebooks
    together = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    exporter = HTMLExporter(embed_images=True)
    exporter.config.CoalesceStreamsPreprocessor.enabled = True
    body, _ = exporter.from_notebook_node(
        nbformat.reads(json.dumps(together), as_version=4),
        resources={"metadata": {"name": "Assignment"}},
    )
    path.unlink(missing_ok=True)  # it may be a link
    path.write_text(body, encoding="utf-8")
