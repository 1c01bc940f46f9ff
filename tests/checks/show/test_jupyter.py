"""The checks in a notebook: a verdict for each exercise that whoever executes the notebook counts."""

import re

import nbformat
import pytest

from cs231n.checks import show_checks
from cs231n.checks.registry import Check
from cs231n.checks.rubric import load_rubric
from cs231n.checks.run import Result
from cs231n.checks.session import Outcome
from cs231n.checks.show import jupyter
from cs231n.checks.verdicts import Verdict
from cs231n.verdict import MIME
from staff import ROOT
from staff.run import NOTEBOOKS
from tests.checks.subjects import replaced, rewritten, session


@pytest.fixture
def shown(monkeypatch):
    """Return the list of what is displayed."""
    displayed = []
    monkeypatch.setattr(jupyter, "display", displayed.append)
    monkeypatch.setattr(jupyter.verdict, "display", displayed.append)
    return displayed


def verdict_of(displayed):
    return displayed._repr_mimebundle_()[MIME]


def test_an_exercise_that_passes_is_one_line(shown):
    show_checks("affine_forward")
    assert [verdict_of(item)["passed"] for item in shown] == [True]
    assert repr(shown[0]) == "✓ affine_forward: checks passed: 5 == 5"


def test_one_that_does_not_is_a_failed_check_and_says_why(shown, monkeypatch):
    wrong = session(layers=replaced("layers", relu_forward=lambda x: (-x, x)))
    monkeypatch.setattr(jupyter, "checked", lambda names: [wrong.outcome(name) for name in names])
    show_checks("relu_forward", "relu_backward")
    assert [verdict_of(item)["passed"] for item in shown[:2]] == [False, True]
    assert len(shown) == 3
    page = shown[2]._repr_html_()
    assert page.startswith("<pre") and "relu_forward" in page and "relu_backward" not in page


@pytest.mark.parametrize("hints, last", [(0, 0), (2, 2), (3, 3)])
def test_as_many_hints_are_shown_as_are_asked_for(shown, monkeypatch, hints, last):
    wrong = session(layers=rewritten("layers", ("out = rows @ w + b\n", "out = rows @ w\n")))
    monkeypatch.setattr(jupyter, "checked", lambda names: [wrong.outcome(name) for name in names])
    show_checks("affine_forward", hints=hints)
    numbers = [
        line.split(".")[0].strip()
        for line in repr(shown[1]).splitlines()
        if line.strip()[:2] in ("1.", "2.", "3.")
    ]
    assert numbers == [str(k + 1) for k in range(last)]
    with pytest.raises(ValueError, match="hints is 4"):
        show_checks("affine_forward", hints=4)


def test_blocked_is_no_pass(shown, monkeypatch):
    exercise = load_rubric().exercises["dropout_backward"]
    blocked = Outcome(exercise, Verdict.BLOCKED, needs=("dropout_forward",))
    monkeypatch.setattr(jupyter, "checked", lambda names: [blocked])
    show_checks("dropout_backward")
    assert not verdict_of(shown[0])["passed"]
    assert "needs dropout_forward first" in repr(shown[1])


def test_what_is_not_written_yet_says_so_and_counts_nothing(shown, monkeypatch):
    blank = Outcome(load_rubric().exercises["sequential_convnet"], Verdict.NOT_IMPLEMENTED)
    monkeypatch.setattr(jupyter, "checked", lambda names: [blank])
    show_checks("sequential_convnet")
    assert repr(shown[0]) == "✗ sequential_convnet: not written yet" and not verdict_of(shown[0])["passed"]


def test_the_checks_of_a_notebook_are_those_of_its_framework(shown, monkeypatch):
    checks = (Check("sequential_convnet", "shape", "a line", "", None),)
    right = Outcome(
        load_rubric().exercises["sequential_convnet"],
        Verdict.PASSED,
        (Result(checks[0], Verdict.PASSED),),
        checks=checks,
    )
    monkeypatch.setattr(jupyter, "checked", lambda names: [right])
    show_checks("sequential_convnet")
    assert repr(shown[0]) == "✓ sequential_convnet: checks passed: 1 == 1" and len(shown) == 1


def test_unknown_names_and_none_are_refused():
    with pytest.raises(ValueError, match="did you mean affine_forward"):
        show_checks("afine_forward")
    with pytest.raises(ValueError, match="has no names"):
        show_checks()


def test_the_notebooks_show_the_checks_of_each_exercise_of_their_question_once():
    for name in NOTEBOOKS:
        cells = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
        lines = re.findall(r"^show_checks\((.*)\)$", "\n".join(cell.source for cell in cells), re.MULTILINE)
        found = [word.strip('" ') for line in lines for word in line.split(",")]
        questions = {q.name for q in load_rubric().questions.values() if q.notebook == f"{name}.ipynb"}
        wanted = [
            exercise.name
            for exercise in load_rubric().exercises.values()
            if exercise.question in questions and not exercise.in_notebook
        ]
        assert sorted(found) == sorted(wanted), (
            f"{name}.ipynb has to show the checks of each of its exercises once, by show_checks(NAME): "
            f"missing are {sorted(set(wanted) - set(found))}, of {sorted(found)}"
        )
