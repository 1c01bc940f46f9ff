"""The checks of Q5 on right and wrong notebooks, in this process."""

import importlib

import pytest

from cs231n.checks import registry
from cs231n.checks.notebooks.frameworks import FRAMEWORKS, Notebook, exercises_written
from cs231n.checks.rubric import load_rubric
from cs231n.checks.run import run_check
from cs231n.checks.session import Session
from cs231n.checks.subject.client import InProcess, Subject
from cs231n.checks.subject.host import Host
from staff import ROOT
from tests.checks.notebooks import solutions
from tests.checks.notebooks.made_up import PYTORCH, TENSORFLOW, blank, edited, solved
from tests.checks.notebooks.skips import needs

FRAMEWORK = {framework.notebook: framework for framework in FRAMEWORKS}
EXERCISES = {name: exercise for name, exercise in load_rubric().exercises.items() if exercise.in_notebook}
NOTEBOOKS = [pytest.param(name, marks=needs(name)) for name in (PYTORCH, TENSORFLOW)]


def table(pytorch, tensorflow):
    """Return what there is for each of the two notebooks as parameters of a test, with names."""
    return [
        pytest.param(name, *entry, id=f"{name.removesuffix('.ipynb')}: {what}", marks=needs(name))
        for name, entries in ((PYTORCH, pytorch), (TENSORFLOW, tensorflow))
        for what, entry in entries.items()
    ]


@pytest.fixture
def transport(tmp_path, monkeypatch):
    """A function that returns a transport to a notebook of this text."""

    def open_notebook(name, text):
        side = importlib.import_module(FRAMEWORK[name].module)
        monkeypatch.setattr(side, "NOTEBOOK", tmp_path / name)
        (tmp_path / name).write_text(text, encoding="utf-8")
        side._load.cache_clear()
        return Notebook(InProcess(Host(ROOT)), FRAMEWORK[name])

    return open_notebook


def verdicts(transport, exercises=EXERCISES):
    """Return the verdict of each of these exercises that does not pass."""
    session = Session(transport)
    outcomes = {name: session.outcome(name).verdict for name in exercises}
    return {name: verdict for name, verdict in outcomes.items() if verdict != "passed"}


def owner(name, cell):
    """Return the exercise that is written in a cell."""
    [owner] = [one.name for one in EXERCISES.values() if f"{name}:{cell}" in (*one.blocks, *one.alternative)]
    return owner


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_solved_all_checks_pass_for_many_seeds(name, transport):
    subject = Subject(transport(name, solved(name)))
    for exercise in EXERCISES:
        for one in FRAMEWORK[name].checks_of(exercise):
            for seed in range(20):
                result = run_check(one, subject, registry.public_generator(one.id, seed), seed)
                assert result.verdict == "passed", (one.id, seed, result.message)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_blank_no_exercise_is_implemented(name, transport):
    assert verdicts(transport(name, blank(name))) == dict.fromkeys(EXERCISES, "not_implemented")
    assert exercises_written(blank(name), FRAMEWORK[name]) == 0
    assert exercises_written(solved(name), FRAMEWORK[name]) == len(FRAMEWORK[name].cells)


@pytest.mark.parametrize(
    "name, cell, verdict, edits",
    [
        # All exercises of TensorFlow take a second and more; the next test looks at the one that is wrong.
        pytest.param(
            *one.values[:3],
            one.values[3:],
            id=one.id,
            marks=[*one.marks, *([pytest.mark.slow] if one.values[0] == TENSORFLOW else [])],
        )
        for one in table(solutions.PYTORCH_WRONG, solutions.TENSORFLOW_WRONG)
    ],
)
def test_a_wrong_solution_costs_its_own_exercise_alone(name, cell, verdict, edits, transport):
    assert verdicts(transport(name, edited(name, cell, *edits))) == {owner(name, cell): verdict}


@pytest.mark.parametrize(
    "cell, verdict, edits",
    [
        pytest.param(*one.values[1:3], one.values[3:], id=one.id, marks=one.marks)
        for one in table({}, solutions.TENSORFLOW_WRONG)
    ],
)
def test_a_wrong_solution_in_tensorflow_costs_its_own_exercise(cell, verdict, edits, transport):
    own = owner(TENSORFLOW, cell)
    assert verdicts(transport(TENSORFLOW, edited(TENSORFLOW, cell, *edits)), [own]) == {own: verdict}


@pytest.mark.parametrize(
    "name, cell, edits",
    [
        pytest.param(*one.values[:2], one.values[2:], id=one.id, marks=one.marks)
        for one in table(solutions.PYTORCH_RIGHT, solutions.TENSORFLOW_RIGHT)
    ],
)
def test_another_way_to_do_it_passes(name, cell, edits, transport):
    assert verdicts(transport(name, edited(name, cell, *edits))) == {}


def test_every_check_catches_a_wrong_solution(transport):
    caught = set()
    for cell, _, *edits in solutions.PYTORCH_WRONG.values():
        session = Session(transport(PYTORCH, edited(PYTORCH, cell, *edits)))
        caught |= {result.check.id for result in session.outcome(owner(PYTORCH, cell)).missed}
    assert caught == {one.id for name in EXERCISES for one in FRAMEWORK[PYTORCH].checks_of(name)}
