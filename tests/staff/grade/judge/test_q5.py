"""staff.grade.judge.q5: solved, blank, broken and hostile notebooks, in the sandbox.

A sandbox with a framework takes seconds to open, so that most of them are slow tests.
"""

import functools
import json

import pytest

from cs231n.checks import compare
from cs231n.checks.exercises import convnets
from cs231n.checks.rubric import load_rubric
from staff.grade.intake.cells import Notebooks
from staff.grade.judge import q5, seeds
from staff.grade.judge.budget import Budget
from staff.grade.points.manual import items
from staff.grade.record import ExerciseRecord
from tests.checks.notebooks.made_up import PYTORCH, TENSORFLOW, blank, code_cell, edited, solved, with_cells
from tests.checks.notebooks.skips import needs
from tests.staff.grade.conftest import SECRET

EXERCISES = (
    "barebones_convnet",
    "barebones_initialise",
    "barebones_train",
    "module_convnet",
    "sequential_convnet",
)
POINTS = dict(zip(EXERCISES, (1, 1, 1, 2, 2)))
FIRST = "    w1, b1, w2, b2, w3, b3 = params\n"  # of three_layer_convnet
SEEDED = functools.partial(functools.partial, seeds.secret_generator, SECRET)


@pytest.fixture
def grade(release):
    """A function that returns the verdicts of all exercises, by name, for notebooks given as texts."""
    tree = {name: data for name, data in release.items() if name.startswith("cs231n/")}

    def verdicts(**notebooks):
        files = {f"{name}.ipynb": text.encode("utf-8", "surrogatepass") for name, text in notebooks.items()}
        records, log = q5.grade_q5(files, tree, SEEDED, load_rubric().exercises.values(), Budget(300))
        assert log == []
        assert [record.name for record in records] == list(EXERCISES)
        for record in records:
            assert (record.question, record.points) == ("Q5", POINTS[record.name])
            assert record.earned == (record.points if record.verdict == "passed" else 0)
        return {record.name: record.verdict for record in records}

    return verdicts


def all_but(name, verdict):
    """Return verdicts where every exercise passes but one."""
    return dict.fromkeys(EXERCISES, "passed") | {name: verdict}


def in_convnet(code):
    """Return the solved notebook with code at the start of three_layer_convnet."""
    return edited(
        PYTORCH, "barebones-convnet", (FIRST, FIRST + "".join(f"    {line}\n" for line in code.split("\n")))
    )


def without(text, cell_id):
    """Return a notebook without a cell."""
    return with_cells(text, lambda cells: [cell for cell in cells if cell["id"] != cell_id])


def changed(text, cell_id, **keys):
    """Return a notebook with keys of a cell replaced."""
    return with_cells(text, lambda cells: [cell | keys if cell["id"] == cell_id else cell for cell in cells])


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in (PYTORCH, TENSORFLOW)])
def test_solved_every_exercise_passes_and_the_blank_other_notebook_does_no_harm(name, grade):
    other = TENSORFLOW if name == PYTORCH else PYTORCH
    notebooks = {name: solved(name), other: blank(other)}
    assert grade(**{name.removesuffix(".ipynb"): text for name, text in notebooks.items()}) == dict.fromkeys(
        EXERCISES, "passed"
    )


def test_blank_or_missing_no_exercise_is_implemented(grade):
    nothing = dict.fromkeys(EXERCISES, "not_implemented")
    assert grade() == grade(PyTorch=blank(PYTORCH), TensorFlow=blank(TENSORFLOW)) == nothing
    assert grade(PyTorch=json.dumps({"cells": []})) == nothing


@pytest.mark.slow
@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs(TENSORFLOW))])
def test_of_two_that_are_written_the_better_counts(mark, grade):
    half = changed(solved(TENSORFLOW), "barebones-convnet", source="")
    assert grade(PyTorch=solved(PYTORCH), TensorFlow=half) == dict.fromkeys(EXERCISES, "passed")
    assert grade(PyTorch=in_convnet("return 0"), TensorFlow=half)["barebones_initialise"] == "passed"


def test_equal_code_gets_equal_seeds_whatever_the_notebook_shows():
    texts = (
        solved(PYTORCH),
        changed(solved(PYTORCH), "barebones-convnet", outputs=[{"text": "100%"}], execution_count=7),
        changed(solved(PYTORCH), "barebones-convnet", metadata={"table": "42 is the answer"}),
        in_convnet("pass"),
    )
    tree = {"cs231n/layers.py": b"1"}
    copies = [q5.stripped(text.encode(), q5.FRAMEWORKS[0])[0] for text in texts]
    same, shown, kept, other = (q5._digest(copy, tree) for copy in copies)
    assert same == shown == kept != other
    assert q5._digest(copies[0], {"cs231n/layers.py": b"2"}) != same
    assert b"42 is the answer" not in copies[2] and b"100%" not in copies[1]


# --- hostile ------------------------------------------------------------------------------------------------

PATCH = """
for module in (torch, torch.Tensor, F, nn):
    for name in ("equal", "allclose", "isclose", "eq", "__eq__"):
        if hasattr(module, name):
            setattr(module, name, lambda *args, **kwargs: True)
import numpy
numpy.allclose = numpy.array_equal = lambda *args, **kwargs: True
return torch.zeros(x.shape[0], w3.shape[1], requires_grad=True)"""
ALWAYS_RIGHT = """
class Right(torch.Tensor):
    def __eq__(self, other):
        return True
    __ne__ = __lt__ = __gt__ = __sub__ = __eq__
return torch.zeros(x.shape[0], w3.shape[1]).as_subclass(Right)"""
PICKLE = """
class Bomb:
    def __reduce__(self):
        import os
        return os._exit, (0,)
    def __array__(self, *args, **kwargs):
        return self
return Bomb()"""
IMPOSTOR = """
import sys
side = sys.modules["cs231n.checks.notebooks.pytorch"]
side.convnet_scores = lambda x, params: [1.0]
side.convnet_gradients = lambda x, params, dout: [0.0] * 6
side.kind = lambda net: "Sequential"
return 1"""
FRAMES = """
import gc, sys
frame = sys._getframe()
while frame:
    for value in frame.f_locals.values():
        if type(value).__name__ in ("Generator", "Check", "Failure"):
            return torch.ones(3, 5)
    frame = frame.f_back
return torch.zeros(x.shape[0], w3.shape[1])"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "code, verdict",
    [
        pytest.param("while True:\n    pass", "timeout", id="a loop that never ends"),
        pytest.param("import time\ntime.sleep(1000)", "timeout", id="sleep"),
        pytest.param("import os\nos._exit(0)", "crashed", id="exit without an answer"),
        pytest.param("import sys\nsys.exit(0)", "error", id="SystemExit"),
        pytest.param("import ctypes\nctypes.string_at(0)", "crashed", id="a segmentation fault"),
        pytest.param("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "crashed", id="kills itself"),
        pytest.param(PATCH, "failed", id="patched comparisons"),
        pytest.param(ALWAYS_RIGHT, "failed", id="a tensor that equals everything"),
        pytest.param(PICKLE, "error", id="an object that pickles as a call"),
        pytest.param(IMPOSTOR, "error", id="functions of the checks replaced"),
        pytest.param(FRAMES, "failed", id="frames of the caller"),
        pytest.param("print('validation accuracy: 100%')\nreturn 'passed'", "error", id="prints 100%"),
        pytest.param("raise NotImplementedError", "not_implemented", id="given up"),
        pytest.param("return x.new_full((x.shape[0], w3.shape[1]), float('nan'))", "failed", id="not a number"),
        pytest.param("return torch.zeros(1)", "failed", id="a shape that would broadcast"),
        pytest.param(
            "open('/tmp/a', 'w').write('x' * 10**6)\nreturn x.flatten(1)[:, :5] * 0", "failed", id="writes"
        ),
    ],
)
def test_what_is_hostile_costs_its_own_exercise_alone(code, verdict, grade):
    assert grade(PyTorch=in_convnet(code)) == all_but("barebones_convnet", verdict)


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell, edits, verdict",
    [
        pytest.param(
            "barebones-train",
            [("    loss.backward()", "    while True:\n        pass\n    loss.backward()")],
            "timeout",
            id="training without end",
        ),
        pytest.param(
            "module-convnet",
            [("    def __init__", "    import os\n\n    os._exit(0)\n\n    def __init__")],
            "crashed",
            id="exit while the class is made",
        ),
        pytest.param(
            "sequential-convnet",
            [("return nn.Sequential(", "torch.nn.Conv2d = torch.nn.Linear = None\n    return nn.Sequential(")],
            "error",
            id="takes its layers away",
        ),
        pytest.param(
            "module-convnet",
            [
                (
                    "def forward(self, x):",
                    "def parameters(self, recurse=True):\n        while True:\n"
                    "            yield nn.Parameter(torch.zeros(1))\n\n    def forward(self, x):",
                )
            ],
            "timeout",
            id="parameters without end",
        ),
    ],
)
def test_what_is_hostile_in_other_exercises_costs_these_alone(cell, edits, verdict, grade):
    assert grade(PyTorch=edited(PYTORCH, cell, *edits)) == all_but(cell.replace("-", "_"), verdict)


def test_several_that_are_hostile_leave_the_others_their_points(grade):
    text = in_convnet("import time\ntime.sleep(1000)")
    exit_at_once = ("loss.backward()", "import os; os._exit(0)")
    text = edited(PYTORCH, "barebones-train", exit_at_once, text=text)
    expected = dict.fromkeys(EXERCISES, "passed") | {"barebones_convnet": "timeout", "barebones_train": "crashed"}
    assert grade(PyTorch=text) == expected


def test_training_and_downloads_of_other_cells_are_not_run(grade):
    calls = "train('forever')\nwhile True:\n    pass\nimport os\nos._exit(0)"
    text = with_cells(solved(PYTORCH), lambda cells: [code_cell(calls), *cells, code_cell(calls, "more")])
    assert grade(PyTorch=text) == dict.fromkeys(EXERCISES, "passed")


def test_an_accuracy_that_is_only_shown_earns_nothing(grade):
    data = {"application/vnd.cs231n.check+json": {"kind": "accuracy", "what": "net", "passed": True, "value": 1.0}}
    shown = {"output_type": "display_data", "data": data, "metadata": {}}
    text = changed(blank(PYTORCH), "open-ended-train", outputs=[shown])
    assert grade(PyTorch=text) == dict.fromkeys(EXERCISES, "not_implemented")


# --- broken -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil, verdict",
    [
        pytest.param(lambda text: without(text, "barebones-convnet"), "not_implemented", id="cell deleted"),
        pytest.param(
            lambda text: changed(text, "barebones-convnet", cell_type="markdown"), "not_implemented", id="markdown"
        ),
        pytest.param(
            lambda text: changed(text, "barebones-convnet", source="def three_layer_convnet(x:"),
            "error",
            id="syntax",
        ),
        pytest.param(
            lambda text: changed(text, "barebones-convnet", source="three_layer_convnet = 7"),
            "error",
            id="a number",
        ),
        pytest.param(lambda text: changed(text, "barebones-convnet", id="retyped"), "passed", id="another id"),
        pytest.param(
            lambda text: with_cells(text, lambda cells: [*cells, *cells]), "passed", id="every cell twice"
        ),
        pytest.param(
            lambda text: with_cells(text, lambda cells: [cell | {"id": None} for cell in cells]),
            "passed",
            id="no ids",
        ),
        pytest.param(
            lambda text: with_cells(text, lambda cells: [{}, None, 3, *cells, code_cell("def (")]),
            "passed",
            id="spoilt cells between",
        ),
        pytest.param(
            lambda text: with_cells(text, lambda cells: [*cells, code_cell("F = nn = torch = 3")]),
            "passed",
            id="names reused below",
        ),
        pytest.param(
            lambda text: changed(text, "door", source="check_batch = None\nimport os, no_such_module"),
            "passed",
            id="an import that fails",
        ),
    ],
)
def test_a_broken_cell_costs_its_own_exercise_alone(spoil, verdict, grade):
    assert grade(PyTorch=spoil(solved(PYTORCH))) == all_but("barebones_convnet", verdict)


@pytest.mark.parametrize("text", ["", "{", "null", '{"cells": 1}', "[" * 100_000, solved(PYTORCH)[:-30], "\ud800"])
def test_what_is_no_notebook_costs_all_of_its_exercises(text, grade):
    assert grade(PyTorch=text) == dict.fromkeys(EXERCISES, "import_error")


def test_a_framework_that_is_missing_costs_nobody_points(release, monkeypatch):
    monkeypatch.setattr("cs231n.checks.notebooks.frameworks.importlib.util.find_spec", lambda name: None)
    records, log = q5.grade_q5(
        {PYTORCH: solved(PYTORCH).encode()}, release, SEEDED, load_rubric().exercises.values(), Budget(300)
    )
    assert {record.verdict for record in records} == {"grader_error"} and log == ["PyTorch is not installed here"]


def test_answers_that_break_a_check_fail_it_where_our_notebook_passes_it(release, monkeypatch):
    right = compare.close

    def breaks(name, value, *args, **more):
        if not value.any():
            raise ZeroDivisionError(name)
        return right(name, value, *args, **more)

    monkeypatch.setattr(convnets.compare, "close", breaks)
    exercises = [one for one in load_rubric().exercises.values() if one.name == "barebones_convnet"]
    files = {PYTORCH: in_convnet("return torch.zeros(len(x), 5)").encode()}
    [record], log = q5.grade_q5(files, release, SEEDED, exercises, Budget(300))
    assert record.verdict in ("failed", "error") and record.checks[0].verdict == "failed" and log == []


# --- which notebook counts, and what broke ---------------------------------------------------------------------


def test_the_reader_gets_the_notebook_that_the_points_come_from(release, monkeypatch):
    earned = {"PyTorch": 0, "TensorFlow": 1}

    def played(framework, copy, tree, seeded, exercises, budget, scheme):
        return [ExerciseRecord(one.name, "Q5", 1, earned[framework.name], "passed") for one in exercises], []

    monkeypatch.setattr(q5, "_grade", played)
    exercises = [one for one in load_rubric().exercises.values() if one.in_notebook]
    # more of PyTorch.ipynb is written, and yet TensorFlow.ipynb is the better one
    half = changed(solved(TENSORFLOW), "open-ended-model", source="raise NotImplementedError  # keras")
    files = {PYTORCH: solved(PYTORCH).encode(), TENSORFLOW: half.encode()}
    records, _ = q5.grade_q5(files, release, SEEDED, exercises, Budget(300))
    assert {record.notebook for record in records} == {TENSORFLOW}
    notebooks, blanks = Notebooks(files), Notebooks(release)

    def read():
        found = {item.name: item for item in items(notebooks, blanks, records)}
        return found["Q5 open-ended net"].parts[0].place

    assert read() == "TensorFlow.ipynb:open-ended-model"
    earned["PyTorch"] = 2
    records, _ = q5.grade_q5(files, release, SEEDED, exercises, Budget(300))
    assert read() == "PyTorch.ipynb:open-ended-model"


def broken(*args, **kwargs):
    raise RuntimeError("out of descriptors")


@pytest.mark.parametrize("part", ["Sandbox", "Program", "Judge.record"])
def test_where_the_grader_breaks_the_points_are_open_and_staff_can_read_why(release, monkeypatch, part):
    monkeypatch.setattr(f"staff.grade.judge.q5.{part}", broken)
    records, log = q5.grade_q5(
        {PYTORCH: solved(PYTORCH).encode()}, release, SEEDED, load_rubric().exercises.values(), Budget(300)
    )
    assert [(one.name, one.verdict, one.earned) for one in records] == [
        (name, "grader_error", 0) for name in EXERCISES
    ]
    assert "RuntimeError: out of descriptors" in log[0]
    assert "descriptors" not in str(records)


def test_points_that_are_open_in_one_notebook_are_not_decided_by_the_other(release, monkeypatch):
    def only_pytorch(framework, *args):
        verdict = "grader_error" if framework.name == "TensorFlow" else only_pytorch.verdict
        return q5._alike(only_pytorch.exercises, verdict, ""), []

    monkeypatch.setattr(q5, "_grade", only_pytorch)
    only_pytorch.exercises = [one for one in load_rubric().exercises.values() if one.in_notebook]
    both = {name: solved(name).encode() for name in (PYTORCH, TENSORFLOW)}
    only_pytorch.verdict = "failed"
    records, _ = q5.grade_q5(both, release, SEEDED, only_pytorch.exercises, Budget(300))
    assert {(record.verdict, record.notebook) for record in records} == {("grader_error", TENSORFLOW)}
