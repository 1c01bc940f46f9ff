"""Grade Q5: what a student wrote in PyTorch.ipynb or TensorFlow.ipynb, with secret seeds, beside the framework.

The notebook with the student's work counts; where both have some, the better one. No notebook is executed, and
what one shows is not trusted.
"""

import dataclasses
import hashlib
import traceback

from cs231n.checks.notebooks.frameworks import FRAMEWORKS, Notebook
from cs231n.checks.notebooks.program import Program
from cs231n.checks.points import SCHEMES
from cs231n.checks.rubric import load
from cs231n.checks.verdicts import Verdict
from staff.grade import limits
from staff.grade.intake.cells import Notebooks
from staff.grade.judge.exercises import Judge
from staff.grade.record import ExerciseRecord
from staff.grade.sandbox import outside

__all__ = ["grade_q5"]


def grade_q5(files, tree, seeded, exercises, scheme=SCHEMES[0]):
    """Return (ExerciseRecords, texts for the staff alone about what broke) of exercises that are in a notebook.

    Whatever breaks here is our fault, and leaves the points of these exercises open and all others as they are.

    Args:
        files: path -> bytes of what was handed in.
        tree: path -> bytes of the assembled tree, which a notebook may import.
        seeded: `seeded(code)` returns `generator(check_id, seed)` for the hash of the graded code.
        exercises: of the rubric; those in modules are passed over.
        scheme: how points come about, one of points.SCHEMES.
    """
    exercises = [one for one in exercises if one.in_notebook]
    if not exercises:
        return [], []
    try:
        return _grade_written(files, tree, seeded, exercises, scheme)
    except Exception:
        return _alike(exercises, Verdict.GRADER_ERROR, Verdict.GRADER_ERROR.meaning), [traceback.format_exc()]


def _grade_written(files, tree, seeded, exercises, scheme):
    """Grade the notebooks that something was written in; see grade_q5."""
    programs = {framework: _program(files, framework) for framework in FRAMEWORKS if framework.notebook in files}
    graded = {
        framework.notebook: _grade(framework, program, files[framework.notebook], tree, seeded, exercises, scheme)
        for framework, program in programs.items()
        if program is None or any(map(program.is_written, framework.cells))
    }
    if not graded:
        why = "not written yet" if programs else "its notebook was not handed in"
        return _alike(exercises, Verdict.NOT_IMPLEMENTED, why), []
    reached = {notebook: _reached(records) for notebook, (records, _) in graded.items()}
    question = load().questions[exercises[0].question]
    notebook = Notebooks(files).chosen(question, reached)
    records, log = graded[notebook]
    return [dataclasses.replace(record, notebook=notebook) for record in records], log


def _reached(records):
    """Return by what a notebook is chosen: points that it has or may still get, then those it has."""
    open_points = sum(record.points for record in records if record.verdict == Verdict.GRADER_ERROR)
    earned = sum(record.earned for record in records)
    return earned + open_points, earned


def _program(files, framework):
    """Return the Program of a notebook, or None if it cannot be read."""
    try:
        return Program(files[framework.notebook].decode("utf-8-sig"), framework.notebook)
    except ValueError:
        return None


def _grade(framework, program, data, tree, seeded, exercises, scheme):
    """Grade one notebook; see grade_q5."""
    if program is None:
        return _alike(exercises, Verdict.IMPORT_ERROR, f"{framework.notebook} cannot be read"), []
    if not framework.installed:
        log = f"{framework.name} is not installed here"
        return _alike(exercises, Verdict.GRADER_ERROR, Verdict.GRADER_ERROR.meaning), [log]
    generator = seeded(_digest(program))
    with outside.Sandbox(tree | {framework.notebook: data}, framework=framework) as sandbox:
        judge = Judge(_InNotebook(sandbox, framework), generator, limits.NOTEBOOK, scheme)
        return [judge.record(one) for one in exercises], judge.log


class _InNotebook:
    """A Sandbox whose transports lead to the notebook.

    Args:
        sandbox: Sandbox.
        framework: Framework of the notebook.
    """

    def __init__(self, sandbox, framework):
        self.sandbox, self.framework = sandbox, framework

    def transport(self, trusted=(), public=False):
        """Return a transport."""
        return Notebook(self.sandbox.transport(trusted, public), self.framework)


def _digest(program):
    """Return SHA-256 over the code cells: executed again, a notebook is the same."""
    code = [cell for cell in program.cells if cell[0] == "code"]
    return hashlib.sha256(repr(code).encode()).hexdigest()


def _alike(exercises, verdict, message):
    """Return ExerciseRecords that all say the same."""
    return [ExerciseRecord(one.name, one.question, one.points, 0, verdict, message) for one in exercises]
