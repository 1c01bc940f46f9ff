"""Check and explain the exercises of the folder that holds this package."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import cs231n
from cs231n.checks.notebooks.frameworks import Notebook, framework_of
from cs231n.checks.session import Outcome, Session
from cs231n.checks.subject.process import SubjectProcess

if TYPE_CHECKING:
    from cs231n.checks.explain.findings import Explanation

__all__ = ["ROOT", "checked", "explanations"]

ROOT = Path(cs231n.__file__).resolve().parent.parent


def checked(names: Iterable[str], seeds: int = 1, progress: TextIO | None = None) -> list[Outcome]:
    """Check exercises in a process of their own; returns their outcomes."""
    with SubjectProcess(ROOT) as transport:
        session = Session(Notebook(transport, framework_of(ROOT)), seeds)
        outcomes = []
        for name in names:
            if progress is not None and progress.isatty():
                print(f"\r\033[K{name} ...", end="", file=progress, flush=True)
            outcomes.append(session.outcome(name))
        if progress is not None and progress.isatty():
            print("\r\033[K", end="", file=progress, flush=True)
    return outcomes


def explanations(names: Iterable[str]) -> "Iterator[Explanation]":
    """Look closely at exercises, each in a process of its own; returns an iterator of Explanations."""
    from cs231n.checks.explain import explain  # not above: it needs more than the checks, and most runs do not

    for name in names:
        with SubjectProcess(ROOT) as transport:
            yield explain(transport, name)
