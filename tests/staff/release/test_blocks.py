"""staff.release.blocks: finding, blanking and filling blocks in a text."""

import pytest

from staff.release import blocks
from staff.release.errors import ReleaseError

BEGIN, END = blocks.BEGIN, blocks.END
TWO = f"a\n    {BEGIN}\n    b\n    {END}\nc\n{BEGIN}\nd\n\n{END}"


def find(text):
    return blocks.find(text, lambda line: f"m.py:{line}")


def test_blocks_are_found_with_their_lines_and_indents():
    first, second = find(TWO)
    assert (first.line, first.place, first.indent, first.text) == (
        2,
        "m.py:2",
        "    ",
        f"    {BEGIN}\n    b\n    {END}",
    )
    assert (second.line, second.indent) == (6, "")


@pytest.mark.parametrize(
    "text, line, reason",
    [
        (f"{BEGIN}\n{BEGIN}\n{END}\n", 2, "inside the block that line 1 begins"),
        (f"x\n{END}\n", 2, "without a beginning"),
        (f"{BEGIN}\nx\n{END}\ny\n{END}\n", 5, "without a beginning"),
        (f"x\n{BEGIN}\ny\n", 2, "without an end"),
        (f"if x:\n    {BEGIN}\n    y\n{END}\n", 4, "indented differently"),
        ("# BEGIN SOLUTION\nx\n", 1, "looks like a marker"),
        ("x = 1  ### END SOLUTION\n", 1, "looks like a marker"),
        ("### begin solution\n", 1, "looks like a marker"),
        ("### BEGIN SOLUTIONS\nx\n### END SOLUTIONS\n", 1, "looks like a marker"),
        ("### BEGIN SOLUTOIN\n", 1, "looks like a marker"),
        ("# END SOLUTON\n", 1, "looks like a marker"),
        ("### END_SOLUTION\n", 1, "looks like a marker"),
        ("### SOLUTION BEGIN\n", 1, "looks like a marker"),
        ("# SOLUTION\n", 1, "looks like a marker"),
        ("### START SOLUTION\n", 1, "looks like a marker"),
        ("x = 1  # solution:\n", 1, "looks like a marker"),
        ("# ANSWER BEGIN\n", 1, "looks like a marker"),
        ("### BEGIN ANSWERS\n", 1, "looks like a marker"),
    ],
)
def test_a_marker_out_of_place_is_refused_with_its_line(text, line, reason):
    with pytest.raises(ReleaseError, match=reason) as caught:
        find(text)
    assert caught.value.problems[0].startswith(f"m.py:{line}: ")


def test_every_problem_of_a_text_is_told_at_once():
    with pytest.raises(ReleaseError) as caught:
        find(f"{END}\n# end solution\n{BEGIN}\n")
    assert [problem.split(": ")[0] for problem in caught.value.problems] == ["m.py:1", "m.py:2", "m.py:3"]


def test_a_blank_has_the_indent_of_its_block_and_keeps_what_is_around_it():
    assert blocks.blank(TWO, find(TWO), ["f (Q1): m.py", "g (Q2): m.py"]) == (
        "a\n"
        "    # YOUR CODE HERE\n"
        '    raise NotImplementedError("f (Q1): m.py")\n'
        "c\n"
        "# YOUR CODE HERE\n"
        'raise NotImplementedError("g (Q2): m.py")'
    )


def test_filling_puts_back_the_chosen_blocks_only():
    first, second = find(TWO)
    blanked = blocks.blank(TWO, [first, second], ["f (Q1): m.py", "g (Q2): m.py"])
    assert blocks.fill(blanked, [first, second]) == TWO
    half = blocks.fill(blanked, [None, second])
    assert "f (Q1)" in half and "g (Q2)" not in half and half.endswith(END)


def test_filling_refuses_a_text_with_another_number_of_blanks():
    with pytest.raises(ValueError, match="0 blanks, expected one for each of 2 blocks"):
        blocks.fill("no blank\n", find(TWO))


def test_stray_markers_are_told_with_their_lines_and_words_about_blocks_are_not():
    text = f"solution blocks begin here\n{BEGIN}\n# solutions are found\n# start the answer\n### BEGIN ANSWER\n"
    assert [line.split(" ")[0] for line in blocks.stray(text, lambda line: f"m.c:{line}")] == ["m.c:2:", "m.c:5:"]


def test_the_markers_of_what_is_hidden_in_a_docstring_are_no_blocks():
    assert find("def f():\n    ### BEGIN ANSWER\n    dx = dout\n    ### END ANSWER\n") == []
