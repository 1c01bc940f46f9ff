"""staff.run: what is executed and in which order, which missed bounds count, the table, and the data's source."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import nbformat
import pytest

from cs231n.terminal import python_command
from cs231n.verdict import MIME
from staff import ROOT
from staff import run as runner
from staff.notebooks import Run


def children(pid):
    """Return the processes that a process started and that have not ended."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    threads = Path(f"/proc/{pid}/task").iterdir() if listing.exists() else ()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def made_run(*verdicts, error=None, name="Dropout"):
    """Return a Run whose notebook showed the given (kind, passed) verdicts."""
    data = [
        {"kind": kind, "what": f"{kind} {i}", "passed": passed, "detail": "0.5", "value": 0.5}
        for i, (kind, passed) in enumerate(verdicts)
    ]
    outputs = [nbformat.v4.new_output("display_data", {MIME: item, "text/plain": item["what"]}) for item in data]
    cell = nbformat.v4.new_code_cell(outputs=outputs)
    return Run(name, nbformat.v4.new_notebook(cells=[cell]), 12.0, 345.0, error)


@pytest.mark.parametrize("source", ["CIFAR-10", "stand-in data"])
def test_a_missed_check_counts_on_any_data(source):
    assert runner.misses(made_run(("check", True), ("check", False)), source) == ["check 1: 0.5"]


def test_a_missed_accuracy_counts_on_cifar10_only():
    run = made_run(("check", True), ("accuracy", False))
    assert runner.misses(run, "CIFAR-10") == ["accuracy 1: 0.5"]
    assert runner.misses(run, "stand-in data") == []


def test_a_notebook_that_stopped_early_or_checked_nothing_is_a_miss():
    assert runner.misses(made_run(("check", True), error="boom"), "CIFAR-10") == [
        "stopped by an error before its end"
    ]
    assert runner.misses(made_run(), "CIFAR-10") == ["made no check at all"]


def test_the_table_has_checks_seconds_memory_and_every_accuracy():
    text = runner.summary([made_run(("check", True), ("check", False), ("accuracy", True))], "stand-in data", 20)
    assert "accuracies on stand-in data" in text
    assert text.splitlines()[2].split()[:4] == ["Dropout", "1/2", "12", "345"]
    assert "50.0% accuracy 2" in text
    assert text.splitlines()[-1].split() == ["all", "20", "345"]


@pytest.fixture
def executed(monkeypatch, tmp_path, stand_in_root):
    """Replace the executing of notebooks; returns a function that sets what came of it, and the calls made."""
    calls = []

    def come_out_as(run):
        monkeypatch.setattr(runner, "execute", lambda path, **options: calls.append(path.name) or run)
        return calls

    monkeypatch.setenv("CIFAR10_DIR", str(stand_in_root))
    return come_out_as


def test_main_exits_zero_when_all_bounds_are_kept_and_one_otherwise(executed, tmp_path, capsys):
    calls = executed(made_run(("check", True)))
    assert runner.main(["Dropout", "--out", str(tmp_path)]) == 0
    assert calls == ["Dropout.ipynb"]
    assert "STAND-IN DATA" in capsys.readouterr().out
    executed(made_run(("check", False)))
    assert runner.main(["Dropout", "--out", str(tmp_path)]) == 1
    assert "Missed:\nDropout: check 0" in capsys.readouterr().out


@pytest.fixture
def with_tensorflow(monkeypatch):
    """Return a function that makes it look as if TensorFlow were installed, or not."""

    def set_to(installed):
        monkeypatch.setattr(runner.importlib.util, "find_spec", lambda package: installed or None)

    return set_to


def test_main_executes_all_notebooks_by_default_the_shortest_first_then_the_longest(
    executed, with_tensorflow, tmp_path
):
    with_tensorflow(True)
    calls = executed(made_run(("check", True)))
    runner.main(["--out", str(tmp_path), "--jobs", "1"])
    assert sorted(calls) == sorted(f"{name}.ipynb" for name in runner.NOTEBOOKS)
    assert calls[0] == "Dropout.ipynb"
    assert {calls[1], calls[2]} == {"PyTorch.ipynb", "TensorFlow.ipynb"}


def test_the_line_of_a_notebook_and_its_page_are_there_before_the_next_has_finished(
    monkeypatch, executed, tmp_path, capsys
):
    seen = []

    def execute(path, **options):
        if path.stem == "BatchNormalization":
            # The main thread prints after this thread has gone on to the next notebook.
            while not (page := tmp_path / "index.html").exists():
                time.sleep(0.01)
            seen.append((page.read_text(encoding="utf-8"), capsys.readouterr().out))
        return made_run(("check", True), name=path.stem)

    executed(None)
    monkeypatch.setattr(runner, "execute", execute)
    assert runner.main(["BatchNormalization", "Dropout", "--jobs", "1", "--out", str(tmp_path)]) == 0
    [(index, printed)] = seen
    assert '<a href="Dropout.html">' in index and "BatchNormalization" not in index
    assert "Dropout                        1/1        12       345" in printed


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's list of processes")
def test_ctrl_c_ends_a_run_with_one_line_and_its_kernels(stand_in_root, tmp_path):
    environment = os.environ | {"CIFAR10_DIR": str(stand_in_root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "staff.run", "Dropout", "--out", str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert any("Executing Dropout" in line for line in process.stdout)
        while not (kernels := children(process.pid)):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.strip() == "Stopped by Ctrl-C. Pages of notebooks that had finished stay."
    for kernel in kernels:
        with pytest.raises(ProcessLookupError):
            os.kill(kernel, 0)


def test_a_notebook_without_its_framework_is_left_out_and_the_summary_says_why(
    executed, with_tensorflow, tmp_path, capsys
):
    with_tensorflow(False)
    calls = executed(made_run(("check", True)))
    assert runner.main(["--out", str(tmp_path)]) == 0
    assert len(calls) == len(runner.NOTEBOOKS) - 1 and "TensorFlow.ipynb" not in calls
    assert "TensorFlow was left out: tensorflow is not installed (pip install" in capsys.readouterr().out


def test_a_notebook_can_be_left_out_on_purpose(executed, with_tensorflow, tmp_path, capsys):
    with_tensorflow(True)
    calls = executed(made_run(("check", True)))
    assert runner.main(["Dropout", "TensorFlow", "--without", "TensorFlow", "--out", str(tmp_path)]) == 0
    assert calls == ["Dropout.ipynb"]
    assert "TensorFlow was left out: as asked." in capsys.readouterr().out


def test_it_is_an_error_if_nothing_is_left_to_execute(with_tensorflow, capsys):
    with_tensorflow(False)
    with pytest.raises(SystemExit):
        runner.main(["TensorFlow"])
    assert "tensorflow is not installed" in capsys.readouterr().err


def test_an_unknown_notebook_is_refused_by_name(capsys):
    with pytest.raises(SystemExit):
        runner.main(["Dropuot"])
    assert "no notebook Dropuot" in capsys.readouterr().err


@pytest.mark.parametrize("downloads, expected", [(True, [[]]), (False, [[], ["--stand-in"]])])
def test_data_is_downloaded_where_there_is_none_and_drawn_where_that_fails(monkeypatch, downloads, expected):
    calls = []
    monkeypatch.setattr(runner, "find_CIFAR10", mock.Mock(side_effect=FileNotFoundError))
    monkeypatch.setattr(
        runner, "get_datasets", lambda arguments: calls.append(arguments) or (0 if downloads else 1)
    )
    monkeypatch.setattr(runner, "dataset_name", lambda: "CIFAR-10")
    assert runner._get_data() == "CIFAR-10"
    assert calls == expected


def test_ctrl_c_during_the_download_ends_the_run(monkeypatch):
    monkeypatch.setattr(runner, "find_CIFAR10", mock.Mock(side_effect=FileNotFoundError))
    monkeypatch.setattr(runner, "get_datasets", lambda arguments: 130)
    with pytest.raises(KeyboardInterrupt):
        runner._get_data()


def test_the_notice_of_stand_in_data_names_a_command_that_starts_this_python(monkeypatch, capsys):
    monkeypatch.setattr(runner, "find_CIFAR10", lambda: None)
    monkeypatch.setattr(runner, "dataset_name", lambda: "stand-in data")
    runner._get_data()
    assert f"!!      {python_command('-m', 'cs231n.datasets')}  " in capsys.readouterr().out
