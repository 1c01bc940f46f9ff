"""Given code under another name, and code that is made at run time: what staff should know of a submission.

The layers are graded without the given modules, which hold other ways to write them. A copy of one is a given
module too, whatever its file is called, its variables and its layout.
"""

import collections
import tokenize
from collections.abc import Mapping

import numpy as np

from cs231n.checks.subject.imports import GIVEN
from cs231n.submit.archive import MODULES
from staff.grade.alike import tokens

__all__ = ["GivenCode"]

FEWEST = 40  # runs of tokens of a function that can be known again
SHARE = 0.7  # of the runs of a function that a file has to hold
CALLED = {"exec", "eval", "compile", "__import__"}  # by themselves: a model has methods of these names
USED = {"marshal", "CodeType", "FunctionType", "SourceFileLoader", "runpy", "builtins", "__builtins__"}


class GivenCode:
    """Knows given functions by their content.

    Args:
        release: path -> bytes of the release.
    """

    def __init__(self, release: Mapping[str, bytes]) -> None:
        functions = {}  # (file, function) -> hashes
        given = [name for name in release if name.endswith(".py") and _is_given(name)]
        for name in given:
            by_function = collections.defaultdict(list)
            for run, function in zip(*tokens.runs(release[name])):
                by_function[function].append(run)
            for function, found in by_function.items():
                if len(found) >= FEWEST and function != tokens.TOP:
                    functions[name, function] = np.unique(np.array(found, np.uint64))
        self._functions = list(functions)
        self._counts = np.array([len(found) for found in functions.values()], int)
        self._runs = np.concatenate([np.zeros(0, np.uint64), *functions.values()])
        self._release = {name: data for name, data in release.items() if name.endswith(tokens.CODE)}

    def of(self, files: Mapping[str, bytes]) -> tuple[set[str], list[str]]:
        """Return (paths of given modules under other names, lines for staff about these and about made code).

        Args:
            files: path -> bytes, as handed in.
        """
        copies, lines = set(), []
        for name, data in sorted(files.items(), key=lambda item: (item[0] not in MODULES, item[0])):
            if not name.endswith(tokens.CODE) or data == self._release.get(name) or _is_given(name):
                continue
            code = tokens.code_of(name, data)
            if names := sorted(set(_makers(code))):
                lines.append(f"{name}: makes code at run time ({', '.join(names)}), which a reader should look at")
            if name.endswith(".py") and (held := self._held(code)):
                what = ", ".join(f"{function} of {file}" for file, function in held[:3])
                if name in MODULES:
                    lines.append(f"{name}: holds given code, {what}")
                else:
                    copies.add(name)
                    lines.append(
                        f"{name}: not available when the layers are graded, because it is given code, {what}"
                    )
        return copies, lines

    def _held(self, code):
        """Return the (file, function) that are in some code."""
        owners = np.repeat(np.arange(len(self._counts)), self._counts)
        there = np.bincount(owners, np.isin(self._runs, tokens.runs(code)[0]), len(self._counts))
        return [self._functions[k] for k in np.flatnonzero(there >= SHARE * self._counts)]


def _is_given(name):
    return name.startswith("cs231n/") and name.split("/")[1].split(".")[0] in GIVEN


def _makers(code):
    """Yield the names in some code by which it can make other code."""
    before = ""
    for kind, word, _ in tokens.raw(tokens.lines_of(code)):
        if kind == tokenize.NAME and (word in USED or (word in CALLED and before != ".")):
            yield word
        before = word
