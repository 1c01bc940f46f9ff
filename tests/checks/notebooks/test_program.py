"""frameworks.program: taking imports, definitions and constants out of a notebook without running it."""

import json

import pytest

from cs231n.checks.notebooks.program import DEFINED, Program
from tests.checks.notebooks.made_up import PYTORCH, TENSORFLOW, blank, code_cell, solved, with_cells

NET = "def three_layer_convnet(x, params):\n    return {}\n"


def program(*sources, **more):
    """Return the Program of a notebook with these code cells, the ids a, b, c, ..."""
    cells = [
        source if isinstance(source, dict) else code_cell(source, "abcdefgh"[k])
        for k, source in enumerate(sources)
    ]
    return Program(json.dumps({"cells": cells}), "P.ipynb", **more)


def result(*sources, **more):
    """Return what the three_layer_convnet of such a notebook returns."""
    return program(*sources, **more).load("barebones-convnet")(None, None)


@pytest.mark.parametrize("name", [PYTORCH, TENSORFLOW])
def test_every_cell_is_written_in_the_solved_notebook_and_none_in_the_blank_one(name):
    cells = set(DEFINED) - ({"functional-convnet"} if name == PYTORCH else set())
    full, empty = Program(solved(name), name), Program(blank(name), name)
    assert all(map(full.is_written, cells)) and not any(map(empty.is_written, cells))
    assert full.errors == {} == empty.errors


def test_nothing_else_of_a_notebook_is_run():
    calls = (
        "print(1 / 0)\nx = open('no such file')\nfor k in range(3):\n    1 / 0\nx.y = 1\nz[0] = 2\nassert False\n"
    )
    assert result(calls, NET.format(7), "1 / 0\nimport no_such_module\nraise SystemExit") == 7


def test_of_what_is_defined_only_what_is_needed_is_run():
    assert result("def helper(a=1 / 0):\n    pass", "def used():\n    return 3", NET.format("used()")) == 3


def test_constants_imports_lambdas_and_what_is_given_can_be_used():
    constants = "A, B = 2, [3, -1.5]\nC: int = A * 4\nif True:\n    D = 5\n"
    constants += "try:\n    import math\nexcept ImportError:\n    math = None"
    body = "(A, B, C, D, math.pi > 3, double(2), GIVEN)"
    found = result(constants, "double = lambda x: 2 * x", NET.format(body), given={"GIVEN": 9})
    assert found == (2, [3, -1.5], 8, 5, True, 4, 9)


def test_a_constant_that_is_computed_by_a_call_is_not_taken():
    with pytest.raises(NameError):
        result("A = abs(-2)", NET.format("A"))


def test_where_a_name_is_bound_again_further_down_what_came_before_counts():
    assert result("A = 1", NET.format("A"), "A = 2") == 1
    assert result("A = 1", "A = 2", NET.format("A")) == 2
    assert result(NET.format("A"), "A = 2") == 2


def test_the_cell_with_the_id_goes_before_others_and_what_is_written_before_what_is_blank():
    own, other = code_cell(NET.format(1), "barebones-convnet"), code_cell(NET.format(2), "scratch")
    empty = (
        "def three_layer_convnet(x, params):\n    raise NotImplementedError('barebones_convnet (Q5): P.ipynb')\n"
    )
    assert result(other, own) == result(own, other) == 1
    assert result(code_cell(empty, "barebones-convnet"), other) == 2
    assert result(own, code_cell(NET.format(3), "barebones-convnet")) == 3


def test_magics_and_shell_lines_are_dropped():
    lines = "%matplotlib inline\n!pip install torch\n?print\nfiles = !ls\nt = %time 3\nprint??\n"
    lines += "if True:\n    %cd ..\nA = 5 % 3\n"
    assert result(lines, "%%time\n" + NET.format("A")) == 2
    assert result("%%bash\nrm -rf /\nA=3", "%%writefile a.py\nA = 3", "A = 4", NET.format("A")) == 4


def test_a_cell_that_is_no_python_spoils_only_itself():
    spoilt = [
        "def f(:",
        "x = '\ud800'",
        "a\0b",
        "(" * 300,
        "-" * 100000 + "1",
        "1" + "+1" * 100000,
        "  x = 1\n y = 2",
    ]
    assert result(*spoilt, NET.format(1)) == 1
    with pytest.raises(SyntaxError) as caught:
        result(code_cell("A = 1\n" + NET.format("(("), "scratch"))
    assert (caught.value.filename, caught.value.lineno) == ("P.ipynb, cell scratch", 3)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_cell_turned_into_text_is_named_in_the_error(kind):
    cell = code_cell(NET.format(1), "barebones-convnet") | {"cell_type": kind}
    with pytest.raises(
        NotImplementedError, match=f"P.ipynb does not define three_layer_convnet; .* is a {kind} cell"
    ):
        result(cell)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"cells": 3}', '{"cells": null}', "\x89PNG", "[" * 100000, '{"cells": NaN}'],
)
def test_what_is_no_notebook_is_refused_with_its_name(text):
    with pytest.raises(ValueError, match="P.ipynb is not a notebook"):
        Program(text, "P.ipynb")


def test_cells_of_any_form_are_survived():
    odd = [
        None,
        3,
        [],
        {},
        {"cell_type": 3},
        {"cell_type": "code"},
        {"cell_type": "code", "id": 4, "source": [1, "A = 1"]},
    ]
    text = with_cells(json.dumps({"cells": []}), lambda cells: [*odd, code_cell(NET.format("A"), None)])
    assert Program(text, "P.ipynb").load("barebones-convnet")(None, None) == 1


def test_a_traceback_names_the_cell_and_shows_the_line():
    import traceback

    function = program(code_cell("# comment\n" + NET.format("1 / 0"), "mine")).load("barebones-convnet")
    with pytest.raises(ZeroDivisionError) as caught:
        function(None, None)
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.line) == ("P.ipynb, cell mine", 3, "return 1 / 0")


def test_a_helper_that_cannot_be_made_is_missing_only_where_it_is_used():
    assert result("from no_such import helper", NET.format("1 if x is None else helper()")) == 1
    with pytest.raises(NameError, match="helper"):
        result("from no_such import helper", NET.format("helper()"))
