"""staff.notebooks: executing a notebook and reading its verdicts."""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from staff.notebooks import execute


@pytest.fixture
def notebook(tmp_path):
    """Return a function that writes a notebook of the given code cells; the first one holds the parameters."""

    def write(*sources, tags=("parameters",)):
        cells = [new_code_cell(source) for source in sources]
        cells[0].metadata["tags"] = list(tags)
        path = tmp_path / "small.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return write


CHECKS = (
    "from cs231n.verdict import check, check_accuracy\n"
    "check('kept', 1e-9, below=1e-8)\n"
    "check('missed', EPOCHS, equals=3)\n"
    "check_accuracy('net', 0.5, 0.6)"
)


def test_execute_collects_the_verdicts_of_each_kind(notebook):
    run = execute(notebook("EPOCHS = 2", CHECKS))
    assert run.error is None
    assert [(v["what"], v["passed"]) for v in run.verdicts("check")] == [("kept", True), ("missed", False)]
    assert [(v["what"], v["passed"], v["value"]) for v in run.verdicts("accuracy")] == [("net", False, 0.5)]


def test_parameters_replace_the_values_of_the_tagged_cell(notebook):
    path = notebook("EPOCHS = 2", CHECKS)
    before = path.read_bytes()
    run = execute(path, {"EPOCHS": 3})
    assert all(verdict["passed"] for verdict in run.verdicts("check"))
    assert path.read_bytes() == before


def test_an_unknown_parameter_is_an_error_that_lists_the_known_ones(notebook):
    with pytest.raises(ValueError, match="no parameter EPOCH; it has EPOCHS"):
        execute(notebook("EPOCHS = 2"), {"EPOCH": 3})


def test_a_notebook_without_a_parameters_cell_is_an_error(notebook):
    with pytest.raises(ValueError, match="0 cells tagged 'parameters'"):
        execute(notebook("EPOCHS = 2", tags=()))


def test_an_exception_in_a_cell_ends_the_run_and_keeps_what_came_before(notebook):
    run = execute(notebook("EPOCHS = 2", CHECKS, "1 / 0", "check('never reached', 0, below=1)"))
    assert "ZeroDivisionError" in run.error
    assert [verdict["what"] for verdict in run.verdicts("check")] == ["kept", "missed"]


def test_peak_memory_and_seconds_are_measured_and_the_measuring_cell_is_gone(notebook):
    run = execute(
        notebook("EPOCHS = 2", "hoard = bytes(bytearray(range(256))) * 1_200_000", "import time; time.sleep(0.2)")
    )
    assert 300 < run.peak_mb < 1000
    assert run.seconds > 0.2
    assert len(run.notebook.cells) == 3


def test_the_environment_reaches_the_kernel(notebook):
    run = execute(notebook("X = 1", "import os; print(os.environ['ROOM'])"), environment={"ROOM": "kitchen"})
    assert run.notebook.cells[1].outputs[0].text == "kitchen\n"


def test_on_cell_is_called_as_each_cell_begins_and_notebooks_may_run_in_threads(notebook):
    path, cells = notebook("EPOCHS = 2", CHECKS), []
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: execute(path, on_cell=lambda *cell: cells.append(cell)), range(2)))
    assert [len(run.verdicts("check")) for run in runs] == [2, 2]
    ids = [cell.id for cell in runs[0].notebook.cells]
    assert sorted(cells) == sorted([(ids[0], 0), (ids[1], 1)] * 2)


def test_a_notebook_that_is_stopped_ends_with_its_kernel(notebook, tmp_path):
    sleep = f"import os, pathlib, time; pathlib.Path({str(tmp_path)!r}, 'pid').write_text(str(os.getpid()))\n"
    path, stop = notebook("EPOCHS = 2", f"{sleep}time.sleep(600)"), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(execute, path, stop=stop)
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        stop.set()
        with pytest.raises(asyncio.CancelledError):
            future.result()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_notebook_is_stopped_before_its_first_cell_too(notebook):
    stop = threading.Event()
    stop.set()
    with pytest.raises(asyncio.CancelledError):
        execute(notebook("EPOCHS = 2"), stop=stop)
