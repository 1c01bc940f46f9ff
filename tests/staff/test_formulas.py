"""staff.formulas: TeX to MathML, and what becomes of TeX that cannot be typeset."""

import re
from xml.etree import ElementTree

import nbformat
import pytest

from staff import ROOT
from staff.formulas import MAX_CHARACTERS, formula, mathml
from staff.run import NOTEBOOKS


def texts(markup):
    return "".join(ElementTree.fromstring(markup).itertext())


def test_a_formula_becomes_mathml_with_its_symbols():
    markup = mathml(r"\mu_n = \frac{1}{N} \sum_i x_{ni} \leq \text{mean}")
    assert texts(markup) == "μn=1N∑ixni≤mean"
    assert "<mfrac>" in markup and 'display="inline"' in markup
    assert 'display="block"' in mathml("x", display=True)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_formula_of_the_notebooks_can_be_typeset(name):
    notebook = nbformat.read(ROOT / f"{name}.ipynb", as_version=4)
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", prose, flags=re.DOTALL)
    found = re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", prose, flags=re.DOTALL)
    assert len(found) >= 5
    for display, inline in found:
        assert ElementTree.fromstring(mathml(display or inline)).tag.endswith("math")


@pytest.mark.parametrize(
    "tex",
    [r"\nosuchcommand x", r"\href{javascript:alert(1)}{x}", "{" * 3000, "x" * (MAX_CHARACTERS + 1), "<b>^_^"],
)
def test_what_cannot_be_typeset_is_an_error_and_stays_tex_on_a_page(tex):
    with pytest.raises(ValueError):
        mathml(tex)
    assert formula(tex) == f"<code>{tex.replace('<', '&lt;').replace('>', '&gt;')}</code>"


@pytest.mark.parametrize("tex", [r"\text{<script>alert(1)</script>}", r"a < b \& c", r'\text{"&lt;"}'])
def test_text_of_a_formula_never_becomes_an_element(tex):
    elements = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(mathml(tex)).iter()}
    assert elements <= {"math", "mrow", "mi", "mo", "mtext", "mn"}
