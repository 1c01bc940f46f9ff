"""Say in one line which exercise a cell of a notebook waits for: `%load_ext cs231n.waiting`.

A blank raises NotImplementedError. Cells below it end in errors of other kinds, because names are missing that
the cell with the blank should have made. This module follows these names. It changes only what is shown: the error
stays an error, and `%tb` shows all of it. An error inside code that a student writes is shown as usual.
"""

import ast
import builtins
import re
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cs231n.checks.rubric import load_rubric

__all__ = ["Waiting", "load_ipython_extension"]

ROOT = Path(__file__).parents[1]
# affine_forward (Q1): cs231n/layers.py, as a blank says
_BLANK = re.compile(r"(?P<name>[^\n:]+ \(Q\d+\)): (?P<file>\S+)$", re.MULTILINE)
_LONG = 120  # characters of an error that are shown


def load_ipython_extension(shell: Any) -> None:
    """Follow the cells of a shell: what `%load_ext` calls."""
    waiting = Waiting(shell)
    shell.events.register("pre_run_cell", waiting.begin)
    shell.events.register("post_run_cell", waiting.end)
    shell.set_custom_exc((Exception,), waiting.show)


class Waiting:
    """The names that cells with blanks did not make.

    Args:
        shell: an IPython InteractiveShell.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.cell: list[ast.stmt] = []
        self.functions: dict[str, ast.stmt] = {}  # of all cells, and classes
        self.missing: dict[str, str] = {}  # name -> the blank that it waits for

    def begin(self, info: Any) -> None:
        """Note the cell that runs now."""
        try:
            self.cell = ast.parse(self.shell.transform_cell(info.raw_cell)).body
        except SyntaxError:
            self.cell = []
        self.functions |= {
            node.name: node for node in self.cell if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }

    def end(self, result: Any) -> None:
        """Take a cell's names off the list if it succeeded; say so if it needed one that is on it."""
        if result.success:
            if blank := self._needs():
                print(f"This cell may be incomplete: it needs a result of a cell above, which waits for {blank}.")
            for name in _bound(self.cell) | self._filled(_used(self.cell)):
                self.missing.pop(name, None)

    def show(self, shell: Any, kind: type, error: Exception, traceback: Any, tb_offset: int | None = None) -> None:
        """Show an error: in one line if a blank is the reason, else as usual."""
        if line := self._line(error, traceback):

            def once() -> list[str]:
                del error._render_traceback_  # type: ignore[attr-defined]
                return [line]

            error._render_traceback_ = once  # type: ignore[attr-defined] # IPython asks for it
        shell.showtraceback(running_compiled_code=True)

    def _line(self, error: Exception, traceback: Any) -> str:
        """Return the line for an error, "" if no blank is the reason."""
        frames: list[tuple[types.FrameType, int]] = []  # of the cell, or below it
        while traceback:
            if frames or traceback.tb_frame.f_globals is self.shell.user_ns:
                frames.append((traceback.tb_frame, traceback.tb_lineno))
            traceback = traceback.tb_next
        if not frames:
            return ""
        found = _BLANK.search(str(error)) if isinstance(error, NotImplementedError) else None
        if found:
            blank = f"{found['name']}: {found['file']}"
            line = f"This cell waits for {found['name']}, which is not written yet: {found['file']}"
        elif not any(self._is_of_student(frame, frames[0][0]) for frame, _ in frames) and (blank := self._needs()):
            said = " ".join(f"{type(error).__name__}: {error}".split())
            said = said if len(said) <= _LONG else f"{said[:_LONG]} ..."
            line = f"This cell needs a result of a cell above, which waits for {blank}. ({said})"
        else:
            return ""
        left = [statement for statement in self.cell if (statement.end_lineno or 0) >= frames[0][1]]
        used = set(_used(left))
        made = {name for name in used & _bound(self.cell) if isinstance(self.shell.user_ns.get(name), dict | list)}
        names = _bound(left) | made | self._filled(used) | {name for name in used if not self._is_there(name)}
        self.missing |= {name: blank for name in names if not self._is_module(name)}
        return line

    def _needs(self) -> str:
        """Return what the cell waits for through a name that it uses and does not make, or ""."""
        makes = _bound(self.cell, whole=True)
        return next(
            (self.missing[name] for name in _used(self.cell) if name in self.missing and name not in makes), ""
        )

    def _filled(self, names: Iterable[str]) -> set[str]:
        """Return the dicts and lists of the notebook that its functions and classes of these names fill."""
        filled, todo, seen = set(), set(names), set()
        while todo:
            seen.add(name := todo.pop())
            if function := self.functions.get(name):
                arguments = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
                filled |= _bound([function]) - _bound([function], whole=True) - arguments
                todo |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} - seen
        return {name for name in filled if isinstance(self.shell.user_ns.get(name), dict | list)}

    def _is_there(self, name: str) -> bool:
        return name in self.shell.user_ns or hasattr(builtins, name)

    def _is_module(self, name: str) -> bool:
        return isinstance(self.shell.user_ns.get(name), types.ModuleType)

    def _is_of_student(self, frame: types.FrameType, cell: types.FrameType) -> bool:
        """Return whether a frame is in a function of another cell, or in a module with exercises."""
        file = frame.f_code.co_filename
        of_other_cell = frame.f_globals is self.shell.user_ns and file != cell.f_code.co_filename
        return of_other_cell or any(Path(file) == ROOT / name for name in _files())


def _files() -> set[str]:
    """Return the files of the package that hold exercises."""
    return {file for exercise in load_rubric().exercises.values() for file, _ in exercise.functions}


def _used(statements: list[ast.stmt]) -> list[str]:
    """Return the names that statements use, in order; those in the functions that they define are left out."""
    names, todo = [], list[ast.AST](statements)
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Name):
            names.append(node.id)
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            todo[:0] = ast.iter_child_nodes(node)
    return names


def _bound(statements: list[ast.stmt], whole: bool = False) -> set[str]:
    """Return the names that statements make; unless `whole`, also those that they fill: losses.append(...)."""
    names = set()
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.value, ast.Name) and not whole:
            is_filled = isinstance(node.ctx, ast.Store) or (
                isinstance(node, ast.Attribute) and node.attr == "append"
            )
            names |= {node.value.id} if is_filled else set()
    return names
