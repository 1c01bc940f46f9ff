"""The catalogue in the grader's sandbox: the same verdicts and names as in this process."""

import pytest

from cs231n.checks.session import Session
from staff.grade.sandbox.sandbox import Sandbox
from staff.misconceptions.catalogue import entries
from tests.staff.grade.sandboxes import need_bubblewrap, solved

pytestmark = pytest.mark.slow


def found(transport, exercise):
    """Return the verdict of an exercise, the checks that it misses, and the mistake that it is taken for."""
    outcome = Session(transport).outcome(exercise)
    known = outcome.looks_like
    return outcome.verdict, [result.check.id for result in outcome.missed], known and known.name


@pytest.mark.parametrize("exercise", sorted({one.exercise for one in entries().values()}))
def test_a_misconception_is_judged_and_named_as_in_this_process(exercise):
    need_bubblewrap()
    of_exercise = [one for one in entries().values() if one.exercise == exercise]
    for one in (of_exercise[0], of_exercise[-1]):  # a sandbox takes half a second, and there are hundreds
        path = f"cs231n/{one.module.replace('.', '/')}.py"
        with Sandbox(solved() | {path: one.text().encode()}) as sandbox:
            assert found(sandbox.transport(), exercise) == found(one.transport(), exercise), one.name
