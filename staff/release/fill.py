"""The way back: solved blocks put into the blanks of a release."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from staff import ROOT
from staff.release import files, modules, notebooks
from staff.release import rubric as rubrics

__all__ = ["fill"]


def fill(
    release: Mapping[str, bytes], exercises: Iterable[str] | None = None, source: Path = ROOT
) -> dict[str, bytes]:
    """Return the files of a release with exercises solved, each as it stands in the solved source.

    Args:
        release: path -> bytes, as build() returns it.
        exercises: names of those to fill in; None fills in every block and answer.
        source: folder of the solved source that the release was made from.

    Returns:
        path -> bytes, of the files that hold blocks or answers.

    Raises:
        ValueError: an unknown exercise, or a file of the release that does not have one blank for each block.
    """
    solved = files.read_source(Path(source))
    rubric = rubrics.BlockOwners(Path(source) / rubrics.PATH)
    filled = {}
    for name in sorted(rubric.files()):
        kind = notebooks if name.endswith(".ipynb") else modules
        chosen = _chosen(rubric, exercises, kind.named_blocks(name, solved[name]))
        filled[name] = kind.fill(name, release[name].decode("utf-8"), solved[name], chosen).encode("utf-8")
    return filled


def _chosen(rubric, exercises, present):
    """Return the ids of the blocks and answers to fill in, of those blocks that are present."""
    if exercises is None:
        return {*present, *rubric.cells}
    if unknown := sorted(set(exercises) - set(rubric.exercises)):
        raise ValueError(f"no exercise {', '.join(unknown)}; there are {', '.join(rubric.exercises)}")
    wanted = {block for exercise in exercises for block in rubric.exercises[exercise]}
    return {block for block in present if rubric.entry(block) in wanted}
