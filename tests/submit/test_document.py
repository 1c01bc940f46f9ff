"""cs231n.submit.document: what of a notebook goes onto paper."""

import json
import os
import re
import sys

import pytest

from cs231n.submit import document
from tests.submit.conftest import PNG, code, markdown, notebook, shown, stream

needs_wheels = pytest.mark.skipif(
    not document.can_make_pdf(), reason="pypandoc-binary and typst are not installed"
)


def texts(*outputs):
    """Return the texts that the page shows of a cell's outputs."""
    [cell] = document.simplified(notebook(code("a", "x", *outputs)))["cells"]
    return [output.get("text", list(output.get("data", []))) for output in cell["outputs"]]


# --- outputs ------------------------------------------------------------------------------------------------


def test_consecutive_texts_share_a_block_and_pictures_stay_where_they_were():
    verdict = shown(text_plain="✓ dx: 1e-9", text_html="<b>dx</b>", **{"application_vnd.cs231n.check+json": {}})
    assert texts(stream("a\n"), verdict, shown(text_plain="<Figure>", image_png=PNG), stream(["b", "\n"])) == [
        "a\n✓ dx: 1e-9\n",
        ["image/png"],
        "b\n",
    ]


def test_colours_of_the_terminal_are_left_out():
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mE\x1b[0m: v"]}
    assert texts(error, stream("\x1b[1;32mgreen\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\n")) == [
        "E: v\ngreen link\n"
    ]


def test_of_a_progress_bar_the_last_state_is_shown():
    assert texts(stream("\r 10%|#  |\r 50%|## |\r100%|###|\ndone\n")) == ["100%|###|\ndone\n"]


def test_what_has_no_text_is_named():
    assert texts(shown(text_html="<table>")) == ["[an output of type text/html that a page cannot show]\n"]


def test_the_middle_of_long_outputs_is_left_out():
    [text] = texts(stream("".join(f"{i}\n" for i in range(1000))))
    lines = text.splitlines()
    assert len(lines) == document.LINES + 1
    assert (lines[0], lines[-1]) == ("0", "999")
    assert "[... 900 lines left out ...]" in lines


def test_lines_wider_than_the_page_are_broken():
    [text] = texts(stream("x" * 300 + "\nshort\n"))
    assert [len(line) for line in text.splitlines()] == [118, 118, 64, 5]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("mean $ x $ of", "mean $x$ of"),
        ("`$ x $` and\n```\n$ y $\n```", "`$ x $` and\n```\n$ y $\n```"),
        ("$$ a $$", "$$ a $$"),
        (r"a \$ 5 \$ b", r"a \$ 5 \$ b"),
        (r"\begin{align}a&=b\end{align}", r"$$\begin{align}a&=b\end{align}$$"),
        (r"$$\begin{align}a&=b\end{align}$$", r"$$\begin{align}a&=b\end{align}$$"),
    ],
)
def test_markdown_is_put_as_pandoc_reads_it(source, expected):
    [cell] = document.simplified(notebook(markdown("a", source)))["cells"]
    assert cell["source"] == expected


# --- PDF ----------------------------------------------------------------------------------------------------

FORMULAS = r"""
$$\text{out}[n, f] = b_f + \sum_{c,\,p} w\;\tilde x, \qquad
H' = 1 + \left\lfloor \frac{H + 2\,\text{pad}}{s} \right\rfloor$$

$$\begin{aligned} a &= b \\ c &= \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases} \end{aligned} \quad
\underbrace{\text{out}}_{F \times N} \odot \hat x \otimes \tfrac12 \lVert W \rVert^2 \cap \mathbb{E}
\begin{vmatrix} a & b \\ c & d \end{vmatrix} \begin{pmatrix} a \\ b \end{pmatrix}$$

$\mathcal{O}(n)$, $\operatorname{ReLU}(x)$, $ \sqrt{\sigma^2 + \varepsilon} $
"""


def pages(pdf):
    """Return the number of pages of a PDF."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


@needs_wheels
def test_pictures_code_and_formulas_of_several_notebooks_become_one_pdf_without_remarks(tmp_path):
    first = notebook(markdown("a", f"# One\n{FORMULAS}"), code("b", "x = 1", shown(image_png=PNG), count=1))
    second = notebook(markdown("a", "# Two\n\n| a | b |\n|---|---|\n| `c` | $d$ |"))  # the same cell id
    assert document.write_pdf({"One.ipynb": first, "Two.ipynb": second}, tmp_path / "x.pdf") == []
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")
    assert pages(tmp_path / "x.pdf") == 2


@needs_wheels
def test_a_picture_in_an_answer_is_in_the_pdf(tmp_path):
    answer = f"Look: ![](data:image/png;base64,{PNG})"
    assert document.write_pdf({"One.ipynb": notebook(markdown("a", answer))}, tmp_path / "x.pdf") == []
    assert re.search(rb"/Subtype\s*/Image", (tmp_path / "x.pdf").read_bytes())


@needs_wheels
def test_every_formula_of_the_notebooks_is_typeset(tmp_path):
    from staff import ROOT

    for path in ROOT.glob("*.ipynb"):
        cells = [
            cell
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "markdown"
        ]
        assert document.write_pdf({path.name: notebook(*cells)}, tmp_path / "x.pdf") == []


@needs_wheels
def test_a_formula_that_cannot_be_typeset_is_shown_as_typed_and_said(tmp_path):
    text = r"$\undefinedcommand{x}$ and $y$"
    [remark] = document.write_pdf({"One.ipynb": notebook(markdown("a", text))}, tmp_path / "x.pdf")
    assert remark.startswith("One.ipynb: ") and "undefinedcommand" in remark


@needs_wheels
def test_a_formula_that_typst_refuses_does_not_cost_the_others(tmp_path, monkeypatch):
    def renamed_again(text, folder, compile_text=document._compile):
        if "dot.o" in text:
            raise document.DocumentError("unknown symbol modifier")
        return compile_text(text, folder)

    monkeypatch.setattr(document, "_compile", renamed_again)
    cells = notebook(markdown("a", r"$a \odot b$ and $c$"))
    assert document.write_pdf({"One.ipynb": cells}, tmp_path / "x.pdf") == [
        r"One.ipynb: shown as typed, because Typst cannot typeset it: a \odot b"
    ]


@needs_wheels
@pytest.mark.parametrize(
    "source",
    [
        "# A [link](#inside) ![gone](gone.png) <img src='x'> <b>bold</b>\n\n<div>html</div>",
        "```\nan unclosed fence $x$",
        "#hash @at <label> *star _under $5 \\ back ~ 漢字 😀 // comment",
        "- [ ] task\n\n> quote\n\n---\n\n1. one\n   * two",
    ],
)
def test_awkward_markdown_does_not_break_the_document(tmp_path, source):
    document.write_pdf({"One.ipynb": notebook(markdown("a", source))}, tmp_path / "x.pdf")
    assert pages(tmp_path / "x.pdf") == 1


@needs_wheels
def test_awkward_cells_do_not_break_the_document(tmp_path):
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><circle cx='4' cy='4' r='3'/></svg>"
    cells = [
        code("a", '"""```"""  # $x$ \\ #', stream("```\n#let x = $\n"), shown(**{"image_svg+xml": svg})),
        code("b", ""),
        code("c", "x" * 500, stream("y" * 5000)),
        {"cell_type": "raw", "id": "d", "metadata": {}, "source": "#raw $"},
        {"cell_type": "markdown", "id": "e", "metadata": {}, "source": ["# a", "\n", "b"]},
    ]
    document.write_pdf({"One.ipynb": notebook(*cells)}, tmp_path / "x.pdf")
    assert pages(tmp_path / "x.pdf") >= 1


# --- HTML ---------------------------------------------------------------------------------------------------


def test_the_html_page_holds_all_notebooks_with_their_pictures(tmp_path):
    first = notebook(markdown("a", "# One"), code("b", "x = 1", shown(image_png=PNG), count=1))
    document.write_html({"One.ipynb": first, "Two.ipynb": notebook(markdown("a", "# Zwei"))}, tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert PNG[:40] in page and "One.ipynb" in page and "Zwei" in page
    assert os.listdir(tmp_path) == ["x.html"]


def test_without_nbconvert_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbconvert", None)
    with pytest.raises(document.DocumentError, match="nbconvert is missing"):
        document.write_html({}, tmp_path / "x.html")


def test_without_the_wheels_there_is_no_pdf(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    assert not document.can_make_pdf()
