"""staff.pages: the pages of executed notebooks, and the page that links them."""

import base64
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from staff.notebooks import Run
from staff.pages import write_figures, write_html, write_index

PNG = b"\x89PNG a picture"


@pytest.fixture
def run():
    """Return a Run of a notebook with a formula, two figures in one cell, and printed lines."""
    figure = {"image/png": base64.b64encode(PNG).decode()}
    outputs = [
        new_output("stream", name="stdout", text="✓ kept\n"),
        new_output("display_data", figure),
        new_output("display_data", figure),
    ]
    cells = [
        new_markdown_cell("# A small net & more\n\n$$\\frac{1}{N}$$\n\nwith $x_n$ and `$y$`"),
        new_code_cell("plot()", id="plot", outputs=outputs, execution_count=1),
    ]
    return Run("Small", new_notebook(cells=cells), 1.0, 2.0, None)


def test_the_page_holds_outputs_and_is_returned_by_path(run, tmp_path):
    path = write_html(run, tmp_path / "pages")
    assert path == tmp_path / "pages" / "Small.html"
    assert "✓ kept" in path.read_text(encoding="utf-8")


def test_formulas_are_mathml_and_code_stays_code(run, tmp_path):
    page = write_html(run, tmp_path).read_text(encoding="utf-8")
    assert len(re.findall("<math", page)) == 2 and "<mfrac>" in page
    assert "$$" not in page and "<code>$y$</code>" in page


def test_the_page_asks_no_network(run, tmp_path):
    page = write_html(run, tmp_path).read_text(encoding="utf-8")
    assert (
        re.findall(r"""(?:src|href)=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import|import\s*\(""", page)
        == []
    )
    assert "<script" not in page


def test_figures_are_files_under_the_id_of_their_cell(run, tmp_path):
    paths = write_figures(run, tmp_path)
    assert paths == [tmp_path / "Small" / "plot.png", tmp_path / "Small" / "plot-2.png"]
    assert all(path.read_bytes() == PNG for path in paths)


def test_the_index_has_the_table_a_link_a_title_and_a_figure(run, tmp_path):
    write_figures(run, tmp_path)
    index = write_index([run], "notebook  checks\nSmall <1>", tmp_path).read_text(encoding="utf-8")
    assert "notebook  checks\nSmall &lt;1&gt;" in index
    assert '<a href="Small.html">Small</a>: A small net &amp; more' in index
    assert 'src="Small/plot.png"' in index


def test_the_index_of_a_notebook_without_figures_is_the_link_alone(run, tmp_path):
    index = write_index([run], "", tmp_path).read_text(encoding="utf-8")
    assert '<a href="Small.html">' in index and "<img" not in index
