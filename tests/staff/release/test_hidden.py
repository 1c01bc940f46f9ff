"""staff.release.hidden: what is left out of docstrings and prose."""

import pytest

from staff.release.errors import ReleaseError
from staff.release.hidden import cut, is_marker


def place(line):
    return f"m.py:{line}"


@pytest.mark.parametrize("begin, end", [("### BEGIN ANSWER", "### END ANSWER"), ("<!-- BEGIN ANSWER -->",) * 2])
def test_a_line_is_a_marker_whatever_its_indent_and_a_longer_one_is_none(begin, end):
    assert is_marker(f"    {begin}\n") and is_marker(end)
    assert not is_marker(f"{begin} here") and not is_marker("begin answer")


def test_a_part_is_cut_out_with_the_empty_line_after_it():
    text = "Does it.\n\n    ### BEGIN ANSWER\n    dx = dout\n\n    ### END ANSWER\n\n    Args:\n"
    assert cut(text, place) == "Does it.\n\n    Args:\n"


def test_prose_is_cut_between_comments_and_several_parts_are():
    text = "Look.\n<!-- BEGIN ANSWER -->\nSlopes.\n<!-- END ANSWER -->\nMore.\n### BEGIN ANSWER\n1\n### END ANSWER"
    assert cut(text, place) == "Look.\nMore.\n"


def test_a_text_without_parts_is_as_it_was():
    assert cut("a\n\n\nb", place) == "a\n\n\nb"


@pytest.mark.parametrize(
    "text, problem",
    [
        ("a\n### BEGIN ANSWER\nb", "m.py:2: .* without an end"),
        ("### END ANSWER\n", "m.py:1: .* without a beginning"),
        ("### BEGIN ANSWER\n\n### BEGIN ANSWER\n### END ANSWER\n", "m.py:1: .* without an end"),
        ("### BEGIN ANSWER\n### END ANSWER\n### END ANSWER\n", "m.py:3: .* without a beginning"),
    ],
)
def test_a_part_without_beginning_or_end_is_refused_with_its_line(text, problem):
    with pytest.raises(ReleaseError, match=problem):
        cut(text, place)
