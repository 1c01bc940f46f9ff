"""The Dask cluster: a LocalCluster of two workers, a scheduler in another process, and workers that die."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import distributed
import pytest

from cs231n.checks.rubric import load_rubric
from staff import ROOT
from staff.grade import grading, limits
from staff.grade.intake.exports import find_submissions
from staff.grade.pool import cluster
from staff.grade.pool.errors import ClusterError
from tests.staff.grade.conftest import SECRET, write_zip

PYTHON = [sys.executable, "-m"]
FEW = tuple(load_rubric().exercises)[:6]
POINTS = sum(load_rubric().exercises[name].points for name in FEW)

# Dask's own: sockets and files that its processes close late.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def setup(release):
    """A setup that grades the first exercises alone: what is graded does not matter to a cluster."""
    return grading.Setup(SECRET, release, grading.checks_digest(ROOT), exercises=FEW)


@pytest.fixture
def submissions(tmp_path, solved, blank):
    """Two solved and two blank submissions, of Q1 to Q4 alone."""
    paths = []
    for number, files in enumerate((solved, blank, solved, blank)):
        modules = {name: data for name, data in files.items() if name.endswith(".py")}
        paths.append(write_zip(tmp_path / f"s{number}.zip", modules))
    return find_submissions(paths).submissions


@pytest.fixture
def two_workers(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as local:
        yield local


def no_record(name):
    """There was no run before."""


def without_times(graded):
    """Return a record as it would be however long it took."""
    exercises = tuple(dataclasses.replace(one, seconds=0.0) for one in graded.record.exercises)
    return dataclasses.replace(graded.record, exercises=exercises, seconds=0.0)


def test_on_two_workers_each_submission_is_graded_once_and_as_on_one_machine(two_workers, submissions, setup):
    found = list(cluster.grade_all(submissions, setup, no_record, two_workers.scheduler_address))
    assert sorted(graded.record.name for graded in found) == ["s0", "s1", "s2", "s3"]
    by_name = {graded.record.name: without_times(graded) for graded in found}
    for submission in submissions[:2]:
        assert by_name[submission.name] == without_times(grading.grade(submission, setup))
    kept = list(cluster.grade_all(submissions, setup, by_name.get, two_workers.scheduler_address))
    assert all(graded.kept for graded in kept)


def test_what_a_dead_worker_was_at_is_graded_by_another(two_workers, submissions, setup):
    pids = [worker.pid for worker in two_workers.workers.values()]
    found = []
    for graded in cluster.grade_all(submissions, setup, no_record, two_workers.scheduler_address):
        if not found:
            os.kill(pids[0], signal.SIGKILL)  # three are on their way, on both workers
        found.append(graded.record)
    assert sorted(record.name for record in found) == ["s0", "s1", "s2", "s3"]
    assert {record.name: record.earned for record in found} == {"s0": POINTS, "s1": 0, "s2": POINTS, "s3": 0}
    assert not any(one.verdict == "grader_error" for record in found for one in record.exercises)


def test_what_a_stopped_worker_was_at_is_graded_by_another_once(two_workers, submissions, setup, monkeypatch):
    monkeypatch.setattr(limits, "GRACE", 0.0)
    hurried = dataclasses.replace(setup, limit=4.0)
    [stopped, _] = [worker.pid for worker in two_workers.workers.values()]
    found = []
    for graded in cluster.grade_all(submissions, hurried, no_record, two_workers.scheduler_address):
        if not found:
            os.kill(stopped, signal.SIGSTOP)
        found.append(graded.record)
    assert sorted(record.name for record in found) == ["s0", "s1", "s2", "s3"]
    assert not any(one.verdict == "grader_error" for record in found for one in record.exercises)
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)  # it has been replaced


def test_what_crashes_is_graded_again_when_all_others_are_done(submissions, setup, monkeypatch):
    seen = []

    def play(submission, setup, *more):
        seen.append(submission.name)
        verdict = "crashed" if submission.name == "s1" and seen.count("s1") == 1 else "passed"
        graded = grading.broken(submission, setup, "played")
        exercises = tuple(dataclasses.replace(one, verdict=verdict) for one in graded.record.exercises)
        return dataclasses.replace(graded, record=dataclasses.replace(graded.record, exercises=exercises))

    monkeypatch.setattr(grading, "grade", play)
    options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(1, processes=False, **options) as local:
        found = list(cluster.grade_all(submissions, setup, no_record, local.scheduler_address))
    assert sorted(seen) == ["s0", "s1", "s1", "s2", "s3"] and seen[-1] == "s1"
    remarks = {graded.record.name: bool(graded.record.exercises[0].remark) for graded in found}
    assert remarks == {"s0": False, "s1": True, "s2": False, "s3": False}


def hanging(name):
    """Return a plugin for workers that play grading: they hang at a submission, and count the others as broken."""

    class Hang(distributed.WorkerPlugin):
        name = "hang"

        def setup(self, worker):
            from staff.grade import grading

            def grade(submission, setup, *more):
                if submission.name == hangs_at:
                    time.sleep(1000)
                return grading.broken(submission, setup, "played")

            grading.grade = grade

    hangs_at = name
    return Hang()


def test_a_submission_at_which_two_workers_hang_counts_as_broken_and_the_run_ends(
    two_workers, submissions, setup, monkeypatch
):
    monkeypatch.setattr(limits, "GRACE", 2.0)
    with distributed.Client(two_workers, set_as_default=False) as client:
        client.register_plugin(hanging("s1"))
    hurried = dataclasses.replace(setup, limit=0.2)
    found = list(cluster.grade_all(submissions, hurried, no_record, two_workers.scheduler_address))
    assert sorted(graded.record.name for graded in found) == ["s0", "s1", "s2", "s3"]
    logs = {graded.record.name: graded.log for graded in found}
    assert logs.pop("s1") == ("two workers were stopped at it: no end after 3 seconds",)
    assert set(logs.values()) == {("played",)}


def test_without_workers_the_run_ends_and_says_how_to_go_on(submissions, setup, monkeypatch):
    monkeypatch.setattr(limits, "CONNECT", 2.0)
    monkeypatch.setattr(limits, "GLANCE", 0.5)
    options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(1, processes=False, **options) as local:
        monkeypatch.setattr(cluster, "_submit", leaving(local, cluster._submit))
        with pytest.raises(ClusterError, match="no worker is left; start some"):
            list(cluster.grade_all(submissions, setup, no_record, local.scheduler_address))


def leaving(local, submit):
    """Return a `_submit` before which all workers leave."""

    def submit_and_leave(*args):
        local.scale(0)
        while local.scheduler.workers:
            time.sleep(0.05)
        submit(*args)

    return submit_and_leave


@contextlib.contextmanager
def dask_in(folder, cwd):
    """A scheduler and a worker in processes of their own: (address, process of the scheduler)."""
    contact = ["--scheduler-file", folder / "scheduler.json", "--no-dashboard"]
    started = [
        subprocess.Popen([*PYTHON, "dask", name, *contact, *more], cwd=cwd, stderr=subprocess.DEVNULL)
        for name, more in (("scheduler", ["--port", "0"]), ("worker", ["--nthreads", "1"]))
    ]
    try:
        while not (folder / "scheduler.json").exists():
            time.sleep(0.1)
        yield json.loads((folder / "scheduler.json").read_text())["address"], started[0]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


@pytest.fixture
def scheduler(tmp_path):
    with dask_in(tmp_path, ROOT) as found:
        yield found


def test_the_command_line_grades_with_a_scheduler_in_another_process(tmp_path, submissions, scheduler):
    (tmp_path / "secret").write_bytes(SECRET)
    command = [
        *PYTHON,
        "staff.grade",
        *(submission.path for submission in submissions),
        "--scheduler",
        scheduler[0],
    ]
    command += ["--out", tmp_path / "out", "--secret", tmp_path / "secret", "--exercises", *FEW]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "4 submissions graded" in done.stdout
    rows = (tmp_path / "out" / "gradebook.csv").read_text().splitlines()
    assert len(rows) == 5


def test_a_cluster_that_was_started_elsewhere_is_told_where_to_start(tmp_path, submissions, setup):
    with dask_in(tmp_path, tmp_path) as (address, _):
        with pytest.raises(ClusterError, match="start its scheduler and workers in the repository's folder"):
            next(cluster.grade_all(submissions, setup, no_record, address))


def test_a_scheduler_that_dies_is_an_error_that_says_how_to_go_on(submissions, setup, scheduler):
    address, process = scheduler
    with pytest.raises(ClusterError, match="the scheduler is gone; run the same command again"):
        for _ in cluster.grade_all(submissions, setup, no_record, address):
            process.kill()


def test_without_a_scheduler_or_with_other_checks_there_is_an_error_that_says_so(
    two_workers, submissions, setup, monkeypatch
):
    monkeypatch.setattr(limits, "CONNECT", 1.0)
    with pytest.raises(ClusterError, match="no Dask scheduler at tcp://127.0.0.1:1"):
        next(cluster.grade_all(submissions, setup, no_record, "tcp://127.0.0.1:1"))
    other = dataclasses.replace(setup, checks="of another version")
    with pytest.raises(ClusterError, match="other checks than here"):
        next(cluster.grade_all(submissions, other, no_record, two_workers.scheduler_address))
    monkeypatch.setattr(cluster, "distributed", None)
    with pytest.raises(ClusterError, match="needs Dask: python -m pip install"):
        next(cluster.grade_all(submissions, setup, no_record, "tcp://127.0.0.1:1"))
