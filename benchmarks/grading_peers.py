"""The same two-exercise assignment for otter-grader and nbgrader, and how each of them grades it.

Both come from a virtual environment of their own:

    python -m venv /tmp/peers && /tmp/peers/bin/pip install otter-grader nbgrader numpy
"""

import inspect
import json
import os
import subprocess
from pathlib import Path

__all__ = ["Nbgrader", "Otter"]

# What the students wrote; a comment with their number makes each text another.
AFFINE = """import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w + b
    return out, (x, w, b)
"""
BATCHNORM = """def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = bn_param.get("running_mean", np.zeros(x.shape[1], x.dtype))
    var = bn_param.get("running_var", np.zeros(x.shape[1], x.dtype))
    if bn_param["mode"] == "train":
        mu, sigma = x.mean(axis=0), x.var(axis=0)
        xhat = (x - mu) / np.sqrt(sigma + eps)
        mean, var = momentum * mean + (1 - momentum) * mu, momentum * var + (1 - momentum) * sigma
    else:
        xhat = (x - mean) / np.sqrt(var + eps)
    bn_param["running_mean"], bn_param["running_var"] = mean, var
    return gamma * xhat + beta, (xhat, gamma)
"""


def affine_values(affine_forward):
    import numpy as np

    rng = np.random.default_rng(1)
    x, w, b = rng.standard_normal((3, 2, 3, 4)), rng.standard_normal((24, 5)), rng.standard_normal(5)
    expected = np.array([[sum(row.ravel() * w[:, k]) + b[k] for k in range(5)] for row in x])
    assert np.abs(affine_forward(x, w, b)[0] - expected).max() < 1e-7


def affine_one_example(affine_forward):
    import numpy as np

    assert affine_forward(np.ones((1, 2, 3)), np.ones((6, 4)), np.zeros(4))[0].shape == (1, 4)


def affine_dtype(affine_forward):
    import numpy as np

    x, w, b = np.ones((2, 3), np.float32), np.ones((3, 1), np.float32), np.ones(1, np.float32)
    assert affine_forward(x, w, b)[0].dtype == np.float32


def affine_inputs_kept(affine_forward):
    import numpy as np

    x, w, b = np.ones((2, 3)), np.ones((3, 1)), np.ones(1)
    affine_forward(x, w, b)
    assert (x == 1).all() and (w == 1).all() and (b == 1).all()


def batchnorm_values(batchnorm_forward):
    import numpy as np

    x = np.random.default_rng(2).standard_normal((8, 3)) * 3 + 1
    out = batchnorm_forward(x, np.full(3, 2.0), np.ones(3), {"mode": "train"})[0]
    assert np.abs(out.mean(axis=0) - 1).max() < 1e-7 and np.abs(out.std(axis=0) - 2).max() < 1e-4


def batchnorm_running(batchnorm_forward):
    import numpy as np

    x, bn_param = np.random.default_rng(3).standard_normal((8, 3)), {"mode": "train", "momentum": 0.5}
    batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
    assert np.abs(bn_param["running_mean"] - x.mean(axis=0) / 2).max() < 1e-7


def batchnorm_test_mode(batchnorm_forward):
    import numpy as np

    bn_param = {"mode": "test", "running_mean": np.ones(3), "running_var": np.full(3, 4.0), "eps": 0.0}
    out = batchnorm_forward(np.full((2, 3), 5.0), np.ones(3), np.zeros(3), bn_param)[0]
    assert np.abs(out - 2).max() < 1e-7


def batchnorm_dtype(batchnorm_forward):
    import numpy as np

    x = np.random.default_rng(4).standard_normal((8, 3)).astype(np.float32)
    one, zero = np.ones(3, np.float32), np.zeros(3, np.float32)
    assert batchnorm_forward(x, one, zero, {"mode": "train"})[0].dtype == np.float32


EXERCISES = {
    "affine_forward": (AFFINE, (affine_values, affine_one_example, affine_dtype, affine_inputs_kept)),
    "batchnorm_forward": (
        BATCHNORM,
        (batchnorm_values, batchnorm_running, batchnorm_test_mode, batchnorm_dtype),
    ),
}


def _write_notebook(path, cells):
    """Write a notebook of (source, metadata) pairs, all of them code."""
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": metadata,
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, (source, metadata) in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


class _Peer:
    """Grades submissions in a folder, by the programs of a virtual environment."""

    def __init__(self, venv, folder):
        self.programs, self.folder = Path(venv) / "bin", Path(folder)
        self.folder.mkdir(parents=True)

    def call(self, *command, check=True):
        """Run a command of the virtual environment quietly."""
        environment = os.environ | {"PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
        return done


class Otter(_Peer):
    """`otter run`, one submission a call, as its documentation offers it without containers."""

    name = "otter run"

    def prepare(self, count):
        """Write tests, configuration and submissions."""
        tests = self.folder / "tests"
        tests.mkdir()
        for exercise, (_, functions) in EXERCISES.items():
            text = (
                f"from otter.test_files import test_case\n\nOK_FORMAT = False\nname = {exercise!r}\npoints = 1\n"
            )
            text += "".join(f"\n\n@test_case()\n{inspect.getsource(function)}" for function in functions)
            (tests / f"{exercise}.py").write_text(text)
        (self.folder / "otter_config.json").write_text("{}")
        self.call("otter", "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment")
        for number in range(count):
            cells = [("import otter\ngrader = otter.Notebook()", {})]
            cells += [(f"{source}# {number}\n", {}) for source, _ in EXERCISES.values()]
            _write_notebook(self.folder / f"{number}.ipynb", cells)
            (self.folder / f"out-{number}").mkdir()

    def grade(self, count):
        """Grade all submissions."""
        for number in range(count):
            self.call(
                "otter", "run", f"{number}.ipynb", "-a", "autograder.zip", "-o", f"out-{number}", "--no-logo"
            )

    def points(self, number):
        """Return the points of a submission."""
        results = json.loads((self.folder / f"out-{number}" / "results.json").read_text())
        return sum(test.get("score", 0) for test in results["tests"])


class Nbgrader(_Peer):
    """`nbgrader autograde`, all submissions in one call."""

    name = "nbgrader autograde"

    def prepare(self, count):
        """Write the assignment and the submissions."""
        self._write("source/two/two.ipynb", "")
        self.call("nbgrader", "generate_assignment", "two", "--create", "--force")
        for number in range(count):
            self._write(f"submitted/student-{number}/two/two.ipynb", f"# {number}\n")

    def _write(self, path, comment):
        cells = []
        for exercise, (source, functions) in EXERCISES.items():
            common = {"schema_version": 3, "task": False}
            solution = {"grade": False, "locked": False, "solution": True, "grade_id": exercise}
            cells.append(
                (f"### BEGIN SOLUTION\n{source}### END SOLUTION\n{comment}", {"nbgrader": common | solution})
            )
            test = {"grade": True, "locked": True, "solution": False, "points": 1, "grade_id": f"test_{exercise}"}
            text = "".join(f"{inspect.getsource(one)}\n\n{one.__name__}({exercise})\n\n" for one in functions)
            cells.append((text, {"nbgrader": common | test}))
        _write_notebook(self.folder / path, cells)

    def grade(self, count):
        """Grade all submissions."""
        self.call("nbgrader", "autograde", "two")

    def points(self, number):
        """Return the points of a submission."""
        self.call("nbgrader", "export", "--to", "grades.csv")
        lines = (self.folder / "grades.csv").read_text().splitlines()
        column = lines[0].split(",").index("score")
        return next(float(line.split(",")[column]) for line in lines if f",student-{number}," in line)
