"""Checks that only the grader runs. Each module here registers them as those of cs231n.checks.exercises do:

    @check("affine_forward")
    def large_batch(subject, rng):
        \"""the output matches PyTorch for ten thousand rows\"""

They count as every other check: an exercise earns its points if all of its checks pass.
"""

import dataclasses
import importlib
import pkgutil

from cs231n.checks.registry import checks_of
from staff.grade.record import Record

__all__ = ["load_hidden_checks", "without_details"]


def load_hidden_checks() -> None:
    """Import all modules of this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def without_details(record: Record) -> Record:
    """Return a Record in which hidden checks have their line and verdict, and nothing that tells their inputs."""
    return dataclasses.replace(record, exercises=tuple(map(_shown, record.exercises)))


def _shown(exercise):
    own = {one.id for one in checks_of(exercise.name) if one.function.__module__.startswith(f"{__name__}.")}
    checks = tuple(
        dataclasses.replace(one, message="", hidden=True) if one.id in own else one for one in exercise.checks
    )
    lines = {one.line for one in checks if one.hidden}
    told = next((line for line in lines if exercise.message.startswith(f"{line}: ")), "")
    return dataclasses.replace(exercise, checks=checks, message=told or exercise.message)
