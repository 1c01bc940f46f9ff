"""The release of this source, and a small source to break."""

import json

import pytest

from staff.release.build import build

MODULE = '''"""A module."""


def double(x):
    """Return 2 * x."""
    ### BEGIN SOLUTION
    out = 2 * x
    ### END SOLUTION
    return out


class Net:
    def loss(self, x):
        if x > 0:
            ### BEGIN SOLUTION
            out = x
            ### END SOLUTION
        ### BEGIN SOLUTION
        return out
        ### END SOLUTION
'''
QUESTION = """
[[question]]
name = "{}"
title = "A question"
notebook = "Play.ipynb"
points = {}
"""
RUBRIC = (
    "".join(QUESTION.format(name, points) for name, points in (("Q1", 2), ("Q2", 1), ("Q3", 1)))
    + """
[[exercise]]
name = "doubling"
question = "Q1"
points = 1
blocks = ["cs231n/layers.py:double"]
needs = []

[[exercise]]
name = "net"
question = "Q2"
points = 1
blocks = ["cs231n/layers.py:Net.loss.1", "cs231n/layers.py:Net.loss.2"]
alternative = ["Play.ipynb:play"]
needs = ["doubling"]

[[exercise]]
name = "net_again"
question = "Q3"
points = 1
blocks = ["cs231n/layers.py:Net.loss.1", "cs231n/layers.py:Net.loss.2"]
needs = ["net"]

[[manual]]
name = "Q1 by eye"
question = "Q1"
points = 1
cells = ["Play.ipynb:why-answer", "Play.ipynb:train"]
"""
)
TRAIN = (
    "### BEGIN SOLUTION\nrate = 1\n### END SOLUTION\nprint(rate)\n### BEGIN SOLUTION\nprint(2)\n### END SOLUTION"
)


def cell(kind, name, source, **more):
    """Return a notebook cell as a dict."""
    result = {"cell_type": kind, "id": name, "metadata": {}, "source": source.splitlines(keepends=True)}
    return result | ({"outputs": [], "execution_count": None} if kind == "code" else {}) | more


NOTEBOOK = {
    "cells": [
        cell("markdown", "title", "# Play"),
        cell("code", "play", "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\n\nf()"),
        cell("markdown", "why", "Why?"),
        cell("markdown", "why-answer", "**Answer.** Because of é.", metadata={"tags": ["solution"]}),
        cell("code", "train", TRAIN),
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def dump(notebook):
    """Return a notebook as text, as Jupyter saves it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture
def source(tmp_path):
    """Path of a small solved source."""
    files = {
        "cs231n/layers.py": MODULE,
        "cs231n/__init__.py": "",
        "cs231n/checks/rubric.toml": RUBRIC,
        "Play.ipynb": dump(NOTEBOOK),
        "pyproject.toml": '[project]\nname = "p"\nversion = "1"\n[tool.setuptools]\n',
    }
    for name, text in files.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "source"


@pytest.fixture(scope="session")
def release():
    """The files of the release of this source: path -> bytes."""
    return build()


@pytest.fixture(scope="session")
def release_folder(release, tmp_path_factory):
    """Path of a folder that holds the release; read it, do not change it."""
    from staff.release.archive import write_folder

    return write_folder(release, tmp_path_factory.mktemp("releases") / "release")
