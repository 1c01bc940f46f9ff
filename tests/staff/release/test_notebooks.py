"""staff.release.notebooks: blocks and answers named after their cells."""

import copy
import json

import pytest

from cs231n.submit.blanks import ANSWER
from staff.release import notebooks
from staff.release.errors import ReleaseError
from tests.staff.release.conftest import NOTEBOOK, cell, dump

IDS = ["P.ipynb:play", "P.ipynb:train.1", "P.ipynb:train.2"]
MESSAGES = {name: f"{name} (Q1): P.ipynb" for name in IDS}


def with_cell(*arguments, **more):
    """Return the text of the notebook with a cell added at its end."""
    return dump(NOTEBOOK | {"cells": [*NOTEBOOK["cells"], cell(*arguments, **more)]})


def test_blocks_are_named_after_their_cell_and_numbered_where_there_are_several():
    assert list(notebooks.named_blocks("P.ipynb", dump(NOTEBOOK))) == IDS


def test_answers_are_the_markdown_cells_tagged_solution():
    assert notebooks.answers("P.ipynb", dump(NOTEBOOK)) == ["P.ipynb:why-answer"]


def test_code_tagged_solution_is_refused():
    text = with_cell("code", "leak", "secret = 1", metadata={"tags": ["solution"]})
    with pytest.raises(ReleaseError, match="P.ipynb, cell leak: tagged 'solution'"):
        notebooks.answers("P.ipynb", text)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_marker_outside_of_code_is_refused_with_cell_and_line(kind):
    with pytest.raises(ReleaseError, match="P.ipynb, cell note, line 2: .* looks like a marker"):
        notebooks.named_blocks("P.ipynb", with_cell(kind, "note", "text\n### BEGIN SOLUTION"))


def test_an_unclosed_block_is_refused_with_cell_and_line():
    with pytest.raises(ReleaseError, match="P.ipynb, cell open, line 1: .* without an end"):
        notebooks.named_blocks("P.ipynb", with_cell("code", "open", "### BEGIN SOLUTION\nx"))


def test_blanking_takes_solutions_answers_outputs_and_counts():
    solved = copy.deepcopy(NOTEBOOK)
    solved["cells"][1] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}]}
    solved["cells"][1]["execution_count"] = 7
    blanked = json.loads(notebooks.blank("P.ipynb", dump(solved), MESSAGES))
    play, answer, train = blanked["cells"][1], blanked["cells"][3], blanked["cells"][4]
    assert play["outputs"] == [] and play["execution_count"] is None
    assert play["source"][1:3] == [
        "    # YOUR CODE HERE\n",
        '    raise NotImplementedError("P.ipynb:play (Q1): P.ipynb")\n',
    ]
    assert (answer["id"], answer["metadata"]) == ("why-answer", {"tags": ["solution"]})
    assert answer["source"] == [ANSWER]
    assert train["source"][-1] == 'raise NotImplementedError("P.ipynb:train.2 (Q1): P.ipynb")'


def test_filling_all_gives_the_solved_notebook_and_filling_some_only_those():
    solved = dump(NOTEBOOK)
    blanked = notebooks.blank("P.ipynb", solved, MESSAGES)
    assert notebooks.fill("P.ipynb", blanked, solved, {*IDS, "P.ipynb:why-answer"}) == solved
    some = notebooks.fill("P.ipynb", blanked, solved, {"P.ipynb:train.1"})
    assert some.count("NotImplementedError") == 2 and "rate = 1" in some and ANSWER in some
