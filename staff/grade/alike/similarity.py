"""Which submissions look alike: what a pair has in common beyond the release and beyond what many wrote.

Two submissions are as similar as the part that they share of the smaller one's token hashes.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

__all__ = ["THRESHOLD", "Group", "alike"]

FEWEST = 60  # hashes below which a submission is too small to tell
MANY = 10, 0.25  # a hash that more submissions hold than this number and this part of them is common
THRESHOLD = 0.5  # copies reach 0.61 with every assignment rewritten, other solutions 0.1: test_similarity.py
SAME = 0.95  # the threshold for those who wrote what many wrote


@dataclasses.dataclass(frozen=True)
class Group:
    """Submissions that look alike, each like at least one other of them.

    Attributes:
        names: of the submissions, sorted.
        lowest, highest: similarity of two of them, 0 to 1, among those that reach the threshold.
        functions: (function, number of shared hashes in it) of the two that are most alike, most first.
    """

    names: tuple[str, ...]
    lowest: float
    highest: float
    functions: tuple[tuple[str, int], ...]


def alike(token_hashes: Mapping[str, Mapping[str, np.ndarray]], threshold: float = THRESHOLD) -> list[Group]:
    """Return the Groups of submissions that look alike, most alike first.

    What many wrote the same way tells nothing, and is not counted. Those who wrote nearly everything as many
    others did are alike if they agree in nearly everything.

    Args:
        token_hashes: name of a submission -> what `TokenHashes.of` gave.
        threshold: similarity from which two are alike, 0 to 1.
    """
    hashes = {name: np.concatenate([*own.values(), np.zeros(0, np.uint64)]) for name, own in token_hashes.items()}
    names = sorted(name for name in hashes if len(hashes[name]) >= FEWEST)
    if len(names) < 2:
        return []
    held = _held([hashes[name] for name in names])
    rare = held[:, held.sum(axis=0) <= max(MANY[0], MANY[1] * len(names))]
    similarity = _similarity(rare)
    similarity[similarity < threshold] = 0
    ordinary = np.flatnonzero(rare.sum(axis=1) < FEWEST)
    whole = _similarity(held[ordinary])
    whole[whole < max(SAME, threshold)] = 0
    similarity[np.ix_(ordinary, ordinary)] = whole
    _, labels = csgraph.connected_components(sparse.csr_array(similarity), directed=False)
    groups = [np.flatnonzero(labels == label) for label in np.flatnonzero(np.bincount(labels) > 1)]
    found = [_group(similarity[np.ix_(group, group)], [names[i] for i in group], token_hashes) for group in groups]
    return sorted(found, key=lambda group: (-group.highest, group.names))


def _held(hashes):
    """Return which submission holds which hash, sparse, shape (submissions, hashes)."""
    rows = np.repeat(np.arange(len(hashes)), list(map(len, hashes)))
    _, columns = np.unique(np.concatenate(hashes), return_inverse=True)
    return sparse.csc_array((np.ones(len(rows), np.int32), (rows, columns)))


def _similarity(held):
    """Return how much of the smaller one's hashes two submissions share, 0 on the diagonal."""
    sizes = held.sum(axis=1)
    shared = (held @ held.T).toarray().astype(np.float32)
    np.fill_diagonal(shared, 0)
    return shared / np.maximum(np.minimum(sizes[:, None], sizes), FEWEST)


def _group(similarity, names, token_hashes):
    """Return the Group of some submissions with their similarities."""
    first, second = (token_hashes[names[i]] for i in np.unravel_index(np.argmax(similarity), similarity.shape))
    others = np.concatenate(list(second.values()))
    counts = {function: int(np.isin(own, others).sum()) for function, own in first.items()}
    shared = sorted(((function, n) for function, n in counts.items() if n), key=lambda item: (-item[1], item[0]))
    return Group(tuple(names), float(similarity[similarity > 0].min()), float(similarity.max()), tuple(shared))
