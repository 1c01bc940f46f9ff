"""What several test modules share."""

import shutil

import pytest

from cs231n.datasets.stand_in import write_stand_in


@pytest.fixture(autouse=True)
def no_data_of_the_user(monkeypatch):
    """Tests see the data sets they make themselves, not the one the environment names."""
    monkeypatch.delenv("CIFAR10_DIR", raising=False)


@pytest.fixture(scope="session")
def stand_in_root(tmp_path_factory):
    """Path of a full stand-in data set, drawn once per session; read it, do not change it."""
    dest = tmp_path_factory.mktemp("stand-in")
    yield write_stand_in(dest)
    shutil.rmtree(dest, ignore_errors=True)
