"""The rubric as objects: questions, exercises and manual items, read from rubric.toml."""

import dataclasses
import functools
import tomllib
from pathlib import Path, PurePosixPath

__all__ = ["RUBRIC", "Exercise", "Manual", "Question", "Rubric", "load"]

RUBRIC = Path(__file__).with_name("rubric.toml")


@dataclasses.dataclass(frozen=True)
class Question:
    """A question: its points are those of its exercises and manual items together."""

    name: str
    title: str
    notebook: str
    points: int
    alternative: str | None = None


@dataclasses.dataclass(frozen=True)
class Exercise:
    """An exercise: what a student writes (`blocks`) and the exercises its code calls (`needs`)."""

    name: str
    question: str
    points: int
    blocks: tuple[str, ...]
    needs: tuple[str, ...]
    alternative: tuple[str, ...] = ()  # the blocks in the other notebook of a question with two

    @property
    def in_notebook(self):
        """Whether it is written in a notebook, not in a module."""
        return all(block.split(":")[0].endswith(".ipynb") for block in self.blocks)

    @property
    def module(self):
        """The module that holds its first block, such as "cs231n.layers"."""
        return ".".join(PurePosixPath(self.blocks[0].split(":")[0]).with_suffix("").parts)

    @property
    def functions(self):
        """(file, function or method) of each block."""
        named = (block.split(":") for block in self.blocks)
        return tuple((file, name.rstrip("0123456789").removesuffix(".")) for file, name in named)


@dataclasses.dataclass(frozen=True)
class Manual:
    """What a human reads and judges."""

    name: str
    question: str
    points: int
    cells: tuple[str, ...]
    alternative: tuple[str, ...] = ()  # the cells in the other notebook of a question with two


@dataclasses.dataclass(frozen=True)
class Rubric:
    """All of it, in the order of the file."""

    questions: dict[str, Question]
    exercises: dict[str, Exercise]
    manual: dict[str, Manual]


@functools.cache
def load(path=RUBRIC):
    """Return the Rubric of a file."""
    data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    return Rubric(
        questions={item["name"]: Question(**item) for item in data.get("question", [])},
        exercises={item["name"]: _with_tuples(Exercise, item) for item in data.get("exercise", [])},
        manual={item["name"]: _with_tuples(Manual, item) for item in data.get("manual", [])},
    )


def _with_tuples(kind, item):
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in item.items()})
