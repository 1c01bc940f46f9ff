"""Each check passes on the solution, is listed, and catches something; right solutions of other shapes pass."""

import numpy as np
import pytest

from cs231n import layers, optim
from cs231n.checks import diagnosis, engine
from cs231n.checks.rubric import load
from tests.checks import mutants
from tests.checks.alternatives import ALTERNATIVES
from tests.checks.subjects import EXERCISES, answering, replaced, rewritten, run

IN_PACKAGE = [name for name in EXERCISES if not load().exercises[name].in_notebook]
CHECKS = {one.id: one for name in IN_PACKAGE for one in engine.checks_of(name)}


def test_every_exercise_has_checks():
    assert min(len(engine.checks_of(name)) for name in EXERCISES) >= 2
    assert min(len(engine.checks_of(name)) for name in IN_PACKAGE) >= 4


@pytest.mark.parametrize("check_id", CHECKS)
def test_a_check_passes_on_the_solution_for_several_seeds(check_id):
    for seed in range(4):
        result = run(CHECKS[check_id], seed)
        assert result.verdict == "passed", result.message


@pytest.mark.slow
@pytest.mark.parametrize("check_id", CHECKS)
def test_a_check_passes_on_the_solution_for_many_seeds(check_id):
    for seed in range(200):
        result = run(CHECKS[check_id], seed)
        assert result.verdict == "passed", (seed, result.message)


# --- wrong solutions ----------------------------------------------------------------------------------------


def _mutants():
    """(exercise, names of the checks that catch it, modules) of every mutant."""
    for module, entries in (
        ("layers", mutants.LAYERS),
        ("optim", mutants.OPTIM),
        ("classifiers.fc_net", mutants.FC_NET),
        ("classifiers.cnn", mutants.CNN),
    ):
        for exercise, caught_by, *edits in entries:
            yield exercise, caught_by, module, tuple(edits)
    for exercise in EXERCISES:
        names = {one.name for one in engine.checks_of(exercise)}
        if hasattr(layers, exercise):
            for name, wrap in mutants.GENERIC.items():
                if name in names:
                    yield exercise, [name], "layers", wrap
        if hasattr(optim, exercise):
            for name, wrap in mutants.RULES.items():
                yield exercise, [name], "optim", wrap


MUTANTS = list(_mutants())


def _modules(exercise, module, change):
    if callable(change):
        original = getattr({"layers": layers, "optim": optim}[module], exercise)
        return {module: replaced(module, **{exercise: change(original)})}
    return {module.split(".")[-1]: rewritten(module, *change)}


@pytest.mark.parametrize("exercise, caught_by, module, change", MUTANTS)
def test_a_wrong_solution_is_caught(exercise, caught_by, module, change):
    modules = _modules(exercise, module, change)
    for name in caught_by:
        result = run(CHECKS[f"{exercise}.{name}"], **modules)
        assert result.verdict in ("failed", "error"), name


def test_every_check_catches_some_wrong_solution():
    caught = {f"{exercise}.{name}" for exercise, names, _, _ in MUTANTS for name in names}
    caught |= {
        f"{one.exercise}.{name}" for one in diagnosis.catalogue().values() for look in one.looks for name in look
    }
    running = {f"spatial_batchnorm_forward.{name}" for name in mutants.SPATIAL_RUNNING}
    assert sorted(set(CHECKS) - caught - running) == []


@pytest.mark.parametrize("name", mutants.SPATIAL_RUNNING)
def test_wrong_running_statistics_are_caught_for_images_too(name):
    def wrong(x, gamma, beta, bn_param):
        out, cache = layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
        bn_param["running_mean"] = bn_param["running_mean"] * 0.9 + 0.01
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
    harmless = ("inputs_kept", "dout_kept", "gradient_kept", "stream_kept", "kept", "test_mode_learns_nothing")
    for one in CHECKS.values():
        verdict = run(one, **modules).verdict
        allowed = ("failed", "error", "blocked") + (("passed",) if one.name in harmless else ())
        assert verdict in allowed, (one.id, verdict, run(one, **modules).message)


# --- other right solutions ----------------------------------------------------------------------------------


def test_there_are_60_other_right_solutions_and_one_for_each_exercise():
    assert len(ALTERNATIVES) >= 60
    in_package = {one.exercise for one in CHECKS.values()}
    assert {name for exercises, _ in ALTERNATIVES.values() for name in exercises} == in_package


def _passes(name, seeds):
    exercises, make = ALTERNATIVES[name]
    modules = make()
    for exercise in exercises:
        for one in engine.checks_of(exercise):
            for seed in seeds:
                result = run(one, seed, **modules)
                assert result.verdict == "passed", (one.id, seed, result.message)


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_another_right_solution_passes(name):
    _passes(name, range(5))


@pytest.mark.slow
@pytest.mark.parametrize("name", ALTERNATIVES)
def test_another_right_solution_passes_with_many_seeds(name):
    _passes(name, range(200))
