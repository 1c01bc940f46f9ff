"""benchmarks.pairing: rounds, their order, and ratios."""

import time

import pytest

from benchmarks.pairing import clock, geometric_mean, ratio, time_rounds


class _Clock:
    """A clock that only moves when a contender takes time."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def __call__(self):
        return self.now

    def contender(self, name, seconds):
        def call():
            self.calls.append(name)
            self.now += seconds() if callable(seconds) else seconds

        return call


def test_every_contender_is_timed_once_a_round_and_the_order_turns():
    now = _Clock()
    contenders = {name: now.contender(name, 1.0) for name in "abc"}
    seconds = time_rounds(contenders, 3, now, shortest=0.5)
    assert seconds == {name: [1.0] * 3 for name in "abc"}
    assert "".join(now.calls[-9:]) == "abc" + "bca" + "cab"


def test_a_short_call_is_repeated_and_its_time_divided():
    now = _Clock()
    seconds = time_rounds({"short": now.contender("short", 0.25)}, 2, now, shortest=1.0)
    assert seconds == {"short": [0.25, 0.25]}
    assert now.calls.count("short") == 1 + (1 + 2 + 4) + 2 * 4  # warm-up, counting, two rounds


def test_a_machine_that_slows_down_does_not_change_the_ratio():
    now = _Clock()
    speed = iter([1] * 4 + [1] * 2 + [5] * 2 + [3] * 2)  # by two contenders: warm-up and counting, three rounds
    contenders = {
        "slow": now.contender("slow", lambda: 3.0 * next(speed)),
        "fast": now.contender("fast", lambda: 1.0 * next(speed)),
    }
    seconds = time_rounds(contenders, 3, now, shortest=0.5)
    assert seconds["slow"] == [3, 15, 9]
    assert ratio(seconds["slow"], seconds["fast"]) == 3


def test_the_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_the_medians():
    assert ratio([1, 4, 9], [1, 2, 3]) == 2
    assert ratio([1, 2, 30], [2, 1, 10]) == 2


def test_ratios_need_as_many_rounds_on_both_sides():
    with pytest.raises(ValueError):
        ratio([1, 2], [1])


def test_the_geometric_mean_treats_faster_and_slower_alike():
    assert geometric_mean([0.5, 2]) == pytest.approx(1)


def test_one_thread_is_timed_by_cpu_time_and_several_by_wall_time():
    assert clock(1) is time.process_time
    assert clock(2) is time.perf_counter
