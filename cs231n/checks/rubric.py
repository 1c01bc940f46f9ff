"""The rubric as objects: questions, exercises and manual items, read from rubric.toml."""

import dataclasses
import difflib
import functools
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

__all__ = ["RUBRIC", "Exercise", "Manual", "Question", "Rubric", "RubricError", "load_rubric", "select"]

RUBRIC = Path(__file__).with_name("rubric.toml")
_BLOCK = re.compile(r"[\w./-]+\.(py|ipynb):[\w.-]+")


class RubricError(ValueError):
    """A rubric contradicts itself; the message has a line for each problem.

    Args:
        path: of the file.
        problems: what is wrong, entry by entry.
    """

    def __init__(self, path: str | Path, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{Path(path).name}: {problem}" for problem in problems))
        self.problems = problems


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
    core: float = 0.8  # the part of the points that its core checks share
    details: float = 0.2  # and that its details share, once the core holds

    @property
    def in_notebook(self) -> bool:
        """Whether it is written in a notebook, not in a module."""
        return all(block.split(":")[0].endswith(".ipynb") for block in self.blocks)

    @property
    def module(self) -> str:
        """The module that holds its first block, such as "cs231n.layers"."""
        return ".".join(PurePosixPath(self.blocks[0].split(":")[0]).with_suffix("").parts)

    @property
    def functions(self) -> tuple[tuple[str, str], ...]:
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
def load_rubric(path: Path = RUBRIC) -> Rubric:
    """Return the Rubric of a file.

    Raises:
        RubricError: it is no TOML, an entry has wrong keys, or the entries do not fit each other.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RubricError(path, [f"no TOML: {error}"]) from error
    problems = [
        f"unknown table {table!r}, expected shares, {', '.join(_TABLES)}"
        for table in data
        if table not in (*_TABLES, "shares")
    ]
    shares = data.get("shares", {})
    data["exercise"] = [shares | item for item in data.get("exercise", [])]
    rubric = Rubric(*(_entries(table, data.get(table, []), problems) for table in _TABLES))
    if problems := problems or [*_misplaced(rubric), *_miscounted(rubric), *_misshared(rubric)]:
        raise RubricError(path, problems)
    return rubric


def select(words: Sequence[str]) -> list[str]:
    """Return the names of the exercises that the words stand for, in the order of the rubric.

    Raises:
        ValueError: a word is neither an exercise nor a question.
    """
    exercises, questions = load_rubric().exercises, load_rubric().questions
    if not words:
        return list(exercises)
    chosen = set()
    for word in words:
        if word in exercises:
            chosen.add(word)
        elif word.upper() in questions:
            chosen |= {name for name, exercise in exercises.items() if exercise.question == word.upper()}
        else:
            near = difflib.get_close_matches(word, [*exercises, *questions, *map(str.lower, questions)], 3, 0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "--list shows all of them"
            raise ValueError(f"there is no exercise or question {word!r}; {hint}")
    return [name for name in exercises if name in chosen]


_TABLES = {"question": Question, "exercise": Exercise, "manual": Manual}
_SHARES = ("core", "details")


def _entries(table, items, problems):
    """Return name -> entry of a table; what is wrong with an entry by itself is added to the problems."""
    fields = {field.name: field for field in dataclasses.fields(_TABLES[table])}
    required = [name for name, field in fields.items() if field.default is dataclasses.MISSING]
    found = {}
    for position, item in enumerate(items, start=1):
        name = item.get("name", f"number {position}")
        wrong = [f"has no {key}" for key in required if key not in item]
        wrong += [f"has {key!r}, expected only {', '.join(fields)}" for key in item if key not in fields]
        for key in item.keys() & {"blocks", "needs", "cells"}:
            if not isinstance(item[key], list) or (not item[key] and key != "needs"):
                wrong.append(f"has {key} = {item[key]!r}, expected a list of names")
        if name in found:
            wrong.append("is there twice")
        problems += [f"{table} {name} {what}" for what in wrong]
        if not wrong:
            found[name] = _TABLES[table](
                **{key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
            )
    return found


def _misplaced(rubric):
    """Yield each name in an entry that stands for nothing, and each id of another form."""
    exercises = list(rubric.exercises)
    for one in (*rubric.exercises.values(), *rubric.manual.values()):
        if one.question not in rubric.questions:
            yield f"{one.name} has question {one.question!r}, expected one of {', '.join(rubric.questions)}"
        listed = one.blocks if isinstance(one, Exercise) else one.cells
        for item in (*listed, *one.alternative):
            if not _BLOCK.fullmatch(item):
                yield f"{one.name} lists {item!r}, expected FILE.py:FUNCTION or NOTEBOOK.ipynb:CELL"
    for position, one in enumerate(rubric.exercises.values()):
        for need in one.needs:
            if need not in exercises[:position]:
                why = "which stands after it" if need in exercises[position:] else "but there is no such exercise"
                yield f"{one.name} needs {need!r}, {why}; needs name exercises that are listed before"


def _misshared(rubric):
    """Yield each exercise whose core and details do not share its points."""
    for one in rubric.exercises.values():
        shares = [getattr(one, name) for name in _SHARES]
        numbers = all(isinstance(share, (int, float)) and share >= 0 for share in shares)
        if not numbers or abs(sum(shares) - 1) > 1e-9:
            yield f"{one.name} has core = {shares[0]!r} and details = {shares[1]!r}, expected two parts of 1"


def _miscounted(rubric):
    """Yield each question whose points are not those of its parts."""
    sums = Counter()
    for one in (*rubric.exercises.values(), *rubric.manual.values()):
        if not isinstance(one.points, int) or one.points < 0:
            yield f"{one.name} has points = {one.points!r}, expected a whole number that is not negative"
            return
        sums[one.question] += one.points
    for question in rubric.questions.values():
        if sums[question.name] != question.points:
            yield (
                f"{question.name} has {question.points} points, but its exercises and manual items have "
                f"{sums[question.name]} together; take a point from one, or change the question's"
            )
