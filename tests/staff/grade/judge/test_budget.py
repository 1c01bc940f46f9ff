"""What a submission may take: processor time, and by the clock five times as many seconds."""

import time

from staff.grade import limits
from staff.grade.judge.budget import Budget


class Took:
    """A sandbox that has taken so many seconds."""

    def __init__(self, seconds):
        self.taken = seconds

    def seconds(self):
        return self.taken


def test_all_sandboxes_of_a_submission_share_what_there_is():
    budget, one, other = Budget(10), Took(3), Took(4)
    budget.add(one)
    budget.add(other)
    assert budget.left() == 3 and not budget.late()
    other.taken = 9
    assert budget.left() == 0 and not budget.late()
    assert budget.why() == "no time left: a submission may take 10 seconds of processor time"


def test_the_clock_ends_what_sleeps_and_that_is_told_apart(monkeypatch):
    budget, now = Budget(10), time.monotonic()
    budget.add(Took(1))
    monkeypatch.setattr(time, "monotonic", lambda: now + 10 * limits.PATIENCE - 1)
    assert 0 < budget.left() <= 1 and not budget.late()
    monkeypatch.setattr(time, "monotonic", lambda: now + 10 * limits.PATIENCE + 1)
    assert budget.left() == 0 and budget.late()
    assert budget.why() == "no time left: a submission may take 50 seconds by the clock"
