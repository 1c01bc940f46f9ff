"""cs231n.waiting: cells that wait for an exercise say so in one line, and other errors are shown as usual."""

import re

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from cs231n import waiting

BLANK = 'raise NotImplementedError("affine_forward (Q1): cs231n/layers.py")'
FOR = "affine_forward (Q1), which is not written yet: cs231n/layers.py"
ABOVE = "a result of a cell above, which waits for affine_forward (Q1): cs231n/layers.py"


@pytest.fixture
def run(capsys):
    """Return a function that runs a cell in a shell with the extension: its output, and the name of its error."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    waiting.load_ipython_extension(shell)

    def run_cell(source):
        result = shell.run_cell(source)
        shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).strip()
        return shown, type(result.error_in_exec).__name__

    return run_cell


@pytest.mark.parametrize("cell", [BLANK, f"def affine_forward():\n    {BLANK}\naffine_forward()"])
def test_a_cell_with_a_blank_names_it_in_one_line_and_stays_an_error(run, cell):
    assert run(cell) == (f"This cell waits for {FOR}", "NotImplementedError")


@pytest.mark.parametrize(
    ("above", "below", "error"),
    [
        (f"def f():\n    {BLANK}\nout = f()", "print(out)", "NameError: name 'out' is not defined"),
        (
            f"sums = []\nfor _ in 'a':\n    {BLANK}\n    sums.append(1)",
            "sums[-1]",
            "IndexError: list index out of",
        ),
        (f"{BLANK}\nprint(solver.best)", "max(solver.history)", "NameError: name 'solver' is not defined"),
        (
            f"sums = {{}}\ndef keep(x):\n    sums[x] = 1\nclass A:\n    def __init__(self, x):\n        keep(x)\n"
            f"def f():\n    {BLANK}\nfor x in (f(),):\n    A(x)",
            "sums['a']",
            "KeyError: 'a'",
        ),
        (f"out = None\nif not out:\n    {BLANK}\n    out = 1", "[0 for x in out]", "TypeError: 'NoneType' object"),
    ],
)
def test_a_cell_below_names_the_same_exercise_and_its_own_error(run, above, below, error):
    run(above)
    shown, kind = run(below)
    assert shown.startswith(f"This cell needs {ABOVE}. ({error}") and "\n" not in shown and error.startswith(kind)


def test_what_a_cell_below_makes_waits_for_the_same_exercise(run):
    run(f"{BLANK}\nnet = 1")
    run("scores = net + 1")
    assert run("scores")[0].startswith(f"This cell needs {ABOVE}")


def test_a_cell_that_ends_well_without_what_it_needs_says_so(run):
    run(f"curves = []\nfor name in 'ab':\n    curves.append(name)\n    {BLANK}")
    assert run("n = len(curves)") == (f"This cell may be incomplete: it needs {ABOVE}.", "NoneType")


def test_once_the_cell_above_ends_well_nothing_waits(run):
    run(f"{BLANK}\nout = 1")
    assert run("out = None") == run("n = str(out)") == ("", "NoneType")
    assert "Traceback" in run("out.shape")[0]


def test_a_list_that_a_function_fills_waits_until_a_cell_that_calls_it_ends_well(run):
    run("sums = []\ndef keep(x):\n    sums.append(x)")
    run(f"def f():\n    {BLANK}\nkeep(f())")
    assert ABOVE in run("sums[-1]")[0]
    run("keep(1)")
    assert run("n = sums[-1]") == ("", "NoneType")


@pytest.mark.parametrize(
    "cell",
    [
        "1 / 0",  # no name that waits
        "1 / (0 * x)",  # made above the blank
        "raise NotImplementedError('to do')",
        "mine()",  # a mistake in a function of another cell, although its argument waits
        "eval(compile('1 / 0', waiting.ROOT / 'cs231n' / 'layers.py', 'exec')); out",
    ],
)
def test_other_errors_are_shown_as_usual(run, cell):
    run("from cs231n import waiting")
    run("def mine(value=0):\n    return 1 / value")
    run(f"x = 1\n{BLANK}\nout = x")
    assert "Traceback" in run(cell)[0]
    run("x, out = 1, 2")


def test_the_whole_error_can_be_seen(run):
    run(f"x = 1\n{BLANK}")
    assert "Traceback" in run("%tb")[0]


def test_a_cell_that_is_no_python_and_one_without_blanks_are_left_alone(run):
    assert "SyntaxError" in run("x = = 1")[0] and run("y = 1") == ("", "NoneType")
