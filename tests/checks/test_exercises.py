"""Each check passes on the solution, is listed, and catches something; right solutions of other shapes pass."""

import inspect

import numpy as np
import pytest

from cs231n import layers
from cs231n.checks import registry
from cs231n.checks.mistakes import recognise
from tests.checks import mutants
from tests.checks.alternatives import ALTERNATIVES
from tests.checks.subjects import EXERCISES, IN_PACKAGE, answering, place, replaced, rewritten, run

CHECKS = {one.id: one for name in IN_PACKAGE for one in registry.checks_of(name)}


def test_every_exercise_has_checks():
    few = [name for name in EXERCISES if len(registry.checks_of(name)) < (4 if name in IN_PACKAGE else 2)]
    assert few == [], f"{few}: write four checks each (in a notebook two) in a module of cs231n/checks/exercises"


def test_every_check_is_of_an_exercise_of_the_rubric():
    unknown = sorted(registry.exercises() - set(EXERCISES))
    assert unknown == [], f"checks of {unknown}, which cs231n/checks/rubric.toml does not list"


@pytest.mark.parametrize("check_id", CHECKS)
def test_a_check_passes_on_the_solution_for_several_seeds(check_id):
    for seed in range(4):
        result = run(CHECKS[check_id], seed)
        assert result.verdict == "passed", result.message


@pytest.mark.slow
@pytest.mark.parametrize("check_id", CHECKS)
def test_a_check_passes_on_the_solution_for_many_seeds(check_id):
    for seed in range(50):
        result = run(CHECKS[check_id], seed)
        assert result.verdict == "passed", (seed, result.message)


# --- wrong solutions ----------------------------------------------------------------------------------------


def _mutants():
    """(exercise, names of the checks that catch it, edits or a wrapper) of every mutant."""
    for exercise, caught_by, *edits in mutants.REWRITTEN:
        yield exercise, caught_by, tuple(edits)
    for exercise in IN_PACKAGE:
        module, owner = place(exercise)
        wrappers = mutants.RULES if module == "optim" else mutants.GENERIC
        for one in registry.checks_of(exercise):
            if not inspect.isclass(owner) and one.name in wrappers:
                yield exercise, [one.name], wrappers[one.name]


MUTANTS = list(_mutants())


def _modules(exercise, change):
    module, owner = place(exercise)
    short = module.split(".")[-1]
    if callable(change):
        return {short: replaced(module, **{owner.__name__: change(owner)})}
    source = changed = inspect.getsource(owner)
    for old, new in change:
        assert changed.count(old) == 1, (
            f"{old!r} is not in {exercise} once: mend its entry in tests/checks/mutants.py"
        )
        changed = changed.replace(old, new)
    return {short: rewritten(module, (source, changed))}


@pytest.mark.parametrize("exercise, caught_by, change", MUTANTS)
def test_a_wrong_solution_is_caught(exercise, caught_by, change):
    modules = _modules(exercise, change)
    for name in caught_by:
        result = run(CHECKS[f"{exercise}.{name}"], **modules)
        assert result.verdict in ("failed", "error"), name


def test_every_check_catches_some_wrong_solution():
    caught = {f"{exercise}.{name}" for exercise, names, _ in MUTANTS for name in names}
    caught |= {
        f"{one.exercise}.{name}" for one in recognise.catalogue().values() for look in one.looks for name in look
    }
    running = {f"spatial_batchnorm_forward.{name}" for name in mutants.SPATIAL_RUNNING}
    idle = sorted(set(CHECKS) - caught - running)
    assert idle == [], (
        f"nothing makes {idle} fail: write a line that should into tests/checks/mutants.py; "
        "for that of a misconception run python -m staff.misconceptions"
    )


@pytest.mark.parametrize("name", mutants.SPATIAL_RUNNING)
def test_wrong_running_statistics_are_caught_for_images_too(name):
    def wrong(x, gamma, beta, bn_param):
        out, cache = layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
        bn_param["running_mean"] = bn_param["running_mean"] * 0.9 + 0.01
        bn_param["running_var"] = bn_param["running_var"] * 0.9 + 0.01
        return out * out.dtype.type(1.01), cache

    subject = {"layers": replaced("layers", spatial_batchnorm_forward=wrong)}
    assert run(CHECKS[f"spatial_batchnorm_forward.{name}"], **subject).verdict == "failed"


# --- answers of any kind ------------------------------------------------------------------------------------

GARBAGE = {
    "None": None,
    "text": "text",
    "a number": 3.5,
    "an empty array": np.empty((0,)),
    "a scalar array": np.array(2.0),
    "NaN": np.full((3, 4), np.nan),
    "objects": np.array([None, 1], dtype=object),
    "a tuple of None": (None, None),
    "a triple of text": ("a", "b", "c"),
    "an array and a cache": (np.zeros((2, 3)), None),
    "integers": np.zeros((2, 3), int),
    "a dict": {"W1": None},
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_whatever_comes_back_is_a_failure_and_never_breaks_a_check(garbage):
    modules = answering(GARBAGE[garbage])
    harmless = ("inputs_kept", "dout_kept", "gradient_kept", "kept", "test_mode_learns_nothing")
    for one in CHECKS.values():
        verdict = run(one, **modules).verdict
        allowed = ("failed", "error", "blocked") + (("passed",) if one.name in harmless else ())
        assert verdict in allowed, (one.id, verdict, run(one, **modules).message)


# --- other right solutions ----------------------------------------------------------------------------------


def test_there_are_60_other_right_solutions_and_one_for_each_exercise():
    assert len(ALTERNATIVES) >= 60
    without = set(IN_PACKAGE).difference(*(exercises for exercises, _ in ALTERNATIVES.values()))
    assert without == set(), (
        f"write a right solution that looks different of {without} in tests/checks/alternatives.py"
    )


def _passes(name, seeds):
    exercises, make = ALTERNATIVES[name]
    modules = make()
    for exercise in exercises:
        for one in registry.checks_of(exercise):
            for seed in seeds:
                result = run(one, seed, **modules)
                assert result.verdict == "passed", (one.id, seed, result.message)


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_another_right_solution_passes(name):
    _passes(name, range(5))


@pytest.mark.slow
@pytest.mark.parametrize("name", ALTERNATIVES)
def test_another_right_solution_passes_with_many_seeds(name):
    _passes(name, range(10))
