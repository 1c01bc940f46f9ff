"""Where two arrays differ: everywhere, at a border, in one channel, where x is negative."""

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["indices", "places_of"]

FEW = 4  # so many places are named one by one


def places_of(wrong: np.ndarray, axes: Sequence[str], masks: Mapping[str, np.ndarray]) -> list[str]:
    """Return where the entries of a boolean array are True, as lines.

    Args:
        wrong: boolean array, at least one entry True.
        axes: a word for each axis.
        masks: words -> boolean array of the same shape: conditions worth naming.
    """
    count = np.count_nonzero(wrong)
    if count == wrong.size:
        return [f"all {count} entries" if count > 1 else "the only entry"]
    lines = [f"{count} of {wrong.size} entries"]
    for words, mask in masks.items():
        if mask.shape == wrong.shape and not mask.all() and not (wrong & ~mask).any():
            exactly = "exactly " if (wrong == mask).all() else "only "
            lines.append(f"{exactly}where {words}")
            break
    else:
        lines += _border(wrong, axes) or indices(wrong, axes) or ["scattered over all axes"]
    if count <= FEW and wrong.ndim:
        lines.append("at " + ", ".join(_text(index) for index in np.argwhere(wrong)))
    return lines


def _border(wrong, axes):
    """Return the line for an error that keeps to the rim of an image, or none."""
    if wrong.ndim != 4:
        return []
    height, width = wrong.shape[2:]
    for rim in (1, 2):
        inside = wrong[:, :, rim : height - rim, rim : width - rim]
        sides = [wrong[:, :, :rim], wrong[:, :, -rim:], wrong[..., :rim], wrong[..., -rim:]]
        if inside.size and not inside.any() and all(side.any() for side in sides):
            return [f"only at the border, in the outermost {'pixels' if rim == 1 else f'{rim} pixels'}"]
    return []


def indices(wrong: np.ndarray, axes: Sequence[str] = ()) -> list[str]:
    """Return a line for each axis of which only some indices are hit; `axes` has a word for each."""
    lines = []
    for axis, word in enumerate(axes or ["index"] * wrong.ndim):
        others = tuple(k for k in range(wrong.ndim) if k != axis)
        hit = np.flatnonzero(wrong.any(axis=others))
        if len(hit) < wrong.shape[axis]:
            shown = ", ".join(map(str, hit[:6])) + (", ..." if len(hit) > 6 else "")
            lines.append(f"only {word} {shown} of {wrong.shape[axis]} (axis {axis})")
    return lines


def _text(index):
    return f"[{', '.join(str(int(k)) for k in index)}]"
