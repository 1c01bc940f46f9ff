"""Which modules can be imported where an exercise is graded, and which cannot."""

import pytest

from cs231n.checks.rubric import load_rubric
from cs231n.checks.subject.imports import GIVEN, Guard, is_bare
from tests.checks.subjects import ROOT

EXERCISES = ("layers", "optim", "validation", "results", "checks")
ALWAYS_THERE = ("shadows",)  # the package itself imports it


def refuses(bare, name):
    try:
        Guard(bare).find_spec(name)
    except ModuleNotFoundError as error:
        assert name in str(error) and "graded" in str(error)
        return True
    return False


@pytest.mark.parametrize("name", ["json", "numpy", "numpy.linalg", "cs231n", "cs231n.layers", "cs231n.my_helper"])
def test_python_numpy_and_what_a_student_writes_are_there(name):
    assert not refuses(True, name) and not refuses(False, name)


@pytest.mark.parametrize("name", ["cs231n.fast_layers", "cs231n.classifiers.cnn", "cs231n.im2col_cython"])
def test_the_given_modules_are_there_for_the_nets_alone(name):
    assert refuses(True, name) and not refuses(False, name)


@pytest.mark.parametrize("name", ["torch", "scipy.special", "tensorflow", "tqdm", "staff.grade"])
def test_frameworks_are_nowhere(name):
    assert refuses(True, name) and refuses(False, name)


def test_each_module_of_the_package_is_an_exercise_or_given():
    names = {path.stem for path in (ROOT / "cs231n").iterdir() if path.suffix in (".py", ".pyx")}
    names |= {path.parent.name for path in (ROOT / "cs231n").glob("*/__init__.py")}
    assert names - {"__init__", *ALWAYS_THERE} == {*GIVEN, *EXERCISES}


def test_layers_and_update_rules_are_checked_with_numpy_alone():
    bare = {name for name, exercise in load_rubric().exercises.items() if is_bare(exercise.module)}
    assert {"affine_forward", "adam"} <= bare and not bare & {"two_layer_net", "three_layer_conv_net"}
