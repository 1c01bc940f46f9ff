"""cs231n.checks.rubric: what a rubric holds, and what is said about one that contradicts itself."""

import pytest

from cs231n.checks.rubric import RubricError, load_rubric

TEXT = """
[[question]]
name = "Q1"
title = "Layers"
notebook = "Play.ipynb"
points = 4

[[exercise]]
name = "double"
question = "Q1"
points = 1
blocks = ["cs231n/layers.py:double"]
needs = []

[[exercise]]
name = "halve"
question = "Q1"
points = 2
blocks = ["cs231n/layers.py:halve.1", "cs231n/layers.py:halve.2"]
needs = ["double"]

[[manual]]
name = "why"
question = "Q1"
points = 1
cells = ["Play.ipynb:why-answer"]
"""


@pytest.fixture
def rubric(tmp_path):
    """Return a function that loads the text with one part of it replaced."""
    path = tmp_path / "rubric.toml"

    def load_changed(old, new):
        assert TEXT.count(old) == 1, old
        path.write_text(TEXT.replace(old, new), encoding="utf-8")
        load_rubric.cache_clear()
        return load_rubric(path)

    yield load_changed
    load_rubric.cache_clear()


def test_entries_come_in_the_order_of_the_file(rubric):
    found = rubric("Layers", "Some layers")
    assert found.questions["Q1"].title == "Some layers"
    assert list(found.exercises) == ["double", "halve"]
    assert found.exercises["halve"].needs == ("double",)
    assert found.manual["why"].cells == ("Play.ipynb:why-answer",)


@pytest.mark.parametrize(
    "old, new, problem",
    [
        ("points = 2", "points = ", "rubric.toml: no TOML: .*line 18"),
        ("points = 2", "points = 3", "Q1 has 4 points, but .* have 5 together; take a point from one"),
        ("points = 2", "points = -2", "halve has points = -2, expected a whole number"),
        (
            "points = 2",
            "point = 2",
            "exercise halve has no points\n.*exercise halve has 'point', expected only name",
        ),
        ('needs = ["double"]', 'needs = ["doubel"]', "halve needs 'doubel', but there is no such exercise"),
        ("needs = []", 'needs = ["halve"]', "double needs 'halve', which stands after it"),
        ('needs = ["double"]', 'needs = "double"', "exercise halve has needs = 'double', expected a list"),
        ('["cs231n/layers.py:double"]', "[]", r"exercise double has blocks = \[\], expected a list"),
        ("layers.py:double", "layers.py", "double lists 'cs231n/layers.py', expected FILE.py:FUNCTION"),
        ('name = "halve"', 'name = "double"', "exercise double is there twice"),
        (
            'name = "halve"\nquestion = "Q1"',
            'name = "halve"\nquestion = "Q7"',
            "halve has question 'Q7', .* of Q1",
        ),
        (
            "needs = []\n",
            "needs = []\ncore = 0.9\n",
            "double has core = 0.9 and details = 0.2, expected two parts of 1",
        ),
        ("[[manual]]", "[[manuel]]", "unknown table 'manuel', expected shares, question, exercise, manual"),
    ],
)
def test_a_rubric_that_contradicts_itself_is_refused_with_the_entry(rubric, old, new, problem):
    with pytest.raises(RubricError, match=f"(?s){problem}"):
        rubric(old, new)
