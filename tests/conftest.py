"""What several test modules share, and what the processes of a parallel run share."""

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

import staff  # noqa: F401  # before the tests read notebooks: it spares them a second of grammars
from cs231n.datasets.stand_in import write_stand_in

pytest.register_assert_rewrite("tests.oracles", "tests.promises")

try:
    import fcntl  # noqa: F401
    import resource  # noqa: F401
except ImportError:  # Windows: grading and the mutation run need POSIX
    collect_ignore = ["staff/grade", "staff/mutation", "staff/misconceptions/test_sandbox.py"]

SHARED = "CS231N_TESTS_SHARED"  # environment variable: folder of what is made once for all processes of a run


def pytest_configure(config):
    """Make the folder in the first process; those that it starts inherit its name."""
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="cs231n-tests-")


def pytest_unconfigure(config):
    """Remove the folder, which holds a data set of 180 MB."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Start three processes for two cores: many tests wait for what they have started, or for time to pass."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores * 3 // 2)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Spare the garbage collector, and the memory that forks share, what stays until the end anyway."""
    gc.disable()  # else a quarter of the time goes into looking again and again at what is all still needed
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(10_000)  # with the usual 700, a twelfth of the time of tests in this process


@pytest.fixture(autouse=True)
def no_data_of_the_user(monkeypatch):
    """Tests see the data sets they make themselves, not the one the environment names."""
    monkeypatch.delenv("CIFAR10_DIR", raising=False)


@pytest.fixture(scope="session")
def made_once():
    """Return a function (name, make) -> what make(folder) made, a path; the process that asks first makes it.

    Read what is there, do not change it: other processes of this run use it too.
    """

    def made_once(name, make):
        folder = Path(os.environ[SHARED]) / name
        with FileLock(f"{folder}.lock"):
            done = Path(f"{folder}.path")
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                done.write_text(str(make(folder)), encoding="utf-8")
        return Path(done.read_text(encoding="utf-8"))

    return made_once


@pytest.fixture(scope="session")
def stand_in_root(made_once):
    """Path of a full stand-in data set; read it, do not change it."""
    return made_once("stand-in", write_stand_in)
