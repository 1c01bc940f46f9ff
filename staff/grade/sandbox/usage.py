"""How much processor time the processes of a sandbox have taken, seen from outside, where /proc says it.

A process that has ended counts with the one that waited for it, so that the sum over a tree of processes holds all
that it ever took. What ends where nobody waits for it, in the last moment, is not counted.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from staff.grade import limits

__all__ = ["Usage", "patience"]

PROC = Path("/proc")
FRESH = 0.1  # seconds: to look through /proc takes milliseconds, and it is asked for at each check


class Usage:
    """The processor time of a process and all that it starts; without /proc the time by the clock.

    Args:
        pid: of the process.
        user: number of a user that nothing else has, whose processes count wherever they stand; or None.
    """

    def __init__(self, pid: int, user: int | None = None) -> None:
        self._pid, self._user = pid, user
        self._start, self._most, self._looked = time.monotonic(), 0.0, -math.inf

    def seconds(self) -> float:
        """Return the seconds so far, which never become fewer, as they were FRESH seconds ago or later."""
        if not (PROC / "self" / "stat").exists():
            return time.monotonic() - self._start
        if time.monotonic() - self._looked < FRESH:
            return self._most
        self._looked = time.monotonic()
        ticks = sum(sum(map(int, fields[11:15])) for fields in self._stats())
        self._most = max(self._most, ticks / os.sysconf("SC_CLK_TCK"))
        return self._most

    def is_running(self) -> bool:
        """Return whether one of them would go on if it had a processor."""
        return any(fields[0] in ("R", "D") for fields in self._stats())

    def _stats(self) -> Iterator[list[str]]:
        """Yield the fields of each process's stat, from its state on."""
        pids, seen = [self._pid, *self._of_user()], set()
        while pids:
            pid = pids.pop()
            if pid in seen:
                continue
            seen.add(pid)
            try:
                yield (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
                for task in (PROC / str(pid) / "task").iterdir():
                    pids += map(int, (task / "children").read_text().split())
            except (OSError, ValueError):
                continue  # it has ended

    def _of_user(self) -> Iterator[int]:
        if self._user is None:
            return
        for folder in PROC.glob("[0-9]*"):
            try:
                if folder.stat().st_uid == self._user:
                    yield int(folder.name)
            except OSError:
                continue


def patience(usage: "_Runs", limit: float) -> Callable[[], float]:
    """Return a function that says how many more seconds to wait, when a limit is over by the clock.

    Who is ready to run and has had less than the limit of the processor waits for it: the machine is busy. That is
    so for limits.PATIENCE times the limit at most.
    """
    start, before = time.monotonic(), usage.seconds()

    def more() -> float:
        used = usage.seconds() - before
        waited = time.monotonic() - start
        if used >= 0.9 * limit or waited >= limits.PATIENCE * limit or not usage.is_running():
            return 0.0
        return max(limit - used, 0.1)

    return more


class _Runs(Protocol):
    def seconds(self) -> float:
        """Return the processor time so far."""

    def is_running(self) -> bool:
        """Return whether it would go on if it had a processor."""
