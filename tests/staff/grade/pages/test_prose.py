"""Markdown of students on a page."""

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
        ("$\\sigma_1 \\le \\Lambda$", '<code class="formula">σ_1 ≤ Λ</code>'),
        ("$$\\frac{\\partial L}{x}$$", '<code class="block formula">\\frac{∂ L}{x}</code>'),
        ("costs $5", "costs $5"),
        ("**never closed", "**never closed"),
    ],
)
def test_markdown_is_set_apart(text, shown):
    assert prose(text) == shown


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("around", ["{}", "`{}`", "**{}**", "*{}*", "${}$", "$$\n{}\n$$", "# {}", "```\n{}\n```"])
def test_nothing_in_it_becomes_html(text, around):
    for shown in (prose(around.replace("{}", text)), code(text)):
        assert set(re.findall(r"<([^<>]*)>", shown)) <= {
            *("code", "/code", "strong", "/strong", "em", "/em", 'code class="block"', 'code class="formula"'),
            'code class="block formula"',
        }


@pytest.mark.parametrize("markdown", ["[a](javascript:alert(1))", "![a](http://x.test/a.png)", "<http://x.test>"])
def test_links_and_pictures_stay_texts(markdown):
    assert words(prose(markdown)) == markdown
    assert "href" not in prose(markdown) and "src" not in prose(markdown)


@pytest.mark.parametrize("text", ["`" * 20_000, "$" * 19_999, "*a" * 10_000, "```\n" * 5_000, "**" * 9_999 + "a"])
def test_texts_made_to_take_long_lose_nothing(text):
    assert words(prose(text)).replace("\n", "").strip("`$*") == text.replace("\n", "").strip("`$*")
