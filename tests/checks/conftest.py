"""A student's copy of the package, to be spoiled."""

import shutil

import pytest

from tests.checks.subjects import ROOT


@pytest.fixture
def student(tmp_path):
    """Return the path of a copy of the package, as a student has it."""
    ignored = shutil.ignore_patterns("datasets", "images", "__pycache__", "*.c", "*.html")
    shutil.copytree(ROOT / "cs231n", tmp_path / "cs231n", ignore=ignored)
    return tmp_path
