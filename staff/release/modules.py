"""Exercises in Python modules: a block is named after the function or method that holds it."""

import ast
import functools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from staff.release import blocks, hidden
from staff.release.errors import ReleaseError

__all__ = ["blank", "cut", "fill", "named_blocks", "numbered"]


@functools.lru_cache(maxsize=64)  # of one module, the blocks are asked for hundreds of times
def named_blocks(path: str, source: str) -> Mapping[str, blocks.Block]:
    """Return the blocks of a module: id -> Block, in order.

    The id is `cs231n/classifiers/fc_net.py:TwoLayerNet.loss`, with .1, .2, ... where a function has several.

    Raises:
        ReleaseError: a marker is out of place, or a block stands outside of any function.
    """
    found = blocks.find(source, lambda line: f"{path}:{line}")
    functions = list(_functions(ast.parse(source))) if found else []
    owners = []
    for block in found:
        last = block.line + block.text.count("\n")  # the marker there is a comment, which no node includes
        inside = [name for name, begin, end in functions if begin < block.line and last - 1 <= end]
        if not inside:
            raise ReleaseError(f"{path}:{block.line}: a block outside of any function")
        owners += inside
    return MappingProxyType(dict(zip(numbered([f"{path}:{owner}" for owner in owners]), found)))


def numbered(names: Iterable[str]) -> list[str]:
    """Return the names, with .1, .2, ... added to those that occur more than once."""
    totals, seen = Counter(names), Counter[str]()
    result = []
    for name in names:
        seen[name] += 1
        result.append(f"{name}.{seen[name]}" if totals[name] > 1 else name)
    return result


def _functions(node, owner=""):
    """(qualified name, first line, last line) of each function of a module and each method of its classes."""
    for child in node.body:
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{owner}{child.name}.")
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{owner}{child.name}", child.lineno, child.end_lineno


def blank(path: str, source: str, messages: Mapping[str, str]) -> str:
    """Return the module with its blocks blanked and what is hidden cut out; `messages` has one for each block."""
    named = named_blocks(path, source)
    return cut(path, blocks.blank(source, list(named.values()), [messages[name] for name in named]))


def cut(path: str, source: str) -> str:
    """Return the module without what its docstrings hide from the release, see `hidden`."""
    return hidden.cut(source, lambda line: f"{path}:{line}")


def fill(path: str, blanked: str, solved: str, chosen: Collection[str]) -> str:
    """Return the blanked module with those blocks of the solved one put back whose ids are among the chosen."""
    named = named_blocks(path, solved)
    return blocks.fill(blanked, [block if name in chosen else None for name, block in named.items()])
