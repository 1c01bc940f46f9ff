"""Markdown of students on a page."""

import base64
import html
import re

import pytest

from staff.grade.pages.prose import code, prose
from tests.staff.grade.made_up import HOSTILE


def words(markup):
    """Return what a reader sees of some HTML."""
    return html.unescape(re.sub(r"<[^<>]*>", "", markup))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain", "plain"),
        ("**bold** and *slanted*, 2*3*4", "<strong>bold</strong> and <em>slanted</em>, 2*3*4"),
        ("`a*b*c` and `**x**`", "<code>a*b*c</code> and <code>**x**</code>"),
        ("## A heading\ntext", "<strong>A heading</strong>\ntext"),
        ("a\n```python\nx = 1\n```\nb", 'a<code class="block">x = 1</code>b'),
        ("```\nnever closed", '<code class="block">never closed</code>'),
        ("$\\nonesuch_1$", '<code class="formula">\\nonesuch_1</code>'),
        ("costs $5 and $6", "costs $5 and $6"),
        ("````\n```\n````\nb", '<code class="block">```</code>b'),
        ("![](picture:12)", "[no picture]"),
        ("**never closed", "**never closed"),
    ],
)
def test_markdown_is_set_apart(text, shown):
    assert prose(text) == shown


def test_formulas_are_typeset():
    shown = prose("so\n$$\\frac{\\sigma_1}{N} \\le x$$\nand $ x^2 $\n\\begin{align}a &= b\\end{align}")
    assert re.findall("<math[^>]*display=.(\\w+)", shown) == ["block", "inline", "block"]
    assert "<mfrac>" in shown and "<mtable" in shown and words(shown).startswith("soσ1N≤xand x2a=b")


def test_a_table_is_a_table_and_a_picture_of_the_notebook_is_shown_in_its_place():
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    shown = prose("| rate | loss |\n|---|:-:|\n| **1e-3** | ![](picture:12) |\n|x|\nend", {"12": png})
    assert '<th scope="col">rate</th><th scope="col">loss</th>' in shown
    assert f'<td><strong>1e-3</strong></td><td><img src="data:image/png;base64,{png}"' in shown
    assert shown.endswith("<tr><td>x</td></tr></tbody></table>end")
    for other in ("x" * 8, png + '" onerror="', ""):
        assert prose("![](picture:12)", {"12": other}) == "[no picture]"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("around", ["{}", "`{}`", "**{}**", "*{}*", "${}$", "$$\n{}\n$$", "# {}", "```\n{}\n```"])
def test_nothing_in_it_becomes_html(text, around):
    for shown in (prose(around.replace("{}", text)), code(text)):
        known = (
            r'/?(strong|em|m[a-z]+( (xmlns|display|stretchy|mathvariant)="[\w:/.]+")*)|/?code( class="[a-z ]+")?'
        )
        assert all(re.fullmatch(known, tag) for tag in re.findall(r"<([^<>]*)>", shown))


@pytest.mark.parametrize("markdown", ["[a](javascript:alert(1))", "![a](http://x.test/a.png)", "<http://x.test>"])
def test_links_and_pictures_stay_texts(markdown):
    assert words(prose(markdown)) == markdown
    assert "href" not in prose(markdown) and "src" not in prose(markdown)


@pytest.mark.parametrize(
    "text",
    [
        "`" * 20_000,
        "$" * 19_999,
        "*a" * 10_000,
        "```\n" * 5_000,
        "**" * 9_999 + "a",
        "|" * 9_000 + "\n" + "|" * 9_000,
        "\\begin{align}" * 1_400,
    ],
)
def test_texts_made_to_take_long_lose_nothing(text):
    assert words(prose(text)).replace("\n", "").strip("`$*") == text.replace("\n", "").strip("`$*")
