"""Judge mutants: the checks of their exercises, in a forked process with a time limit."""

import dataclasses
import os
import resource
import select
import signal
import sys
import time
import types
import warnings
from collections.abc import Collection
from pathlib import Path

from cs231n.checks import (
    exercises,  # noqa: F401 - registers the checks
    registry,
)
from cs231n.checks.run import run_check
from cs231n.checks.subject.client import InProcess, Subject
from cs231n.checks.subject.host import Host
from staff.mutation.mutants import Mutant

__all__ = ["MutantVerdict", "judge", "try_solution"]

LIMIT = 20.0  # seconds of wall time for all checks of a mutant; the solution needs at most a few
MEMORY = 8 << 30  # bytes of address space


@dataclasses.dataclass(frozen=True)
class MutantVerdict:
    """What came of a mutant.

    Attributes:
        outcome: "killed", "timeout", "crashed", "survived", or "grader_error": a check broke, and tells nothing.
        by: id of the check that noticed it.
    """

    outcome: str
    by: str = ""


def judge(mutant: Mutant, root: Path, seeds: int, limit: float = LIMIT) -> MutantVerdict:
    """Return the MutantVerdict: whether a check of its exercises notices it, for one of the public seeds."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            os.write(writing, (first_to_notice(mutant, root, seeds) or "survived").encode())
        finally:
            os._exit(0)
    os.close(writing)
    try:
        answer = _read(reading, time.monotonic() + limit)
    finally:
        os.close(reading)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if answer is None:
        return MutantVerdict("timeout")
    if not answer:
        return MutantVerdict("crashed")
    outcome, _, by = answer.partition(" ")
    return MutantVerdict(outcome, by)


def first_to_notice(mutant: Mutant, root: Path, seeds: int) -> str | None:
    """Return the outcome and the id of the first check that does not pass, or None."""
    module = types.ModuleType(f"cs231n.{mutant.module}")
    module.__file__ = str(root / "cs231n" / f"{mutant.module.replace('.', '/')}.py")
    warnings.simplefilter("ignore")
    try:
        exec(compile(mutant.source, module.__file__, "exec"), module.__dict__)
    except Exception:
        return "killed on import"
    return _first_missed(Subject(InProcess(Host(root, {module.__name__: module}))), mutant.exercises, seeds)


def try_solution(root: Path, names: Collection[str]) -> str | None:
    """Return the outcome and the id of the first check that the solution itself does not pass, or None.

    What checks import and keep for later is there afterwards: forks share it.
    """
    return _first_missed(Subject(InProcess(Host(root))), names, 1)


def _first_missed(subject, names, seeds):
    checks = [one for name in names for one in registry.checks_of(name)]
    for seed in range(seeds):  # outermost, as what a check notices it mostly notices with the first seed
        for one in checks:
            result = run_check(one, subject, registry.public_generator(one.id, seed), seed)
            if result.verdict == "grader_error":
                return "grader_error " + one.id
            if result.verdict != "passed":
                return "killed " + one.id
    return None


def _read(descriptor, deadline):
    """Return what the child writes until it ends, or None after the deadline."""
    chunks = []
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return None
        chunk = os.read(descriptor, 4096)
        if not chunk:
            return b"".join(chunks).decode()
        chunks.append(chunk)
