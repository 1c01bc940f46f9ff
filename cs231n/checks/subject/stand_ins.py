"""Import a module although something that it imports is not there.

A module is imported as usual. Only if that fails for an import of what is not there, or not allowed, it is
imported once more, and so are the modules of cs231n that it imports: what is missing is a `StandIn` then, which
fails where it is used. So an import that an editor left behind costs nothing, and one that is needed costs the
function that needs it.
"""

import ast
import importlib
import importlib.machinery
import sys
from typing import Any

__all__ = ["StandIn", "import_module"]

_MAKE = "__stand_in__"  # name in a module's globals while it is imported


class StandIn:
    """What stands for something that cannot be imported; whatever is done with it in a function fails.

    Args:
        name: full name of what is missing, such as "sympy.Symbol".
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def _fail(self, *args, **kwargs):
        raise ModuleNotFoundError(f"{_user()} uses {self._name}, which is not available", name=self._name)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self._name}.{name}") if _user() == "<module>" else self._fail()

    def __call__(self, *args, **kwargs):
        return StandIn(self._name) if _user() == "<module>" else self._fail()

    __getitem__ = __iter__ = __len__ = __bool__ = __enter__ = __array__ = __float__ = __index__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = _fail


def _user():
    """Return the name of the function that uses a stand-in; "<module>" outside of all functions."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return frame.f_code.co_name


def import_module(name: str) -> Any:
    """Import a module of cs231n by its full name, with stand-ins if it cannot be imported without."""
    before = set(sys.modules)
    try:
        return importlib.import_module(name)
    except ImportError:
        for other in set(sys.modules) - before:
            if other.startswith("cs231n."):
                del sys.modules[other]
        finder = _Finder()
        sys.meta_path.insert(sys.meta_path.index(importlib.machinery.PathFinder), finder)
        try:
            return importlib.import_module(name)
        finally:
            sys.meta_path.remove(finder)


class _Finder:
    """Finds the modules of cs231n as usual, and loads them with stand-ins for imports that fail."""

    def find_spec(self, name, path=None, target=None):
        """Return the spec of a module of cs231n with our loader, or None."""
        if not name.startswith("cs231n."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
            return spec
        return None


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module whose imports at its own level may fail, each for itself."""

    def get_code(self, fullname):
        """Return the code of the module, compiled anew."""
        tree = ast.parse(self.get_data(self.path), self.path)
        tree.body = list(_guarded(tree.body))
        return compile(ast.fix_missing_locations(tree), self.path, "exec")

    def exec_module(self, module):
        """Run the module."""
        module.__dict__[_MAKE] = StandIn
        try:
            super().exec_module(module)
        finally:
            module.__dict__.pop(_MAKE, None)


def _guarded(body):
    """Yield the statements of a module, each import outside of `try` inside one that binds stand-ins."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__":
            yield from (_with_stand_in(node, alias) for alias in node.names)
        else:
            if isinstance(node, (ast.If, ast.With, ast.For, ast.While)):
                node.body = list(_guarded(node.body))
            yield node


def _with_stand_in(node, alias):
    """Return `try: import alias` with a stand-in bound where that fails; `import *` binds nothing."""
    if isinstance(node, ast.Import):
        one, full = ast.Import([alias]), alias.name.split(".")[0] if not alias.asname else alias.name
    else:
        one, full = ast.ImportFrom(node.module, [alias], node.level), f"{node.module or ''}.{alias.name}"
    name = alias.asname or alias.name.split(".")[0]
    make = ast.Call(ast.Name(_MAKE, ast.Load()), [ast.Constant(full)], [])
    bind = ast.Pass() if alias.name == "*" else ast.Assign([ast.Name(name, ast.Store())], make)
    handler = ast.ExceptHandler(ast.Name("ImportError", ast.Load()), None, [bind])
    return ast.copy_location(ast.Try([one], [handler], [], []), node)
