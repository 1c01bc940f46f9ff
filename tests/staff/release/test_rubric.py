"""staff.release.rubric: who owns a block, and what its blank says."""

import pytest

from staff.release.errors import ReleaseError
from staff.release.rubric import BlockOwners
from tests.staff.release.conftest import RUBRIC as TEXT


@pytest.fixture
def rubric(tmp_path):
    path = tmp_path / "rubric.toml"
    path.write_text(TEXT, encoding="utf-8")
    return BlockOwners(path)


@pytest.mark.parametrize(
    "block, message",
    [
        ("cs231n/layers.py:double", "doubling (Q1): cs231n/layers.py"),
        ("cs231n/layers.py:Net.loss.1", "net (Q2): cs231n/layers.py"),  # the first of the two it serves
        ("Play.ipynb:play", "net (Q2): Play.ipynb"),
        ("Play.ipynb:train", "train (Q1): Play.ipynb"),
        ("Play.ipynb:train.2", "train (Q1): Play.ipynb"),
    ],
)
def test_a_blank_names_its_first_exercise_or_its_cell_and_the_file(rubric, block, message):
    assert rubric.message(block) == message


@pytest.mark.parametrize("block", ["cs231n/layers.py:triple", "cs231n/layers.py:double.1", "Play.ipynb:other"])
def test_a_block_that_the_rubric_does_not_list_has_no_message(rubric, block):
    with pytest.raises(KeyError):
        rubric.message(block)


def test_files_are_those_of_blocks_and_of_cells(rubric):
    assert rubric.files() == {"cs231n/layers.py", "Play.ipynb"}


def test_a_rubric_that_contradicts_itself_makes_no_release(tmp_path):
    path = tmp_path / "rubric.toml"
    path.write_text(TEXT.replace('needs = ["doubling"]', 'needs = ["dubling"]'), encoding="utf-8")
    with pytest.raises(ReleaseError, match="cs231n/checks/rubric.toml: net needs 'dubling', but there is no such"):
        BlockOwners(path)
