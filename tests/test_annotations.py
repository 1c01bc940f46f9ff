"""The public functions of the modules that mypy checks are annotated, with all arguments and what they return."""

import ast
import fnmatch
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _checked():
    """Return module -> path of what mypy checks, by its sections in pyproject.toml."""
    sections = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    patterns = [
        name for section in sections if section.get("ignore_errors") is False for name in section["module"]
    ]
    paths = [path for folder in ("cs231n", "staff") for path in (ROOT / folder).rglob("*.py")]
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths
    }
    missing = [pattern for pattern in patterns if not fnmatch.filter(modules, pattern)]
    assert missing == [], "pyproject.toml lists modules that are not there"
    return {name: path for name, path in modules.items() if any(fnmatch.fnmatch(name, one) for one in patterns)}


CHECKED = _checked()


def _public(body, owner=""):
    """Yield (qualified name, function) of public functions, and of methods of public classes."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and (node.name == "__init__" or not node.name.startswith("_")):
            yield owner + node.name, node


def _is_annotated(function, is_method):
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named = named[1:] if is_method and named[:1] and named[0].arg in ("self", "cls") else named
    more = [one for one in (arguments.vararg, arguments.kwarg) if one]
    return function.returns is not None and all(one.annotation for one in (*named, *more))


def test_most_of_the_tools_is_checked():
    assert len(CHECKED) > 80


@pytest.mark.parametrize("module", CHECKED)
def test_public_functions_are_annotated(module):
    functions = _public(ast.parse(CHECKED[module].read_text(encoding="utf-8")).body)
    assert [name for name, function in functions if not _is_annotated(function, "." in name)] == []
