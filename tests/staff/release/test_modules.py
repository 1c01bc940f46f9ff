"""staff.release.modules: blocks named after the function that holds them."""

import pytest

from staff.release import modules
from staff.release.errors import ReleaseError
from tests.staff.release.conftest import MODULE

IDS = ["m.py:double", "m.py:Net.loss.1", "m.py:Net.loss.2"]


def test_blocks_are_named_after_function_or_method_and_numbered_where_there_are_several():
    assert list(modules.named_blocks("m.py", MODULE)) == IDS


def test_a_block_that_ends_its_function_belongs_to_it_and_not_to_the_next_one():
    text = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\n\ndef g():\n    return 2\n"
    assert list(modules.named_blocks("m.py", text)) == ["m.py:f"]


def test_a_block_outside_of_any_function_is_refused_with_its_line():
    with pytest.raises(ReleaseError, match=r"^m.py:2: a block outside"):
        modules.named_blocks("m.py", "x = 1\n### BEGIN SOLUTION\ny = 2\n### END SOLUTION\n")


def test_each_blank_raises_its_own_message():
    blanked = modules.blank("m.py", MODULE, {name: f"{name} (Q1): m.py" for name in IDS})
    names = {}
    exec(blanked, names)
    for call, message in (
        (lambda: names["double"](1), IDS[0]),
        (lambda: names["Net"]().loss(1), IDS[1]),
        (lambda: names["Net"]().loss(-1), IDS[2]),
    ):
        with pytest.raises(NotImplementedError, match=message):
            call()


def test_filling_all_blocks_gives_the_solved_module_and_filling_one_only_that():
    blanked = modules.blank("m.py", MODULE, dict.fromkeys(IDS, "x (Q1): m.py"))
    assert modules.fill("m.py", blanked, MODULE, set(IDS)) == MODULE
    one = modules.fill("m.py", blanked, MODULE, {"m.py:Net.loss.2"})
    assert one.count("NotImplementedError") == 2 and "        return out\n        ### END" in one
