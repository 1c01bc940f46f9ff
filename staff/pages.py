"""Pages of executed notebooks, and the page that links them. They need no network."""

import base64
import re
from html import escape
from pathlib import Path

from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from staff.formulas import STYLE as FORMULAS
from staff.formulas import formula
from staff.notebooks import Run

__all__ = ["write_figures", "write_html", "write_index"]

# Light or dark as the reader's system is; on paper always light.
_TEMPLATE = """
{%- extends "lab/index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
{{ resources.include_css("static/theme-dark.css")
   | replace("<style", '<style media="screen and (prefers-color-scheme: dark)"') }}
<style>
:root { color-scheme: light dark; }
STYLE
</style>
{%- endblock -%}
"""
_PAGE_STYLE = """
main { max-width: 70rem; margin: 0 auto; }
.jp-RenderedHTMLCommon table { display: block; max-width: 100%; overflow-x: auto; }
.jp-RenderedImage img { background: white; max-width: 100%; height: auto; }
.jp-InputArea-editor, .jp-RenderedText pre { overflow-x: auto; }
/* Verdicts of checks have colours for a light page. */
@media screen and (prefers-color-scheme: dark) {
  .jp-RenderedHTMLCommon div[style^="color"] { filter: brightness(1.7); }
}
@media (max-width: 40rem) {
  body.jp-Notebook { padding: 0.25rem; }
  .jp-InputPrompt, .jp-OutputPrompt { display: none; }
}
@media print {
  @page { size: A4; }
  .jp-InputPrompt, .jp-OutputPrompt { display: none; }
  pre, .jp-RenderedHTMLCommon code { white-space: pre-wrap !important; overflow-wrap: anywhere; }
  .jp-RenderedImage, .jp-RenderedHTMLCommon table, math[display="block"] { break-inside: avoid; }
}
"""
_INDEX_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 70rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
pre { overflow-x: auto; font-size: 0.85rem; line-height: 1.4; }
section { break-inside: avoid; }
img { max-width: 100%; height: auto; background: white; }
@media print { :root { color-scheme: light; } pre { font-size: 0.6rem; } img { max-height: 12cm; } }
"""


# The figure of each notebook that the index shows.
_SHOWN = {
    "FullyConnectedNets": "initialisation-plot",
    "BatchNormalization": "scales-plot",
    "Dropout": "regularisation-plot",
    "ConvolutionalNetworks": "responses-plot",
    "PyTorch": "curves-plot",
    "TensorFlow": "curves-plot",
}


class _Renderer(IPythonRenderer):
    """Markdown as nbconvert renders it, with formulas as MathML."""

    def block_math(self, body: str) -> str:
        return formula(body, display=True)

    def inline_math(self, body: str) -> str:
        return formula(body)

    def latex_environment(self, name: str, body: str) -> str:
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)


def _markdown(source: str) -> str:
    return MarkdownWithMath(renderer=_Renderer(escape=False)).render(source)


def write_html(run: Run, folder: str | Path) -> Path:
    """Write the executed notebook as `folder/NAME.html` and return the path."""
    # Without coalescing, each printed line of a cell would become a block of its own.
    config = Config({"CoalesceStreamsPreprocessor": {"enabled": True}})
    exporter = HTMLExporter(config=config, raw_template=_TEMPLATE.replace("STYLE", FORMULAS + _PAGE_STYLE))
    exporter.register_filter("markdown2html", _markdown)
    body, _ = exporter.from_notebook_node(run.notebook, resources={"metadata": {"name": run.name}})
    path = Path(folder) / f"{run.name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")
    return path


def write_figures(run: Run, folder: str | Path) -> list[Path]:
    """Write every figure of the executed notebook as `folder/NAME/CELL.png` and return the paths.

    CELL is the cell's id, followed by -2, -3, ... for further figures of the same cell.
    """
    paths = []
    for cell in run.notebook.cells:
        bundles = [output.get("data", {}) for output in cell.get("outputs", [])]
        figures = [bundle["image/png"] for bundle in bundles if "image/png" in bundle]
        for number, figure in enumerate(figures, start=1):
            paths.append(Path(folder) / run.name / f"{cell.id}{f'-{number}' if number > 1 else ''}.png")
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            paths[-1].write_bytes(base64.b64decode(figure))
    return paths


def write_index(runs: list[Run], summary: str, folder: str | Path) -> Path:
    """Write `folder/index.html`: the summary, and of each notebook a link and a figure.

    Args:
        runs: notebooks whose pages and figures are in the folder already.
        summary: the table, as text in columns.
        folder: where the pages are.
    """
    sections = [_section(run, Path(folder)) for run in runs]
    path = Path(folder) / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")  # the page is read while it grows, and should be whole
    unfinished.write_text(
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Executed notebooks</title>\n<style>{_INDEX_STYLE}</style>\n"
        f"<h1>Executed notebooks</h1>\n<pre>{escape(summary.strip())}</pre>\n{''.join(sections)}</html>\n",
        encoding="utf-8",
    )
    unfinished.replace(path)
    return path


def _section(run, folder):
    """Return HTML with the title of a notebook, a link to its page, and one of its figures."""
    heading = re.search(r"^# (.+)", "".join(cell.source + "\n" for cell in run.notebook.cells[:2]), re.MULTILINE)
    title = escape(heading[1] if heading else run.name)
    lines = [f'<section>\n<h2><a href="{run.name}.html">{run.name}</a>: {title}</h2>']
    figures = [cell.id for cell in run.notebook.cells if (folder / run.name / f"{cell.id}.png").exists()]
    if figures:
        shown = _SHOWN.get(run.name)
        shown = shown if shown in figures else figures[-1]
        lines.append(f'<a href="{run.name}.html"><img src="{run.name}/{shown}.png" alt="{title}" width="700"></a>')
    return "\n".join([*lines, "</section>\n"])
