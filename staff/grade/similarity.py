"""Which submissions look alike: what a pair has in common beyond the release and beyond what many wrote.

Code is text here and never imported. A file is a sequence of tokens without comments, docstrings and layout, in
which variables have no names, so that renaming, reformatting and moving functions about change nothing. The
hashes of all runs of K tokens, less those of the release, are winnowed to fingerprints, and two submissions are as
similar as the part that they share of the smaller one's fingerprints.

Source: Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", 2003.
"""

import builtins
import dataclasses
import io
import itertools
import keyword
import re
import tokenize
import zlib

import numpy as np
from scipy import sparse

__all__ = ["THRESHOLD", "Fingerprints", "Pair", "pairs"]

K = 12  # tokens in a run, about a line: shorter ones are idioms of the language
WINDOW = 4  # of that many runs in a row one is kept: a common passage of K + WINDOW - 1 tokens is never missed
FEWEST = 40  # fingerprints below which a submission is too small to tell
MANY = 10, 0.25  # a fingerprint that more submissions hold than this number and this part of them is common
THRESHOLD = 0.6  # measured in tests/staff/grade/test_similarity.py
MAX_TOKENS = 200_000  # of a file

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no token's bits are lost
_KEPT = {*keyword.kwlist, *dir(builtins)}
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


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two submissions that look alike.

    Attributes:
        first, second: their names.
        similarity: part of the smaller one's fingerprints that the other has too, 0 to 1.
        shared: number of those fingerprints.
        places: (function, number of shared fingerprints in it), most first.
    """

    first: str
    second: str
    similarity: float
    shared: int
    places: tuple[tuple[str, int], ...]


class Fingerprints:
    """Takes fingerprints of submissions; what the release gave is left out.

    Args:
        release: path -> bytes of the release's Python files; others are ignored.
    """

    def __init__(self, release):
        self._release = {name: data for name, data in release.items() if name.endswith(".py")}
        found = [_runs(data)[0] for data in self._release.values()]
        self._given = np.unique(np.concatenate([np.zeros(0, np.uint64), *found]))

    def of(self, files):
        """Return the fingerprints of a submission: hash -> function that it was found in.

        Args:
            files: path -> bytes, as handed in.
        """
        found = {}
        for name, data in sorted(files.items()):
            if name.endswith(".py") and data != self._release.get(name):
                hashes, lines, places = _runs(data)
                for i in _winnow(hashes, ~np.isin(hashes, self._given)):
                    found.setdefault(int(hashes[i]), places[lines[i]])
        return found


def pairs(fingerprints, threshold=THRESHOLD):
    """Return the Pairs of similarity >= threshold, most alike first.

    Args:
        fingerprints: name of a submission -> what `Fingerprints.of` gave.
    """
    names = [name for name, prints in fingerprints.items() if len(prints) >= FEWEST]
    shared, sizes = _shared([fingerprints[name] for name in names])
    found = []
    for i, j, count in zip(shared.row, shared.col, shared.data):
        similarity = count / max(min(sizes[i], sizes[j]), FEWEST)
        if i < j and similarity >= threshold:
            first, second = fingerprints[names[i]], fingerprints[names[j]]
            places = _places(first, second)
            found.append(Pair(names[i], names[j], float(similarity), int(count), places))
    return sorted(found, key=lambda pair: (-pair.similarity, pair.first, pair.second))


def _shared(prints):
    """Return (counts of shared fingerprints as a sparse matrix, fingerprints of each), common ones left out."""
    rows = np.repeat(np.arange(len(prints)), [len(one) for one in prints])
    hashes = np.fromiter(itertools.chain.from_iterable(prints), np.uint64, len(rows))
    _, columns, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    kept = counts[columns] <= max(MANY[0], MANY[1] * len(prints))
    shape = len(prints), len(counts)
    holds = sparse.csr_array((np.ones(kept.sum(), np.int32), (rows[kept], columns[kept])), shape=shape)
    return (holds @ holds.T).tocoo(), np.bincount(rows[kept], minlength=len(prints))


def _places(first, second):
    counts = {}
    for mark in first.keys() & second.keys():
        counts[first[mark]] = counts.get(first[mark], 0) + 1
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


# --- fingerprints -------------------------------------------------------------------------------------------


def _runs(data):
    """Return (hash of each run of K tokens, the line it begins in, what is defined at each line) of a file."""
    text = data.decode("utf-8", "replace").replace("\0", "")
    lines = io.StringIO(text, newline=None).readlines()
    tokens = list(itertools.islice(_tokens(lines), MAX_TOKENS))
    if len(tokens) < K:
        return np.zeros(0, np.uint64), [], []
    codes = {word: zlib.crc32(word.encode("utf-8", "replace")) for word in {word for word, _ in tokens}}
    values = np.array([codes[word] for word, _ in tokens], np.uint64)
    hashes = np.zeros(len(values) - K + 1, np.uint64)
    for i in range(K):  # a polynomial in _BASE, modulo 2**64
        hashes = hashes * _BASE + values[i : i + len(hashes)]
    hashes ^= hashes >> np.uint64(29)  # the high bits of a product depend on all tokens: let the order do so too
    return hashes * _BASE, [line for _, line in tokens], _definitions(lines)


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
    names, current = [""], "top of the file"
    for line in lines:
        begun = _DEFINITION.match(line)
        current = begun[1] if begun else current
        names.append(current)
    return [*names, current]


def _tokens(lines):
    """Yield (token, line) of code, in any state: variables are V, texts S; no comments, docstrings and layout."""
    depth, before, held = 0, None, None
    for kind, word, line in _raw(lines):
        if held is not None:  # a name, kept back to see whether it names an argument of a call
            yield held[0] if word == "=" and depth else "V", held[1]
            held = None
        if kind in _LAYOUT or (kind == tokenize.STRING and before in (None, *_LAYOUT)):
            before = kind
            continue
        depth = max(depth + (word in "([{") - (word in ")]}"), 0)
        if kind == tokenize.STRING:
            yield "S", line
        elif kind == tokenize.NAME and word not in _KEPT and before != ".":
            held = word, line
        else:
            yield word, line
        before = word
    if held is not None:
        yield "V", held[1]


def _raw(lines):
    """Yield (kind, text, line) of all tokens; where the syntax is broken, go on in the next line."""
    start = 0
    while start < len(lines):
        reached = start
        try:
            for token in tokenize.generate_tokens(itertools.islice(lines, start, None).__next__):
                yield token.type, token.string, start + token.start[0]
                reached = start + token.end[0]
            return
        except (tokenize.TokenError, SyntaxError):  # IndentationError among them
            start = max(reached, start + 1)
