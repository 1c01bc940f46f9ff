"""The solved package with something changed, as a subject of the checks in this process."""

import contextlib
import functools
import sys
import types
import warnings
from collections.abc import Callable, Collection, Mapping
from types import CodeType, ModuleType
from typing import Any

from cs231n.checks.rubric import load_rubric
from cs231n.checks.subject.client import InProcess
from cs231n.checks.subject.host import Host
from staff import ROOT
from staff.release.modules import named_blocks

__all__ = ["NAMES", "compiled", "edited", "executed", "package", "replaced", "rewritten", "source_of", "transport"]

# Every module that an exercise is written in or called from, each after those that it imports: what is written
# later, by the rubric, calls what is written earlier.
_WRITTEN = [one.module.removeprefix("cs231n.") for one in load_rubric().exercises.values() if not one.in_notebook]
LINKED = tuple(dict.fromkeys(["layers", "optim", "layer_utils", *_WRITTEN]))
NAMES = {name.split(".")[-1]: name for name in LINKED}  # short names that tests use


@functools.cache
def source_of(module: str) -> str:
    """Return the text of a module of cs231n."""
    return _path(module).read_text(encoding="utf-8")


def rewritten(module: str, *edits: tuple[str, str], within: Collection[str] | None = None) -> ModuleType:
    """Return a copy of a module of cs231n in which each (old, new) of the edits is applied once.

    Args:
        module: name below cs231n, such as "classifiers.fc_net".
        *edits: (old, new) texts.
        within: ids of the solution blocks to change; default: the whole module.

    Raises:
        ValueError: an old text does not occur exactly once.
    """
    return executed(module, edited(module, *edits, within=within))


def edited(module: str, *edits: tuple[str, str], within: Collection[str] | None = None) -> str:
    """Return the text of a module with edits applied; arguments and errors as for `rewritten`."""
    source = source_of(module)
    for old, new in edits:
        source = _apply(source, module, old, new, within)
    return source


def replaced(module: str, **functions: Callable[..., Any]) -> ModuleType:
    """Return a copy of a module of cs231n in which some functions are others, for the module's own calls too."""
    copy = executed(module, source_of(module))
    copy.__dict__.update(functions)
    return copy


def package(module: str, changed: ModuleType) -> dict[str, ModuleType]:
    """Return name -> module of the package in which `module` is replaced, and those that import it follow."""
    modules = {module: changed}
    with _imported(modules):
        for name in LINKED:
            if name not in modules and any(f"from cs231n.{other} import" in source_of(name) for other in modules):
                modules[name] = sys.modules[f"cs231n.{name}"] = executed(name, source_of(name))
    return modules


def transport(modules: Mapping[str, ModuleType]) -> InProcess:
    """Return a transport to the solved package with some of its modules replaced; names are below cs231n."""
    return _Quiet(Host(ROOT, {f"cs231n.{name}": module for name, module in modules.items()}))


class _Quiet(InProcess):
    """Wrong code may divide by zero: that is no exception, also where tests make warnings exceptions."""

    def request(self, message):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return super().request(message)


@contextlib.contextmanager
def _imported(modules):
    """Let imports find these modules for a while."""
    kept = {f"cs231n.{name}": sys.modules.get(f"cs231n.{name}") for name in LINKED}
    try:
        sys.modules.update({f"cs231n.{name}": module for name, module in modules.items()})
        yield
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def _apply(source, module, old, new, within):
    """Return the source with a text replaced, which has to occur once in the given blocks."""
    spans = [(0, len(source))]
    if within:
        found = named_blocks(f"cs231n/{module.replace('.', '/')}.py", source)
        spans = [(found[name].start, found[name].end) for name in within if name in found]
    places = [start + at for start, end in spans for at in _occurrences(source[start:end], old)]
    if len(places) != 1:
        raise ValueError(f"{old!r} occurs {len(places)} times in {', '.join(within or [module])}, expected once")
    return source[: places[0]] + new + source[places[0] + len(old) :]


def _occurrences(text, part):
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _path(module):
    return ROOT / "cs231n" / f"{module.replace('.', '/')}.py"


def executed(module: str, source: str) -> ModuleType:
    """Return a module of cs231n made from another text."""
    copy = types.ModuleType(f"cs231n.{module}")
    copy.__file__ = str(_path(module))
    exec(compiled(module, source), copy.__dict__)
    return copy


@functools.lru_cache(maxsize=64)
def compiled(module: str, source: str) -> CodeType:
    """Return the code of a module of cs231n made from another text."""
    return compile(source, str(_path(module)), "exec")
