"""What a submission may take, all in all: seconds of processor time, and by the clock five times as many.

The clock is there for what sleeps. It says little on a busy machine, so that a submission that has run out of time
by the clock alone is graded once more, with nothing else beside it.
"""

import time
from typing import Protocol

from staff.grade import limits

__all__ = ["Budget"]


class _Runs(Protocol):
    def seconds(self) -> float:
        """Return the processor time that it has taken."""


class Budget:
    """Counts what the sandboxes of a submission take.

    Args:
        limit: seconds of processor time: imports, checks, what is killed, and Q5.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._sandboxes: list[_Runs] = []
        self._start = time.monotonic()

    def add(self, sandbox: _Runs) -> None:
        """Count what a sandbox takes too."""
        self._sandboxes.append(sandbox)

    def left(self) -> float:
        """Return the seconds that are left; 0 when there are none."""
        return max(0.0, min(self.limit - self._spent(), self._until()))

    def late(self) -> bool:
        """Return whether there is no time left by the clock alone."""
        return self._until() <= 0 and self._spent() < self.limit

    def why(self) -> str:
        """Return what to tell a student where none is left."""
        if self.late():
            return f"no time left: a submission may take {limits.PATIENCE * self.limit:.0f} seconds by the clock"
        return f"no time left: a submission may take {self.limit:.0f} seconds of processor time"

    def _until(self) -> float:
        return self._start + limits.PATIENCE * self.limit - time.monotonic()

    def _spent(self) -> float:
        return sum(sandbox.seconds() for sandbox in self._sandboxes)
