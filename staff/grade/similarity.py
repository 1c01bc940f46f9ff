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
from scipy.sparse import csgraph

__all__ = ["THRESHOLD", "Fingerprints", "Group", "alike"]

K = 12  # tokens in a run, about a line: shorter ones are idioms of the language
WINDOW = 4  # of that many runs in a row one is kept: a common passage of K + WINDOW - 1 tokens is never missed
FEWEST = 60  # fingerprints below which a submission is too small to tell
MANY = 10, 0.25  # a fingerprint that more submissions hold than this number and this part of them is common
THRESHOLD = 0.5  # copies reach 0.61 with every assignment rewritten, other solutions 0.1: test_similarity.py
SAME = 0.95  # the threshold for those who wrote what many wrote
MAX_TOKENS = 200_000  # of a file
REREAD = 4

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


@dataclasses.dataclass(frozen=True)
class Group:
    """Submissions that look alike, each like at least one other of them.

    Attributes:
        names: of the submissions, sorted.
        lowest, highest: similarity of two of them, 0 to 1, among those that reach the threshold.
        places: (function, number of shared fingerprints in it) of the two that are most alike, most first.
    """

    names: tuple[str, ...]
    lowest: float
    highest: float
    places: tuple[tuple[str, int], ...]


class Fingerprints:
    """Takes fingerprints of submissions; what the release gave is left out.

    Args:
        release: path -> bytes of the release's Python files; others are ignored.
    """

    def __init__(self, release):
        self._release = {name: data for name, data in release.items() if name.endswith(".py")}
        found = [_runs(data)[0] for data in self._release.values()]
        self._given = np.unique(np.concatenate([np.zeros(1, np.uint64), *found]))

    def of(self, files):
        """Return the fingerprints of a submission: function -> hashes found in it, uint64, each hash once.

        Args:
            files: path -> bytes, as handed in.
        """
        found, seen = {}, set()
        for name, data in sorted(files.items()):
            if name.endswith(".py") and data != self._release.get(name):
                hashes, places = _runs(data)
                for i in _winnow(hashes, ~self._is_given(hashes)):
                    if (mark := int(hashes[i])) not in seen:
                        seen.add(mark)
                        found.setdefault(places[i], []).append(mark)
        return {place: np.array(marks, np.uint64) for place, marks in found.items()}

    def _is_given(self, hashes):
        """Return for each hash whether the release has it."""
        at = np.minimum(np.searchsorted(self._given, hashes), len(self._given) - 1)
        return self._given[at] == hashes


def alike(fingerprints, threshold=THRESHOLD):
    """Return the Groups of submissions that look alike, most alike first.

    What many wrote the same way tells nothing, and is not counted. Those who wrote nearly everything as many
    others did are alike if they agree in nearly everything.

    Args:
        fingerprints: name of a submission -> what `Fingerprints.of` gave.
        threshold: similarity from which two are alike, 0 to 1.
    """
    marks = {
        name: np.concatenate([*prints.values(), np.zeros(0, np.uint64)]) for name, prints in fingerprints.items()
    }
    names = sorted(name for name in marks if len(marks[name]) >= FEWEST)
    if len(names) < 2:
        return []
    held = _held([marks[name] for name in names])
    rare = held[:, held.sum(axis=0) <= max(MANY[0], MANY[1] * len(names))]
    similarity = _similarity(rare)
    similarity[similarity < threshold] = 0
    ordinary = np.flatnonzero(rare.sum(axis=1) < FEWEST)
    whole = _similarity(held[ordinary])
    whole[whole < max(SAME, threshold)] = 0
    similarity[np.ix_(ordinary, ordinary)] = whole
    _, labels = csgraph.connected_components(sparse.csr_array(similarity), directed=False)
    groups = [np.flatnonzero(labels == label) for label in np.flatnonzero(np.bincount(labels) > 1)]
    found = [_group(similarity[np.ix_(group, group)], [names[i] for i in group], fingerprints) for group in groups]
    return sorted(found, key=lambda group: (-group.highest, group.names))


def _held(marks):
    """Return which submission holds which fingerprint, sparse, shape (submissions, fingerprints)."""
    rows = np.repeat(np.arange(len(marks)), [len(one) for one in marks])
    _, columns = np.unique(np.concatenate(marks), return_inverse=True)
    return sparse.csc_array((np.ones(len(rows), np.int32), (rows, columns)))


def _similarity(held):
    """Return how much of the smaller one's fingerprints two submissions share, 0 on the diagonal."""
    sizes = held.sum(axis=1)
    shared = (held @ held.T).toarray().astype(np.float32)
    np.fill_diagonal(shared, 0)
    return shared / np.maximum(np.minimum(sizes[:, None], sizes), FEWEST)


def _group(similarity, names, fingerprints):
    """Return the Group of some submissions with their similarities."""
    first, second = (fingerprints[names[i]] for i in np.unravel_index(np.argmax(similarity), similarity.shape))
    others = np.concatenate(list(second.values()))
    counts = {place: int(np.isin(marks, others).sum()) for place, marks in first.items()}
    places = tuple(sorted(((place, n) for place, n in counts.items() if n), key=lambda item: (-item[1], item[0])))
    return Group(tuple(names), float(similarity[similarity > 0].min()), float(similarity.max()), places)


# --- fingerprints -------------------------------------------------------------------------------------------


def _runs(data):
    """Return (hash of each run of K tokens, the function that the run begins in) of a file."""
    text = data.decode("utf-8", "replace").replace("\0", "")
    lines = io.StringIO(text, newline=None).readlines()
    tokens = list(itertools.islice(_tokens(lines), MAX_TOKENS))
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


def _raw(lines):
    """Yield (kind, text, line) of all tokens; where the syntax is broken, go on in the next line.

    Some breaks show at the end of the file only. So that none makes the work grow with its square, no more than
    REREAD times the lines of the file are read.
    """
    start, at, left = 0, 0, REREAD * len(lines)

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
