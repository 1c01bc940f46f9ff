"""What the rubric says about solution blocks and answers: who owns which, and what a blank says."""

import re
import tomllib

__all__ = ["PATH", "Rubric"]

PATH = "cs231n/checks/rubric.toml"


class Rubric:
    """Who owns which block, by the text of a rubric.toml.

    Attributes:
        blocks: block id -> exercise that lists it first, `("affine_forward", "Q1")`. A block may serve several;
            it is blank until the first of them is written, so that is the one its blank names.
        cells: id of a notebook cell that a human judges -> its own name and question, `("answer-1", "Q2")`.
        exercises: name -> ids of its blocks.
    """

    def __init__(self, text):
        data = tomllib.loads(text)
        self.blocks, self.cells, self.exercises = {}, {}, {}
        for exercise in data.get("exercise", []):
            self.exercises[exercise["name"]] = exercise["blocks"]
            for block in exercise["blocks"]:
                self.blocks.setdefault(block, (exercise["name"], exercise["question"]))
        for item in data.get("manual", []):
            for cell in item["cells"]:
                self.cells.setdefault(cell, (cell.split(":")[1], item["question"]))

    def files(self):
        """The files that the rubric expects blocks or cells in."""
        return {name.split(":")[0] for name in (*self.blocks, *self.cells)}

    def message(self, block):
        """Return what the blank of a block says, `batchnorm_forward (Q2): cs231n/layers.py`.

        Raises:
            KeyError: the rubric does not list the block, nor the cell it is in.
        """
        cell = re.sub(r"\.\d+$", "", block)  # a human judges a cell with all its blocks
        name, question = self.blocks[block] if block in self.blocks else self.cells[cell]
        return f"{name} ({question}): {block.split(':')[0]}"
