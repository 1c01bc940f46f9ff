"""Processes that grade: one that dies or hangs costs one submission, and none stays behind."""

import multiprocessing
import os
import signal
import threading
import time
import types

import pytest

from staff.grade.grading import Setup
from staff.grade.intake.exports import find_submissions
from staff.grade.pool import processes
from tests.staff.grade.conftest import SECRET, write_zip

LAYERS = "cs231n/layers.py"


@pytest.fixture
def setup(release):
    return Setup(SECRET, release, "checks", limit=30, exercises=("relu_forward",))


def write_submissions(folder, **sources):
    """Write archives with a layers.py of these sources each; return them in this order."""
    return find_submissions(
        [write_zip(folder / f"{name}.zip", {LAYERS: source}) for name, source in sources.items()]
    ).submissions


def graded(submissions, setup, count=1, earlier=lambda name: None):
    """Return name -> Graded."""
    return {one.record.name: one for one in processes.grade_all(submissions, setup, earlier, count)}


def broke(one):
    return {exercise.verdict for exercise in one.record.exercises} == {"grader_error"}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_submission_is_graded_once_by_any_number_of_workers(tmp_path, setup, count):
    submissions = write_submissions(tmp_path, a="x = 1\n", b="x = 2\n", c="x = (\n")
    found = list(processes.grade_all(submissions, setup, lambda name: None, count))
    assert sorted(one.record.name for one in found) == ["a", "b", "c"]
    assert not any(map(broke, found))
    assert multiprocessing.active_children() == []


def test_no_submissions_are_no_work(setup):
    assert graded([], setup) == {}


@pytest.fixture
def clock(monkeypatch):
    """The clock of the run, which looks at it ten times a second: a number added to `ahead` is seconds gone by."""
    ahead, wait, monotonic = [], processes.wait, time.monotonic
    monkeypatch.setattr(processes, "wait", lambda ends, patience: wait(ends, min(patience, 0.1)))
    monkeypatch.setattr(processes, "time", types.SimpleNamespace(monotonic=lambda: monotonic() + sum(ahead)))
    return types.SimpleNamespace(ahead=ahead)


@pytest.mark.parametrize("number, passing, said", [("SIGKILL", 0, "exit status -9"), ("SIGSTOP", 300, "no end")])
def test_a_worker_that_dies_or_hangs_costs_the_submission_that_it_was_at(
    tmp_path, setup, clock, number, passing, said
):
    slow = "import time\ntime.sleep(9)\n"
    found = {}

    def send():
        [worker] = multiprocessing.active_children()
        os.kill(worker.pid, getattr(signal, number))
        clock.ahead.append(passing)

    for one in processes.grade_all(
        write_submissions(tmp_path, before="x = 1\n", slow=slow, after="x = 2\n"), setup, lambda name: None, 1
    ):
        found[one.record.name] = one
        if one.record.name == "before":
            threading.Timer(2, send).start()
    assert {name: broke(one) for name, one in found.items()} == {"before": False, "slow": True, "after": False}
    assert said in found["slow"].log[0]
    assert multiprocessing.active_children() == []


def test_an_exception_of_the_grader_costs_the_submission_that_it_was_at(tmp_path, setup):
    submissions = write_submissions(tmp_path, a="x = 1\n", b="x = 2\n")
    found = graded(submissions, setup, earlier={"a": "no record"}.get)
    assert {name: broke(one) for name, one in found.items()} == {"a": True, "b": False}
    assert "AttributeError" in found["a"].log[0]


def test_an_earlier_record_reaches_the_worker(tmp_path, setup):
    submissions = write_submissions(tmp_path, a="x = 1\n", b="x = 2\n")
    first = graded(submissions, setup)
    again = graded(submissions, setup, earlier=lambda name: first[name].record if name == "a" else None)
    assert {name: one.kept for name, one in again.items()} == {"a": True, "b": False}


def test_what_crashes_is_graded_again_alone_and_only_what_crashes_again_is_the_students(tmp_path, setup):
    crashing = "import os\ndef relu_forward(x):\n    os._exit(3)\n"
    submissions = write_submissions(tmp_path, once=crashing, twice=crashing, other="x = 1\n")
    found = []
    for one in processes.grade_all(submissions, setup, lambda name: None, 1):
        if not found:  # a sound machine from now on
            write_submissions(tmp_path, once="import numpy as np\ndef relu_forward(x):\n    return 0 * x, x\n")
        found.append((one.record.name, one.record.exercises[0]))
    assert [name for name, _ in found] == ["other", "once", "twice"]
    assert [one.verdict for _, one in found] == ["error", "failed", "crashed"]
    assert [bool(one.remark) for _, one in found] == [False, True, False]


def test_workers_end_where_the_run_is_given_up(tmp_path, setup):
    submissions = write_submissions(tmp_path, a="x = 1\n", b="x = 2\n", c="x = 3\n")
    run = processes.grade_all(submissions, setup, lambda name: None, 2)
    next(run)
    run.close()
    assert multiprocessing.active_children() == []
