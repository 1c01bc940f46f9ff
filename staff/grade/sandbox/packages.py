"""What a framework needs on disk: its packages, those that they need, their shared libraries, and no others."""

import functools
import importlib.metadata
import re
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from staff.grade.sandbox import libraries

__all__ = ["folders", "on_disk"]


@functools.cache
def on_disk(modules: tuple[str, ...]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return the paths in site-packages that some modules need, and the shared libraries elsewhere.

    Args:
        modules: their names.
    """
    site = folders(modules)
    return site, tuple(libraries.outside_of(site, libraries.in_folders(site)))


def folders(modules: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the paths, in site-packages, of the distributions that provide some modules and of all they require.

    Args:
        modules: their names.
    """
    todo, seen = _providers(modules), set()
    paths: dict[Path, None] = {}
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for first in _first_parts(distribution):
            if first not in ("..", "__pycache__") and not first.endswith(".pth"):
                paths[Path(str(distribution.locate_file(first)))] = None
        todo += [requirement.name for requirement in _requirements(distribution)]
    return tuple(path for path in paths if path.exists())


def _providers(modules: tuple[str, ...]) -> list[str]:
    """Return the names of the distributions that have some modules."""
    names = []
    for distribution in importlib.metadata.distributions():
        declared = (distribution.read_text("top_level.txt") or "").split()
        provided = declared or [first.removesuffix(".py") for first in _first_parts(distribution)]
        names += [distribution.name] * any(module in provided for module in modules)
    return names


def _first_parts(distribution: Distribution) -> list[str]:
    """Return the first parts of the paths of a distribution's files, each once.

    They are read from the list that pip writes, where there is one: TensorFlow has 15,000 files, and a Path for
    each takes half a second.
    """
    if record := distribution.read_text("RECORD"):
        return list(dict.fromkeys(re.findall(r'^"?([^/,"\n]+)', record, re.MULTILINE)))
    return list(dict.fromkeys(file.parts[0] for file in distribution.files or ()))


def _requirements(distribution: Distribution) -> Iterator[Requirement]:
    """Return what a distribution needs here, without its extras."""
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement
