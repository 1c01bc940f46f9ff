"""What keeps submissions in on this machine: bubblewrap, walls of our own, or too little to grade."""

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import TypedDict

from staff.grade import limits
from staff.grade.sandbox import bubblewrap
from staff.grade.sandbox.interpreter import interpreter

__all__ = ["SIGNALS_CLOSED", "isolation", "own_walls", "refusal"]

SIGNALS_CLOSED = 6  # version of Landlock that refuses signals to processes outside


class OwnWalls(TypedDict):
    """Version of Landlock, 0 for none, and whether there are namespaces."""

    landlock: int
    namespaces: bool


def isolation() -> str:
    """Return "bubblewrap", or "reduced: ..." with what is missing and what a submission could do."""
    problem = bubblewrap.problem()
    if problem is None:
        return "bubblewrap"
    if refusal() is None:
        return f"reduced: {problem}; Landlock closes all files that are not the submission's"
    could = "a submission could have read the solution, the secret and other submissions, and used any package"
    return f"reduced: {problem}, and {_missing_walls()}; {could}"


def refusal() -> str | None:
    """Return why nothing should be graded here without --unsafe, or None."""
    problem = bubblewrap.problem()
    if problem is None or _missing_walls() is None:
        return None
    return f"{problem}, and {_missing_walls()}: submissions could read the solution and the secret"


def _missing_walls() -> str | None:
    """Return what is missing for walls of our own, or None."""
    walls = own_walls()
    if not walls["landlock"]:
        return "this system has no Landlock"
    if os.geteuid() != 0 and not walls["namespaces"] and walls["landlock"] < SIGNALS_CLOSED:
        return "there are neither another user nor namespaces of processes"
    return None


@functools.cache
def own_walls() -> OwnWalls:
    """Return what `walls.py` says that works here."""
    command = [interpreter().executable, "-I", "-S", str(Path(__file__).with_name("walls.py"))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limits.START, env={}, check=False)
        found: OwnWalls = json.loads(done.stdout)
        return found
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {"landlock": 0, "namespaces": False}
