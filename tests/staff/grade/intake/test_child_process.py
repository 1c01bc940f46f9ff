"""What takes too much to read ends the child that reads it, and nothing else."""

import json
import os
import time

import pytest

from cs231n.checks.notebooks.frameworks import PYTORCH
from cs231n.checks.notebooks.program import Program
from staff.grade import limits
from staff.grade.intake import cells
from staff.grade.intake.child_process import TooMuch, apart
from staff.grade.judge.q5 import stripped


def notebook(*sources, **more):
    """Return a notebook with code cells."""
    parts = [{"cell_type": "code", "id": f"c{k}", "source": text} | more for k, text in enumerate(sources)]
    return json.dumps({"cells": parts}).encode()


def raises():
    raise LookupError("as it is")


def ends():
    os._exit(0)


def loops():
    while True:
        pass


def waits():
    time.sleep(1000)


def fills():
    return bytearray(2 * limits.READING_BYTES)


def test_a_child_returns_what_the_function_returns_and_raises_what_it_raises():
    assert apart(sorted, [3, 1, 2]) == [1, 2, 3]
    with pytest.raises(LookupError, match="as it is"):
        apart(raises)


@pytest.mark.parametrize(
    "function, why", [(loops, "seconds"), (waits, "seconds"), (fills, "memory"), (ends, "answer")]
)
def test_a_child_that_takes_too_much_ends(monkeypatch, function, why):
    monkeypatch.setattr(limits, "READING", 1.0)
    monkeypatch.setattr(limits, "PATIENCE", 2)
    with pytest.raises(TooMuch, match=why):
        apart(function)


NESTED = "".join(f"{' ' * k}if 1:\n" for k in range(60)) + " " * 60 + "x = 1\n"
CELLS = {
    "nested conditions": NESTED,
    "a chain of conditions": "if 1: x = 1\n" + "elif 1: x = 1\n" * 20_000,
    "a large cell": "x = [" + "1," * 3_000_000 + "]\n",
    "brackets": "(" * 100_000,
    "spaces before nothing": "def f(:\n" + " " * 1_000_000,
    "names before nothing": "def f(:\n" + "a " * 500_000,
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_that_are_hard_to_read_cost_their_notebook_alone(monkeypatch, name):
    monkeypatch.setattr(limits, "READING_BYTES", 2**28)
    try:
        copy, written = apart(stripped, notebook(CELLS[name]), PYTORCH)
    except TooMuch:
        return
    assert not written and len(copy) < 10_000_000


def test_names_bound_in_nested_conditions_are_found_in_time_that_grows_with_their_number():
    [statement] = Program(notebook(NESTED).decode(), "PyTorch.ipynb").statements
    assert statement.names == {"x"}


def test_ten_million_outputs_are_cut():
    data = notebook("x = 1", outputs=[{}] * 10).replace(b"{}", b",".join([b"{}"] * 1_000_000))
    try:
        [cell] = apart(cells.read_cells, data)
    except TooMuch:
        return
    assert len(cell.outputs) <= limits.CELL_OUTPUTS
