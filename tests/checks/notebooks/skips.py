"""Skip what needs TensorFlow where it is not installed, but never in CI."""

import importlib.util
import os

import pytest

__all__ = ["needs"]


def needs(notebook):
    """Return the marks of a test that needs the framework of a notebook."""
    missing = notebook == "TensorFlow.ipynb" and not importlib.util.find_spec("tensorflow")
    return [pytest.mark.skipif(missing and not os.environ.get("CI"), reason="TensorFlow is not installed")]
