"""cs231n.submit.blanks: recognising what is still blank."""

import pytest

from cs231n.submit.blanks import ANSWER, blanks, is_answered


def test_blanks_are_found_by_their_message_and_other_errors_are_not():
    source = (
        "def f():\n"
        "    # YOUR CODE HERE\n"
        '    raise NotImplementedError("affine_forward (Q1): cs231n/layers.py")\n'
        "def g():\n"
        '    raise NotImplementedError("no second derivative")\n'
        '    # raise NotImplementedError("x (Q1): y")\n'
        'raise NotImplementedError("best-exercise (Q1): FullyConnectedNets.ipynb")'
    )
    assert blanks(source) == [
        "affine_forward (Q1): cs231n/layers.py",
        "best-exercise (Q1): FullyConnectedNets.ipynb",
    ]


@pytest.mark.parametrize("source", ["", " \n", ANSWER, "**Your answer:**", "**Your Answer:** \n\n"])
def test_a_prompt_alone_is_no_answer(source):
    assert not is_answered(source)


@pytest.mark.parametrize("source", ["42", f"{ANSWER}\n\nIt grows.", "**Your answer:** yes", "因为"])
def test_anything_else_is_an_answer(source):
    assert is_answered(source)
