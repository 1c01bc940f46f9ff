"""Hashes of the code of submissions, by which `similarity` tells who handed in the same.

Code is text here and never imported. A file is a sequence of tokens without comments, docstrings and layout, in
which variables have no names, so that renaming, reformatting and moving functions about change nothing. The
hashes of all runs of K tokens, less those of the release, are winnowed: a few of them stay.

Source: Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", 2003.
"""

import builtins
import io
import itertools
import json
import keyword
import re
import tokenize
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cs231n.submit.archive import MODULES
from cs231n.submit.text import joined
from staff.grade import limits

__all__ = ["CODE", "TOP", "TokenHashes", "code_of", "lines_of", "raw", "runs"]

K = 12  # tokens in a run, about a line: shorter ones are idioms of the language
WINDOW = 4  # of that many runs in a row one is kept: a common passage of K + WINDOW - 1 tokens is never missed

CODE = (".py", ".ipynb")
TOP = "top of the file"
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no token's bits are lost
_KEPT = {*keyword.kwlist, *dir(builtins)}
_STATEMENTS = {"def", "class", "return", "raise", "while", "with", "import"}  # in no bracket
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_DEFINITION = re.compile(r"\s*(?:async\s+)?(?:def|class)\s+(\w+)")


class TokenHashes:
    """Takes hashes of submissions; what the release gave is left out.

    Args:
        release: path -> bytes of the release's Python files and notebooks; others are ignored.
    """

    def __init__(self, release: Mapping[str, bytes]) -> None:
        self._release = {name: data for name, data in release.items() if name.endswith(CODE)}
        given = [runs(code_of(name, data))[0] for name, data in self._release.items()]
        self._given = np.unique(np.concatenate([np.zeros(1, np.uint64), *given]))

    def of(self, files: Mapping[str, bytes]) -> dict[str, np.ndarray]:
        """Return the hashes of a submission: function -> those of its code, uint64, each hash once.

        Args:
            files: path -> bytes, as handed in.
        """
        by_function: dict[str, list[int]] = {}
        seen, left = set(), limits.TOKENS
        for name, data in sorted(files.items(), key=lambda item: (item[0] not in MODULES, item[0])):
            if name.endswith(CODE) and data != self._release.get(name) and left > 0:
                hashes, functions = runs(code_of(name, data), left)
                left -= len(hashes)
                for i in _winnow(hashes, ~self._is_given(hashes)):
                    if (value := int(hashes[i])) not in seen:
                        seen.add(value)
                        by_function.setdefault(functions[i], []).append(value)
        return {function: np.array(values, np.uint64) for function, values in by_function.items()}

    def _is_given(self, hashes):
        """Return for each hash whether the release has it."""
        at = np.minimum(np.searchsorted(self._given, hashes), len(self._given) - 1)
        return self._given[at] == hashes


def code_of(name: str, data: bytes) -> bytes:
    """Return the code of a file: all of a module, the code cells of a notebook."""
    if not name.endswith(".ipynb"):
        return data
    try:
        cells = json.loads(data)["cells"]
        sources = [cell["source"] for cell in cells if cell.get("cell_type") == "code"]
        return "\n".join(joined(source) for source in sources).encode("utf-8", "replace")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return b""


def lines_of(data: bytes) -> list[str]:
    """Return the lines of some code."""
    text = data.decode("utf-8", "replace").replace("\0", "")
    return io.StringIO(text, newline=None).readlines()


def runs(data: bytes, most: int = limits.TOKENS) -> tuple[np.ndarray, list[str]]:
    """Return (hash of each run of K tokens, the function that the run begins in) of some code.

    Args:
        data: the code, bytes.
        most: tokens after which the rest is left out.
    """
    lines = lines_of(data)
    tokens = list(itertools.islice(_tokens(lines), most))
    if len(tokens) < K:
        return np.zeros(0, np.uint64), []
    codes = {word: zlib.crc32(word.encode("utf-8", "replace")) for word in {word for word, _ in tokens}}
    values = np.array([codes[word] for word, _ in tokens], np.uint64)
    hashes = np.zeros(len(values) - K + 1, np.uint64)
    for i in range(K):  # a polynomial in _BASE, modulo 2**64
        hashes = hashes * _BASE + values[i : i + len(hashes)]
    hashes ^= hashes >> np.uint64(29)  # low bits depend on low bits alone: let the order depend on all of them
    functions = _definitions(lines)
    return hashes * _BASE, [functions[line] for _, line in tokens[: len(hashes)]]


def _winnow(hashes, counts):
    """Return the indices of the smallest hash of each window, the rightmost of equal ones, among those that count.

    Args:
        hashes: uint64, shape (n,).
        counts: bool, shape (n,).
    """
    most = np.iinfo(np.uint64).max
    values = np.where(counts, hashes, most)
    values = np.concatenate([values, np.full(max(WINDOW - len(values), 0), most)])
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW)  # (n - WINDOW + 1, WINDOW)
    smallest = WINDOW - 1 - np.argmin(windows[:, ::-1], axis=1) + np.arange(len(windows))
    return [i for i in np.unique(smallest) if i < len(counts) and counts[i]]


def _definitions(lines):
    """Return the function or class last begun at each line, counted from 1."""
    names, current = [""], TOP
    for line in lines:
        begun = _DEFINITION.match(line)
        current = begun[1] if begun else current
        names.append(current)
    return [*names, current]


def _tokens(lines):
    """Yield (token, line) of code, in any state: variables are V, texts S; no comments, docstrings and layout."""
    depth, before, held = 0, None, None
    for kind, word, line in raw(lines):
        if held is not None:  # a name, kept back to see whether it names an argument of a call
            yield held[0] if word == "=" and depth else "V", held[1]
            held = None
        if kind in _LAYOUT or (kind == tokenize.STRING and before in (None, *_LAYOUT)):
            before = kind
            continue
        depth = 0 if word in _STATEMENTS else max(depth + (word in "([{") - (word in ")]}"), 0)
        if kind == tokenize.STRING:
            yield "S", line
        elif kind == tokenize.NAME and word not in _KEPT and before != ".":
            held = word, line
        else:
            yield word, line
        before = word
    if held is not None:
        yield "V", held[1]


def raw(lines: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    """Yield (kind, text, line) of all tokens; where the syntax is broken, go on in the next line.

    Some breaks show at the end of the file only. So that none makes the work grow with its square, no more than
    limits.TOKEN_READINGS times the lines of the file are read.
    """
    start, at, left = 0, 0, limits.TOKEN_READINGS * len(lines)

    def readline():
        nonlocal at, left
        if at == len(lines) or not left:
            return ""
        at, left = at + 1, left - 1
        return lines[at - 1]

    while start < len(lines) and left:
        at = reached = start
        try:
            for token in tokenize.generate_tokens(readline):
                yield token.type, token.string, start + token.start[0]
                reached = start + token.end[0]
            return
        except (tokenize.TokenError, SyntaxError):  # IndentationError among them
            start = max(reached, start + 1)
