"""cs231n.submit.cells: cells of the release among those that come back, found as the grader finds them."""

import pytest

from cs231n.submit.cells import Mark, around, positions

BLANK = [Mark("intro", "i"), Mark("q", "why?"), Mark("a", "prompt", True), Mark("next", "n"), Mark("end", "e")]


def cells(*pairs):
    return [Mark(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("saved", "found"),
    [
        ([("intro", "i"), ("q", "why?"), ("a", "mine"), ("next", "n"), ("end", "e")], [2]),
        ([("", "i"), ("", "why?"), ("", "mine"), ("", "n"), ("", "e")], [2]),
        ([("", "i"), ("", "why?"), ("x", "mine"), ("y", "and mine"), ("", "n")], [2, 3]),
        ([("a", "moved"), ("", "i")], [0]),
        ([("", "i"), ("", "why?"), ("", "n")], []),
        ([("", "i"), ("", "why?"), ("", "mine")], [2]),
        ([], []),
    ],
)
def test_a_cell_is_found_by_its_id_or_else_by_its_neighbours(saved, found):
    assert positions(cells(*saved), "a", BLANK) == found


def test_what_the_release_does_not_have_is_not_found():
    assert positions(cells(("x", "x")), "other", BLANK) == []


@pytest.mark.parametrize(
    ("saved", "found"),
    [
        ([("q", "why?"), ("a", "prompt"), ("x", "mine"), ("y", "more"), ("next", "n")], [1, 2, 3]),
        ([("q", "why?"), ("x", "mine"), ("a", "prompt"), ("next", "changed")], [1, 2]),
        ([("", "why?"), ("", "prompt"), ("", "mine"), ("", "n")], [1, 2]),
        ([("x", "a remark"), ("q", "why?"), ("a", "prompt"), ("next", "n"), ("y", "another")], [2]),
        ([("q", "why?"), ("next", "n")], []),
    ],
)
def test_new_cells_beside_it_belong_to_it(saved, found):
    assert around(cells(*saved), "a", BLANK) == found
