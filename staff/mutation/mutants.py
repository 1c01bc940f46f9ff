"""Small changes to the solution blocks, made by the operators of mutmut and a few of our own.

mutmut itself mutates whole modules and judges them with pytest. Here its operators change only what lies between
the markers, and the judge is our own.
"""

import dataclasses
import difflib
from collections.abc import Collection
from pathlib import Path

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

from cs231n.checks import rubric
from staff.mutation.operators import OPERATORS
from staff.release.modules import named_blocks

__all__ = ["Mutant", "generate"]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """The solved source with one small change.

    Attributes:
        module: below cs231n, such as "layers".
        block: id of the solution block that is changed.
        exercises: names of the exercises whose checks judge it.
        line: number of the line that is changed.
        before, after: the changed lines, without indentation.
        source: the module with the change.
    """

    module: str
    block: str
    exercises: tuple[str, ...]
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in the list of survivors: no line numbers, which move."""
        return self.block, self.before, self.after


def generate(root: Path, exercises: Collection[str] | None = None) -> list[Mutant]:
    """Return the mutants of the solution under a root folder.

    Args:
        root: folder that holds cs231n.
        exercises: names; only the blocks that serve one of them. None: all.

    Returns:
        list of Mutants; of several changes with the same text, such as the two ones of `x[1:1]`, each is kept.
    """
    found = []
    for module in _modules():
        path = f"cs231n/{module.replace('.', '/')}.py"
        source = (root / path).read_text(encoding="utf-8")
        for block, place in named_blocks(path, source).items():
            judges = _exercises_of(block)
            if exercises is None or set(judges) & set(exercises):
                lines = range(place.line, place.line + place.text.count("\n") + 1)
                for changed in _changes(source, lines):
                    number, before, after = _changed_lines(source, changed)
                    found.append(Mutant(module, block, judges, number, before, after, changed))
    return found


def _modules():
    """Return the modules that hold exercises, in the order of the rubric."""
    exercises = rubric.load_rubric().exercises.values()
    return dict.fromkeys(one.module.removeprefix("cs231n.") for one in exercises if not one.in_notebook)


def _exercises_of(block):
    return tuple(one.name for one in rubric.load_rubric().exercises.values() if block in one.blocks)


def _changes(source, lines):
    """Return the source with each change that an operator makes within some lines."""
    wrapper = MetadataWrapper(libcst.parse_module(source))
    positions = wrapper.resolve(PositionProvider)
    inside = {node for node, at in positions.items() if at.start.line in lines and at.end.line in lines}
    body = wrapper.module.body
    place = next(k for k, part in enumerate(body) if positions[part].end.line >= lines[-1] - 1)
    found = {}
    for node in filter(inside.__contains__, positions):
        for kind, operator in (*mutation_operators, *OPERATORS):
            if isinstance(node, kind):
                for changed in operator(node):
                    part = body[place].deep_replace(node, changed)  # far quicker than in the whole module
                    found[wrapper.module.with_changes(body=[*body[:place], part, *body[place + 1 :]]).code] = None
    return [code for code in found if code != source]


def _changed_lines(source, changed):
    """Return the number of the first line that differs, and the lines before and after."""
    old, new = source.splitlines(), changed.splitlines()
    first = next(k for k, (one, two) in enumerate(zip(old, new)) if one != two)
    parts = [part for part in difflib.ndiff(old[first:], new[first:]) if part[:2] in ("- ", "+ ")]
    before, after = (
        "\n".join(part[2:].strip() for part in parts if part.startswith(sign)) for sign in ("- ", "+ ")
    )
    return first + 1, before, after
