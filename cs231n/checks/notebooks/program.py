"""What a student wrote in a notebook, taken out of its cells without running them.

Of all code cells only imports, definitions and assignments of constants count; nothing trains, downloads or
prints. Magics are dropped, and a cell that is not valid Python spoils nothing but itself.
"""

import ast
import dataclasses
import json
import linecache
import re
import types
import warnings
from typing import Any

__all__ = ["DEFINED", "Program"]

# Id of an exercise's cell -> what is defined there, in either notebook.
DEFINED = {
    "barebones-convnet": "three_layer_convnet",
    "barebones-initialise": "kaiming_params",
    "barebones-train": "training_step",
    "module-convnet": "ThreeLayerConvNet",
    "sequential-convnet": "sequential_convnet",
    "functional-convnet": "functional_convnet",
}

PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")  # the rest of such a cell is Python
# A line that IPython takes for itself: %magic, !shell, ?help, help?, x = %magic, x = !shell.
_MAGIC = re.compile(r"^(?=([ \t]*))\1(?:[%!?]|[\w,][\w ,]*= *[%!]|[\w.]+\?{1,2} *$).*$", re.MULTILINE)

_CONSTANT = (
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.BinOp,
    ast.Name,
    ast.Attribute,
    ast.operator,
    ast.unaryop,
    ast.expr_context,
)
_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement that counts.

    Attributes:
        node: its syntax tree.
        cell: index of its cell.
        names: what it binds; "*" for a star import.
        needs: all names that occur in it.
    """

    node: ast.stmt
    cell: int
    names: frozenset
    needs: frozenset

    @property
    def blank(self) -> bool:
        """Whether an exercise in it is not written: it raises NotImplementedError("exercise (Q5): file")."""
        for node in ast.walk(self.node):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                message = getattr(node.exc.args[0], "value", None)
                if getattr(node.exc.func, "id", "") == "NotImplementedError" and "(Q5)" in str(message):
                    return True
        return False


class Program:
    """The imports, definitions and constants of a notebook.

    Args:
        text: the .ipynb file.
        name: its file name, for messages.
        given: name -> value of what the notebook computes and student code may use.

    Raises:
        ValueError: the text is no notebook.
    """

    def __init__(self, text: str, name: str, given: Any = None) -> None:
        self.name, self.given = name, dict(given or {})
        self.cells = _cells(text, name)
        self.errors = {}  # index of a cell -> why it cannot be read
        self.statements = []
        for index, (kind, _, source) in enumerate(self.cells):
            if kind == "code":
                try:
                    self.statements += _statements(source, index)
                except _UNREADABLE as error:
                    self.errors[index] = error

    def find(self, cell: str) -> Statement:
        """Return the statement that defines what is asked for in a cell.

        It is looked for in the cell with that id, and by its name in all others; what is written goes before what
        is blank.

        Raises:
            NotImplementedError: nothing defines it.
            SyntaxError: the cell that would define it is not valid Python.
        """
        name = DEFINED[cell]
        imports = (ast.Import, ast.ImportFrom)
        found = [one for one in self.statements if name in one.names and not isinstance(one.node, imports)]
        if found:
            return max(found, key=lambda one: (not one.blank, self.cells[one.cell][1] == cell, one.cell))
        for index, error in self.errors.items():
            _, other, source = self.cells[index]
            if other == cell or re.search(rf"\b(def|class)\s+{name}\b", source):
                raise self._not_python(index, error)
        kinds = {kind for kind, other, _ in self.cells if other == cell} - {"code"}
        where = f"; the cell {cell} is a {kinds.pop()} cell, expected a code cell" if kinds else ""
        raise NotImplementedError(f"{self.name} does not define {name}{where}")

    def is_written(self, cell: str) -> bool:
        """Return whether there is something to judge: a definition that is not blank, or invalid Python."""
        try:
            return not self.find(cell).blank
        except NotImplementedError:
            return False
        except SyntaxError:
            return True

    def load(self, cell: str) -> Any:
        """Run a cell's definition and what it needs, nothing else, in a namespace of its own; return it.

        What stands in later cells runs first, so that where a name is bound several times the last binding
        up to the definition's cell counts. Only the definition itself has to succeed.
        """
        name, target = DEFINED[cell], self.find(cell)
        module = types.ModuleType("notebook")
        module.__dict__.update(self.given)
        for statement in self._needed(target, name):
            try:
                exec(self._compiled(statement), module.__dict__)
            except Exception:  # an import that fails here, or a default that was computed in the notebook
                if statement is target:
                    raise
        return module.__dict__[name]

    def _needed(self, target, name):
        """Return the target and all that it needs, in the order in which they are to run."""
        binders = {}
        for one in self.statements:
            for bound in one.names:
                if bound != name or one is target:
                    binders.setdefault(bound, []).append(one)
        chosen, names = {}, [name, "*"]
        for wanted in names:
            for one in binders.pop(wanted, ()):
                chosen[id(one)] = one
                names += one.needs
        order = (one for one in self.statements if id(one) in chosen)
        return sorted(order, key=lambda one: one.cell <= target.cell)  # sorted keeps the order of the cells

    def _compiled(self, statement):
        """Return the code of a statement, which names its cell where a traceback shows it."""
        _, cell, source = self.cells[statement.cell]
        place = _place(self.name, cell, statement.cell)
        linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(ast.Module([statement.node], []), place, "exec")

    def _not_python(self, index, error):
        place = _place(self.name, self.cells[index][1], index)
        message = getattr(error, "msg", None) or str(error) or type(error).__name__
        details = (place, getattr(error, "lineno", None), None, getattr(error, "text", None))
        return SyntaxError(message, details)


def _place(name, cell, index):
    """Return what stands for the file name of a cell, by its id, or by its number from 1 if it has none."""
    return f"{name}, cell {cell or index + 1}"


def _cells(text, name):
    """Return (kind, id, source) of each cell of a notebook; what is not text is empty."""
    try:
        cells = json.loads(text)["cells"]
        if not isinstance(cells, list):
            raise TypeError(f"cells is a {type(cells).__name__}, expected a list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{name} is not a notebook of this format: {error or type(error).__name__}") from error
    found = []
    for cell in cells:
        cell = cell if isinstance(cell, dict) else {}
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        parts = (cell.get("cell_type"), cell.get("id"), source)
        found.append(tuple(part if isinstance(part, str) else "" for part in parts))
    return found


def _statements(source, cell):
    """Return the statements of a cell that count.

    Raises:
        One of _UNREADABLE: the source is not valid Python, magics apart.
    """
    if source.startswith("%%") and not source.startswith(PYTHON_MAGICS):
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on escapes such as "\d"
        try:
            tree = ast.parse(source)
        except SyntaxError:
            tree = ast.parse(_MAGIC.sub(r"\1pass", source))
    return [Statement(node, cell, _bound(node), _mentioned(node)) for node in tree.body if _counts(node)]


def _counts(node):
    """Return whether a statement is an import, a definition or an assignment of constants, or made up of those."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass, *_DEFINITION)):
        return True
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(map(_is_plain, targets)) and _is_constant(node.value)
    if isinstance(node, ast.If):
        return _is_constant(node.test) and all(map(_counts, [*node.body, *node.orelse]))
    if isinstance(node, ast.Try):
        inner = [*node.body, *node.orelse, *node.finalbody, *(one for part in node.handlers for one in part.body)]
        return all(map(_counts, inner))
    return False


def _is_plain(target):
    """Return whether what is assigned to is a name, or a tuple of names."""
    return isinstance(target, ast.Name) or (isinstance(target, ast.Tuple) and all(map(_is_plain, target.elts)))


def _is_constant(value):
    """Return whether an expression consists of constants and names alone, with no call; or is a lambda."""
    return isinstance(value, ast.Lambda) or (
        value is not None and all(isinstance(node, _CONSTANT) for node in ast.walk(value))
    )


def _bound(node):
    """Return the names that a statement that counts binds at the level of the notebook."""
    found, todo = set(), [node]
    while todo:
        node = todo.pop()
        if isinstance(node, _DEFINITION):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, (ast.If, ast.Try, ast.ExceptHandler)):
            todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update(part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
    return frozenset(found)


def _mentioned(node):
    """Return all names that occur in a statement."""
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
