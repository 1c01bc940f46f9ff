"""pyproject.toml for students: without what only maintainers use."""

import re
import tomllib

from staff.release.errors import ReleaseError

__all__ = ["KEPT", "for_students"]

KEPT = ("build-system", "project", "project.optional-dependencies", "tool.setuptools")
DROPPED_EXTRA = "test"


def for_students(text):
    """Return the pyproject.toml of a release: the tables of KEPT, and no `test` extra.

    Raises:
        ReleaseError: what is left does not say the same as before about the package.
    """
    tables = re.split(r"(?m)^(?=\[)", text)
    kept = [table for table in tables if _name(table).startswith(KEPT)]
    result = re.sub(rf"(?ms)^{DROPPED_EXTRA} = \[.*?\]\n", "", "".join(kept)).rstrip("\n") + "\n"
    expected = tomllib.loads(text)
    expected["project"].get("optional-dependencies", {}).pop(DROPPED_EXTRA, None)
    expected["tool"] = {"setuptools": expected["tool"]["setuptools"]}
    if tomllib.loads(result) != expected:
        raise ReleaseError("pyproject.toml: cutting out the maintainers' tables changed the others; see KEPT")
    return result


def _name(table):
    """The name of a table from its first line, [project.optional-dependencies]."""
    found = re.match(r"\[+\s*([^]]+?)\s*\]", table)
    return found[1] if found else ""
