"""Texts that are fit to be shown."""

import pytest

from staff.grade.intake.text import clean, shorten


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain é 李", "plain é 李"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred", "�[31mred"),
        ("a\u202eb", "a�b"),
        ("half \ud800", "half �"),
        ("nul\0", "nul�"),
        ("soft\xadhyphen", "soft�hyphen"),
        ("tag\U000e0041", "tag�"),
        ("filler\u3164", "filler�"),
        ("above\u206a", "above�"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    ],
)
def test_what_cannot_be_seen_is_replaced(text, shown):
    assert clean(text) == shown
    clean(text).encode("utf-8")


def test_line_breaks_of_any_system_stay_where_lines_are_asked_for():
    assert clean("a\r\nb\rc\u2028d\n", lines=True) == "a\nb\nc\nd\n"


def test_long_texts_are_cut():
    assert clean("x" * 50, 10) == "x" * 10 + " ..."
    assert clean("x" * 10, 10) == "x" * 10
    assert shorten("a" * 50 + "b" * 50, 20) == "a" * 8 + " ... " + "b" * 8
