"""Right solutions as strangers write them: the core of each exercise holds, each deduction is a true detail."""

import pytest

from cs231n.checks import registry
from cs231n.checks.rubric import load_rubric
from cs231n.checks.session import Session
from staff.misconceptions.subject import transport
from tests.checks import field_layers, field_nets  # noqa: F401 - they register what they hold
from tests.checks.alternatives import ALTERNATIVES
from tests.checks.field import FIELD


def test_there_are_150_right_solutions_that_differ_from_ours():
    assert len(ALTERNATIVES) + len(FIELD) >= 150
    assert not ALTERNATIVES.keys() & FIELD.keys()


def test_each_detail_that_is_missed_is_a_check():
    for name, one in FIELD.items():
        checks = {check.name for exercise in one.exercises for check in registry.checks_of(exercise)}
        assert set(one.misses) <= checks, name
        assert (one.share < 1) == bool(one.misses), name


@pytest.mark.parametrize("name", FIELD)
def test_a_right_solution_misses_its_details_only_and_earns_its_share(name):
    one = FIELD[name]
    session = Session(transport(one.make()), diagnose=False)
    missed = set()
    for exercise in one.exercises:
        outcome = session.outcome(exercise)
        missed |= {result.check.name for result in outcome.results if result.verdict != "passed"}
        assert outcome.earned >= one.share * load_rubric().exercises[exercise].points - 0.05, exercise
    assert missed == set(one.misses)
