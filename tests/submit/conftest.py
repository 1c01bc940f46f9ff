"""A small assignment to hand in: five modules, three questions, and their notebooks."""

import base64
import json
import os

import pytest

from cs231n.submit.archive import MODULES
from cs231n.submit.blanks import ANSWER

RUBRIC = """
[[question]]
name = "Q1"
title = "One"
notebook = "One.ipynb"
points = 2

[[question]]
name = "Q5"
title = "Choice"
notebook = "PyTorch.ipynb"
alternative = "TensorFlow.ipynb"
points = 10

[[manual]]
name = "Q1 inline questions"
question = "Q1"
points = 2
cells = ["One.ipynb:answer"]

[[manual]]
name = "Q5 training"
question = "Q5"
points = 10
cells = ["PyTorch.ipynb:a"]
alternative = ["TensorFlow.ipynb:a"]
"""
# One red pixel.
PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
    )
).decode()


def markdown(name, source, *tags):
    """Return a markdown cell."""
    return {"cell_type": "markdown", "id": name, "metadata": {"tags": list(tags)}, "source": source}


def code(name, source, *outputs, count=None):
    """Return a code cell."""
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": count,
    }


def stream(text):
    """Return what a cell printed."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data):
    """Return what a cell displayed, `image_png` for image/png."""
    data = {kind.replace("_", "/", 1): value for kind, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def notebook(*cells):
    """Return a notebook as a dict."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


def one(answer="Because.", counts=(1, 2)):
    """Return the notebook of Q1."""
    return notebook(
        code("setup", "from cs231n.layers import affine_forward", count=counts[0]),
        code("train", "print(1)", stream("1\n"), count=counts[1]),
        markdown("question", "### Inline question 1\n\nWhy?"),
        markdown("answer", answer, "solution"),
    )


def write(root, name, content):
    """Write a file of the assignment; a dict as a notebook."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def assignment(tmp_path):
    """Path of an assignment that is ready to be handed in."""
    for name in MODULES:
        os.utime(write(tmp_path, name, "x = 1\n"), (1e9, 1e9))
    write(tmp_path, "cs231n/checks/rubric.toml", RUBRIC)
    write(tmp_path, "One.ipynb", one())
    write(tmp_path, "PyTorch.ipynb", notebook(code("a", "1", count=1)))
    return tmp_path


__all__ = ["ANSWER", "PNG", "code", "markdown", "notebook", "one", "shown", "stream", "write"]
