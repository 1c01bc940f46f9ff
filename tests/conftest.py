"""What several test modules share."""

import os

import pytest
from filelock import FileLock

from cs231n.datasets.stand_in import write_stand_in


@pytest.fixture(autouse=True)
def no_data_of_the_user(monkeypatch):
    """Tests see the data sets they make themselves, not the one the environment names."""
    monkeypatch.delenv("CIFAR10_DIR", raising=False)


@pytest.fixture(scope="session")
def stand_in_root(tmp_path_factory):
    """Path of a full stand-in data set, drawn once for all workers of pytest -n; read it, do not change it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with FileLock(shared / "stand-in.lock"):
        return write_stand_in(shared / "stand-in")
