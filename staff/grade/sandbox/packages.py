"""What a framework consists of on disk: its packages and those that they need, and no others."""

import functools
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

__all__ = ["folders"]


@functools.cache
def folders(modules: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the paths, in site-packages, of the distributions that provide some modules and of all they require.

    Args:
        modules: names of modules, a tuple.
    """
    providers = importlib.metadata.packages_distributions()
    todo, seen, paths = [name for module in modules for name in providers.get(module, ())], set(), {}
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            if file.parts[0] not in ("..", "__pycache__") and not file.parts[0].endswith(".pth"):
                paths[Path(distribution.locate_file(file.parts[0]))] = None
        todo += [requirement.name for requirement in _requirements(distribution)]
    return tuple(path for path in paths if path.exists())


def _requirements(distribution: importlib.metadata.Distribution) -> Iterator[Requirement]:
    """Return what a distribution needs here, without its extras."""
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement
