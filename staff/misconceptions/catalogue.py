"""What a misconception is, and the list of all of them."""

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

from cs231n.checks.rubric import load_rubric
from cs231n.checks.subject.client import InProcess
from staff.misconceptions.subject import compiled, edited, executed, package, transport

__all__ = ["CatalogueError", "Misconception", "entries", "misfits", "wrong"]


class CatalogueError(ValueError):
    """An entry of the catalogue does not fit the solution, the rubric or the other entries."""


@dataclasses.dataclass(frozen=True)
class Misconception:
    """A wrong solution that people really write.

    Attributes:
        name: unique, in kebab case.
        exercise: the exercise it is made in.
        title: what is wrong, in a line.
        hints: three steps that lead on and never hold the answer.
        forms: for each way of writing it, its edits, (old, new) texts of the exercise's solution blocks.
        also: other exercises that it spoils, where they share its block.
    """

    name: str
    exercise: str
    title: str
    hints: tuple[str, ...]
    forms: tuple
    also: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The module it is made in, below cs231n."""
        file, _ = load_rubric().exercises[self.exercise].functions[0]
        return file.removeprefix("cs231n/").removesuffix(".py").replace("/", ".")

    def text(self, form: int = 0) -> str:
        """Return the text of the module with the mistake in it.

        Raises:
            CatalogueError: the solution does not hold what is to be changed, or the result is no Python.
        """
        try:
            text = edited(self.module, *self.forms[form], within=load_rubric().exercises[self.exercise].blocks)
            compiled(self.module, text)
        except (ValueError, SyntaxError) as error:
            how = "bring its edits in staff/misconceptions/mistakes up to date with the solution"
            raise CatalogueError(f"{self.name}: {error}; {how}") from error
        return text

    def modules(self, form: int = 0) -> dict[str, ModuleType]:
        """Return the modules of the package with the mistake in it."""
        return package(self.module, executed(self.module, self.text(form)))

    def transport(self, form: int = 0) -> InProcess:
        """Return a transport to the package with the mistake in it."""
        return transport(self.modules(form))


_ENTRIES: dict[str, "Misconception"] = {}


def wrong(
    name: str,
    exercise: str,
    title: str,
    hints: Iterable[str],
    *edits: tuple[str, str],
    forms: Iterable[tuple] = (),
    also: Iterable[str] = (),
) -> None:
    """Enter a misconception.

    Args:
        name, exercise, title, hints, also: see Misconception.
        *edits: (old, new) texts.
        forms: other ways of writing it whose outputs differ: each a tuple of edits.

    Raises:
        CatalogueError: the name is taken, the rubric has no such exercise, or there are no edits.
    """
    if name in _ENTRIES:
        raise CatalogueError(f"there are two misconceptions {name}")
    if exercise not in load_rubric().exercises:
        raise CatalogueError(
            f"{name} is of exercise {exercise!r}, but cs231n/checks/rubric.toml lists none of that name"
        )
    if not edits:
        raise CatalogueError(f"{name} has no edits, expected (old, new) texts of the solution of {exercise}")
    _ENTRIES[name] = Misconception(name, exercise, title, tuple(hints), (edits, *forms), tuple(also))


def misfits() -> list[str]:
    """Return a problem for each misconception whose edits do not fit the solution."""
    problems = []
    for one in entries().values():
        for form in range(len(one.forms)):
            try:
                one.text(form)
            except CatalogueError as error:
                problems.append(str(error))
    return problems


@functools.cache
def entries() -> dict[str, Misconception]:
    """Return name -> Misconception, in the order of the rubric."""
    from staff.misconceptions import mistakes

    for module in pkgutil.iter_modules(mistakes.__path__):
        importlib.import_module(f"{mistakes.__name__}.{module.name}")
    order = list(load_rubric().exercises)
    return {one.name: one for one in sorted(_ENTRIES.values(), key=lambda one: order.index(one.exercise))}
