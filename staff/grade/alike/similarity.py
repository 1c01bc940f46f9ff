"""Which submissions look alike: what a pair has in common beyond the release and beyond what many wrote.

Two submissions are as similar as the part that they share of the smaller one's fingerprints.
"""

import dataclasses

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

__all__ = ["THRESHOLD", "Group", "alike"]

FEWEST = 60  # fingerprints below which a submission is too small to tell
MANY = 10, 0.25  # a fingerprint that more submissions hold than this number and this part of them is common
THRESHOLD = 0.5  # copies reach 0.61 with every assignment rewritten, other solutions 0.1: test_similarity.py
SAME = 0.95  # the threshold for those who wrote what many wrote


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
