"""What workers have in common, done once in the process that they are forks of, see `processes.start_server`."""

import importlib
import threading

from cs231n.checks.notebooks.frameworks import FRAMEWORKS
from staff.grade.sandbox import isolation, packages


def _look() -> None:
    """Look up what sandboxes need of this machine, which mostly waits for other programs and the disk."""
    isolation.isolation()
    for framework in FRAMEWORKS:
        packages.on_disk(framework.packages)


_looking = threading.Thread(target=_look)
_looking.start()
for _module in ("torch", "cs231n.checks.exercises", "staff.grade.pool.processes"):
    importlib.import_module(_module)
_looking.join()  # no thread may be left at a fork
