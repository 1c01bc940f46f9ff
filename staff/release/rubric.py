"""What the rubric says about solution blocks and answers: who owns which, and what a blank says."""

import re
from pathlib import Path

from cs231n.checks.rubric import RubricError, load_rubric
from staff.release.errors import ReleaseError

__all__ = ["PATH", "BlockOwners"]

PATH = "cs231n/checks/rubric.toml"


class BlockOwners:
    """Who owns which block, by a file rubric.toml.

    Attributes:
        blocks: block id -> exercise that lists it first, `("affine_forward", "Q1")`. A block may serve several;
            it is blank until the first of them is written, so that is the one its blank names. The id of a
            notebook cell stands for all blocks in that cell.
        cells: id of a notebook cell that a human judges -> its own name and question, `("answer-1", "Q2")`.
        exercises: name -> ids of its blocks, in the notebook and its alternative.

    Raises:
        ReleaseError: the rubric contradicts itself.
    """

    def __init__(self, path: Path) -> None:
        try:
            rubric = load_rubric(path)
        except RubricError as error:
            raise ReleaseError(*(f"{PATH}: {problem}" for problem in error.problems)) from error
        self.blocks: dict[str, tuple[str, str]] = {}
        self.cells: dict[str, tuple[str, str]] = {}
        self.exercises: dict[str, tuple[str, ...]] = {}
        for exercise in rubric.exercises.values():
            self.exercises[exercise.name] = (*exercise.blocks, *exercise.alternative)
            for block in self.exercises[exercise.name]:
                self.blocks.setdefault(block, (exercise.name, exercise.question))
        for item in rubric.manual.values():
            for cell in (*item.cells, *item.alternative):
                self.cells.setdefault(cell, (cell.split(":")[1], item.question))

    def files(self) -> set[str]:
        """The files that the rubric expects blocks or cells in."""
        return {name.split(":")[0] for name in (*self.blocks, *self.cells)}

    def entry(self, block: str) -> str:
        """Return the id under which the rubric lists a block: its own, or that of its notebook cell.

        Raises:
            KeyError: the rubric lists neither.
        """
        if block in self.blocks:
            return block
        cell = re.sub(r"\.\d+$", "", block)
        if cell in self.cells or (cell in self.blocks and ".ipynb:" in cell):
            return cell
        raise KeyError(block)

    def message(self, block: str) -> str:
        """Return what the blank of a block says, `batchnorm_forward (Q2): cs231n/layers.py`.

        Raises:
            KeyError: the rubric does not list the block.
        """
        entry = self.entry(block)
        name, question = self.blocks.get(entry) or self.cells[entry]
        return f"{name} ({question}): {block.split(':')[0]}"
