"""Make the fingerprints of the catalogue: what goes into the release."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from cs231n.checks.mistakes.recognise import Known, look, recognise
from staff.misconceptions.catalogue import entries

__all__ = ["known", "text", "twins"]


def known(progress: Callable[..., Any] = iter) -> dict[str, Known]:
    """Return name -> Known, of all misconceptions; `progress` wraps the iteration."""
    return {one.name: _known(one) for one in progress(entries().values())}


def _known(one):
    looks = tuple(look(one.transport(form), one.exercise) for form in range(len(one.forms)))
    return Known(one.name, one.exercise, one.title, one.hints, looks)


def twins(found: Mapping[str, Known]) -> list[tuple[str, str | None]]:
    """Return (name, other) of the misconceptions that would be taken for another, or for right: other is None."""
    wrong = []
    for one in found.values():
        names = {recognise(seen, one.exercise, found) if seen else None for seen in one.looks}
        wrong += [(one.name, name) for name in sorted(names - {one.name}, key=str)]
    return wrong


def text(found: Mapping[str, Known]) -> str:
    """Return the text of fingerprints.json: a line for each look."""
    parts = []
    for name, one in found.items():
        looks = ",\n   ".join(json.dumps(seen) for seen in one.looks)
        head = json.dumps({"exercise": one.exercise, "title": one.title, "hints": list(one.hints)}, indent=1)
        parts.append(f'{json.dumps(name)}: {head[:-2]},\n "looks": [\n   {looks}]}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
