"""Grade Q5: what a student wrote in PyTorch.ipynb or TensorFlow.ipynb, with secret seeds, beside the framework.

The notebook with the student's work counts; where both have some, the better one. No notebook is executed, and
what one shows is not trusted. What runs is a copy that holds the code and nothing else, and the seeds depend on
all of it: no output, picture or text can hold answers to inputs that are known before.
"""

import dataclasses
import hashlib
import json
import traceback
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from cs231n.checks.notebooks.frameworks import FRAMEWORKS, Framework, Notebook
from cs231n.checks.notebooks.program import Program
from cs231n.checks.points import SCHEMES
from cs231n.checks.rubric import Exercise, load_rubric
from cs231n.checks.verdicts import Verdict
from staff import ROOT
from staff.grade.intake.cells import Notebooks
from staff.grade.intake.child_process import apart
from staff.grade.judge.budget import Budget
from staff.grade.judge.judge import Judge
from staff.grade.record import ExerciseRecord
from staff.grade.sandbox.sandbox import Sandbox

__all__ = ["grade_q5"]


def grade_q5(
    files: Mapping[str, bytes],
    tree: dict[str, bytes],
    seeded: Callable[[str], Callable[[str, int], np.random.Generator]],
    exercises: Iterable[Exercise],
    budget: Budget,
    scheme: str = SCHEMES[0],
) -> tuple[list[ExerciseRecord], list[str]]:
    """Return (ExerciseRecords, texts for the staff alone about what broke) of exercises that are in a notebook.

    Whatever breaks here is our fault, and leaves the points of these exercises open and all others as they are.

    Args:
        files: path -> bytes of what was handed in.
        tree: path -> bytes of the assembled tree, which a notebook may import.
        seeded: `seeded(code)` returns `generator(check_id, seed)` for the hash of the graded code.
        exercises: of the rubric; those in modules are passed over.
        budget: budget.Budget of the submission.
        scheme: how points come about, one of points.SCHEMES.
    """
    exercises = [one for one in exercises if one.in_notebook]
    if not exercises:
        return [], []
    try:
        return _grade_written(files, tree, seeded, exercises, budget, scheme)
    except Exception:
        return _alike(exercises, Verdict.GRADER_ERROR, Verdict.GRADER_ERROR.meaning), [traceback.format_exc()]


def _grade_written(files, tree, seeded, exercises, budget, scheme):
    """Grade the notebooks that something was written in; see grade_q5."""
    copies = {framework: _copy(files, framework) for framework in FRAMEWORKS if framework.notebook in files}
    graded = {
        framework.notebook: _grade(framework, copy, tree, seeded, exercises, budget, scheme)
        for framework, (copy, written) in copies.items()
        if written
    }
    if not graded:
        why = "not written yet" if copies else "its notebook was not handed in"
        return _alike(exercises, Verdict.NOT_IMPLEMENTED, why), []
    reached = {notebook: _reached(records) for notebook, (records, _) in graded.items()}
    question = load_rubric().questions[exercises[0].question]
    notebook = Notebooks(files).chosen(question, reached)
    records, log = graded[notebook]
    return [dataclasses.replace(record, notebook=notebook) for record in records], log


def _reached(records):
    """Return by what a notebook is chosen: points that it has or may still get, then those it has."""
    open_points = sum(record.points for record in records if record.verdict == Verdict.GRADER_ERROR)
    earned = sum(record.earned for record in records)
    return earned + open_points, earned


def _copy(files, framework):
    """Return (the copy of a notebook that runs, or None if it cannot be read, and whether it has to be graded)."""
    try:
        return apart(stripped, files[framework.notebook], framework)
    except ValueError:
        return None, True


def stripped(data: bytes, framework: Framework) -> tuple[bytes, bool]:
    """Return (a notebook with its code cells alone, whether something is written in its exercises).

    Args:
        data: bytes of the notebook.
        framework: its Framework.

    Raises:
        ValueError: it is no notebook.
    """
    program, cells = Program(data.decode("utf-8-sig"), framework.notebook), []
    for kind, cell_id, source in program.cells:  # other cells leave an empty one, so that numbers stay
        kind, source = ("code", source) if kind == "code" else ("markdown", "")
        cells.append({"cell_type": kind, "id": cell_id if cell_id in framework.cells else "", "source": source})
    return json.dumps({"cells": cells}).encode(), any(map(program.is_written, framework.cells))


def _grade(framework, copy, tree, seeded, exercises, budget, scheme):
    """Grade one notebook; see grade_q5."""
    if copy is None:
        return _alike(exercises, Verdict.IMPORT_ERROR, f"{framework.notebook} cannot be read"), []
    if not framework.installed:
        log = f"{framework.name} is not installed here"
        return _alike(exercises, Verdict.GRADER_ERROR, Verdict.GRADER_ERROR.meaning), [log]
    generator = seeded(_digest(copy, tree))
    with (
        Sandbox(tree | {framework.notebook: copy}, framework=framework) as sandbox,
        _Solved(framework) as solved,
    ):
        judge = Judge(_InNotebook(sandbox, framework), generator, budget, scheme, solved)
        return [judge.record(one) for one in exercises], judge.log


class _InNotebook:
    """A Sandbox whose transports lead to the notebook.

    Args:
        sandbox: Sandbox.
        framework: Framework of the notebook.
    """

    def __init__(self, sandbox, framework):
        self.sandbox, self.framework = sandbox, framework

    def seconds(self):
        """Return the processor time that it has taken."""
        return self.sandbox.seconds()

    def transport(self, trusted=(), public=False):
        """Return a transport."""
        return Notebook(self.sandbox.transport(trusted, public), self.framework)


class _Solved:
    """Our notebook in a sandbox of its own, which starts when it is first asked whether a check is sound.

    Args:
        framework: Framework of the notebook.
    """

    def __init__(self, framework):
        self._framework, self._sandbox = framework, None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._sandbox:
            self._sandbox.close()

    def transport(self):
        """Return a transport to it."""
        if self._sandbox is None:
            paths = [*(ROOT / "cs231n").rglob("*.py"), ROOT / self._framework.notebook]
            files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}
            self._sandbox = Sandbox(files, framework=self._framework)
        return Notebook(self._sandbox.transport(), self._framework)


def _digest(copy, tree):
    """Return SHA-256 over all that runs: the copy, and the modules that it can import."""
    return hashlib.sha256(repr((copy, sorted(tree.items()))).encode()).hexdigest()


def _alike(exercises, verdict, message):
    """Return ExerciseRecords that all say the same."""
    return [ExerciseRecord(one.name, one.question, one.points, 0, verdict, message) for one in exercises]
