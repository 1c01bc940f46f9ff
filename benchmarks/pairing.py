"""Timing in pairs: every contender runs in every round, and what counts is the median of the rounds' ratios.

A machine that slows down for a second slows all contenders of a round, so their ratio stays what it was. The
order turns from round to round, so that none always runs on the caches the same other one left behind.
"""

import statistics
import time

__all__ = ["clock", "geometric_mean", "ratio", "time_rounds"]


def clock(threads):
    """Return the clock to read: CPU time of the process for one thread, wall time for several.

    CPU time leaves out what other processes took of the core. It would count a second thread twice.
    """
    return time.process_time if threads == 1 else time.perf_counter


def time_rounds(contenders, rounds, now, shortest):
    """Time every contender once in each round.

    Args:
        contenders: dict of names and functions without arguments.
        rounds: how many rounds.
        now: a clock, in seconds.
        shortest: seconds a single timing lasts at least; shorter calls are repeated within it.

    Returns:
        dict of names and lists of seconds per call, one for each round.
    """
    repeats = {name: _repeats(function, now, shortest) for name, function in contenders.items()}
    seconds = {name: [] for name in contenders}
    names = list(contenders)
    for _ in range(rounds):
        for name in names:
            function = contenders[name]
            start = now()
            for _ in range(repeats[name]):
                function()
            seconds[name].append((now() - start) / repeats[name])
        names = names[1:] + names[:1]
    return seconds


def _repeats(function, now, shortest):
    """Return how many calls last `shortest` seconds, after calling the function to warm it up."""
    function()
    count = 1
    while True:
        start = now()
        for _ in range(count):
            function()
        elapsed = now() - start
        if elapsed >= shortest:
            return count
        count *= 2


def ratio(seconds, peer_seconds):
    """Return the median over the rounds of seconds / peer_seconds."""
    return statistics.median(one / other for one, other in zip(seconds, peer_seconds, strict=True))


def geometric_mean(values):
    """Return the geometric mean, the one that treats twice as fast and twice as slow alike."""
    return statistics.geometric_mean(values)
