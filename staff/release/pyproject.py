"""pyproject.toml for students: without what only maintainers use."""

import re
import tomllib

from staff.release.errors import ReleaseError

__all__ = ["KEPT", "for_students"]

KEPT = ("build-system", "project", "project.optional-dependencies", "tool.setuptools")
DROPPED_EXTRAS = ("test", "grade", "cluster", "pages")


def for_students(text: str) -> str:
    """Return the pyproject.toml of a release: the tables of KEPT, and no extra for staff.

    Raises:
        ReleaseError: what is left does not say the same as before about the package.
    """
    tables = re.split(r"(?m)^(?=\[)", text)
    kept = "".join(table for table in tables if _name(table).startswith(KEPT))
    result = re.sub(rf"(?ms)^({'|'.join(DROPPED_EXTRAS)}) = (\[.*?\]|\{{.*?\}})\n", "", kept).rstrip("\n") + "\n"
    expected = tomllib.loads(text)
    setuptools = expected["tool"]["setuptools"]
    for owner in (expected["project"], setuptools.get("dynamic", {})):
        for extra in DROPPED_EXTRAS:
            owner.get("optional-dependencies", {}).pop(extra, None)
    if tomllib.loads(result) != expected | {"tool": {"setuptools": setuptools}}:
        raise ReleaseError("pyproject.toml: cutting out the maintainers' tables changed the others; see KEPT")
    return result


def _name(table):
    """The name of a table from its first line, [project.optional-dependencies]."""
    found = re.match(r"\[+\s*([^]]+?)\s*\]", table)
    return found[1] if found else ""
