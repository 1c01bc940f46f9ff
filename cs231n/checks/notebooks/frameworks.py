"""Which framework a notebook is for, and the way to it for the checks."""

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

from cs231n.checks import oracle, registry
from cs231n.checks.notebooks.program import Program
from cs231n.checks.registry import Check
from cs231n.checks.subject.client import CALL_LIMIT, SubjectFailure

__all__ = ["FRAMEWORKS", "Framework", "Notebook", "exercises_written", "framework_of"]

IN_CHECKS = "cs231n.notebook"  # the module that checks of notebooks call


@dataclasses.dataclass(frozen=True)
class Framework:
    """A framework.

    Attributes:
        name: what people call it.
        notebook: file name of its notebook.
        module: the module that translates for it.
        packages: what that imports first, which takes seconds.
        cells: the cells of its notebook that hold exercises.
    """

    name: str
    notebook: str
    module: str
    packages: tuple[str, ...]
    cells: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether its packages are there, without importing them."""
        return all(importlib.util.find_spec(package) for package in self.packages)

    def checks_of(self, exercise: str) -> tuple[Check, ...]:
        """Return the checks of an exercise that this notebook has."""
        return tuple(check for check in registry.checks_of(exercise) if check.framework in (None, self.name))


_CELLS = ("barebones-convnet", "barebones-initialise", "barebones-train", "module-convnet", "sequential-convnet")
PYTORCH = Framework("PyTorch", "PyTorch.ipynb", "cs231n.checks.notebooks.pytorch", ("torch",), _CELLS)
TENSORFLOW = Framework(
    "TensorFlow",
    "TensorFlow.ipynb",
    "cs231n.checks.notebooks.tensorflow",
    ("tensorflow", "keras"),
    (*_CELLS, "functional-convnet"),
)
FRAMEWORKS = (PYTORCH, TENSORFLOW)


def exercises_written(text: str, framework: Framework) -> int:
    """Return in how many of a notebook's cells with exercises something is written, right or wrong.

    Raises:
        ValueError: the text is no notebook.
    """
    program = Program(text, framework.notebook)
    return sum(map(program.is_written, framework.cells))


def framework_of(root: Path) -> Framework | None:
    """Return the Framework whose notebook in a folder has most written and whose packages are there, or None."""
    written = {}
    for framework in FRAMEWORKS:
        try:
            text = (root / framework.notebook).read_text(encoding="utf-8-sig")
            written[framework] = exercises_written(text, framework) if framework.installed else 0
        except FileNotFoundError:
            pass
        except ValueError:  # whoever spoiled it wants to hear of it
            written[framework] = 1
    best = max(written, key=written.__getitem__, default=None)
    return best if best and written[best] else None


class Notebook:
    """A transport that leads calls of "notebook.NAME" to the functions of a framework's module.

    Args:
        transport: the transport to the code under check.
        framework: a Framework, or None where there is no notebook to call.
    """

    def __init__(self, transport: Any, framework: Framework | None) -> None:
        self.transport, self.framework = transport, framework

    def load_framework(self, exercise: str) -> None:
        """Import the framework on the other side, and PyTorch on this one, where the right answers come from."""
        oracle.tensors([])
        try:
            self.reset(CALL_LIMIT, exercise)
            self.request({"op": "reset", "seed": 0})
            self.request({"op": "load", "module": IN_CHECKS})
        except SubjectFailure:
            pass  # every check will say so

    def reset(self, limit: float, exercise: str | None = None) -> None:
        """Pass on the start of a check."""
        self.transport.reset(limit, exercise)

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the reply."""
        for key in ("module", "target"):
            if self.framework and isinstance(message.get(key), str):
                message = message | {key: message[key].replace(IN_CHECKS, self.framework.module)}
        return self.transport.request(message)
