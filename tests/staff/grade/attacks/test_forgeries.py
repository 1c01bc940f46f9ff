"""Who returns something trivial in place of a layer earns its backward pass in no way, and others lose nothing."""

import pytest

from tests.staff.grade.attacks.forgeries import (
    BACKWARD,
    COUNTERS,
    FORWARDS,
    knowing,
    known_to_the_public,
    with_forward,
)
from tests.staff.grade.conftest import graded


def earned(*arguments):
    """Return name -> exercise -> points earned, for the arguments of `graded`."""
    return {
        name: {one["name"]: one["earned"] for one in exercises} for name, exercises in graded(*arguments).items()
    }


def named(name, text):
    return name.replace(" ", "-").replace(",", ""), text


SOME = list(FORWARDS)[::3]
OTHERS = [name for name in FORWARDS if name not in SOME]


@pytest.mark.parametrize(
    "names", [pytest.param(SOME, id="some"), pytest.param(OTHERS, id="others", marks=pytest.mark.slow)]
)
def test_a_trivial_forward_pass_earns_no_backward_pass(tmp_path, solved, names):
    submissions = dict(named(name, with_forward(name)) for name in names) | {"honest": ""}
    found = earned(tmp_path, solved, submissions, BACKWARD)
    assert all(found.pop("honest").values())
    assert found == {name: dict.fromkeys(BACKWARD, 0.0) for name in found}


@pytest.mark.slow
def test_code_that_counts_checks_earns_no_backward_pass(tmp_path, solved):
    submissions = dict(named(name, knowing(name)) for name in COUNTERS) | {"honest": ""}
    found = earned(tmp_path, solved, submissions, BACKWARD)
    assert all(found.pop("honest").values())
    assert found == {name: dict.fromkeys(BACKWARD, 0.0) for name in found}


@pytest.mark.slow
def test_a_mistake_that_is_made_for_public_inputs_alone_earns_no_backward_pass(tmp_path, solved):
    names = ("low rank, and what depends on gamma and beta", "another at each call")
    submissions = dict(named(name, known_to_the_public(name)) for name in names) | {"honest": ""}
    found = earned(tmp_path, solved, submissions, BACKWARD)
    assert all(found.pop("honest").values())
    assert found == {name: dict.fromkeys(BACKWARD, 0.0) for name in found}
