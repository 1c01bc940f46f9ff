"""What commands print while they work, and how a command is typed here.

This module imports the standard library alone at its top, so that it works where packages are missing.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TextIO

__all__ = ["LOG_SECONDS", "progress_bar", "python_command"]

LOG_SECONDS = 30  # between two lines in a log


class _Lines:
    """A file for tqdm that writes each state of the bar as a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        if text := text.strip():
            self.stream.write(f"{text}\n")

    def flush(self) -> None:
        self.stream.flush()


def progress_bar(*arguments: Any, **options: Any) -> Any:
    """Return a progress bar of tqdm that suits where it is shown.

    On a terminal and in a notebook it is a bar. In a log it is a line at the beginning, at the end, and every
    LOG_SECONDS.

    Args:
        arguments, options: as for tqdm.

    Returns:
        tqdm object.
    """
    from tqdm.auto import tqdm

    if not sys.stderr.isatty() and "ipykernel" not in sys.modules:
        options |= {"file": _Lines(sys.stderr), "ncols": 0}
        options |= {"mininterval": LOG_SECONDS, "maxinterval": LOG_SECONDS}
    return tqdm(*arguments, **options)


def python_command(*arguments: str) -> str:
    """Return a command that runs this Python, as it can be typed in the current folder.

    Args:
        arguments: what follows the name of the program, such as "-m", "cs231n.datasets".

    Returns:
        `python ...` where that name starts this Python, else with the path of the program.
    """
    program = os.path.abspath(sys.executable)  # links stay links: an environment's Python is one
    here = Path.cwd()
    if os.path.abspath(shutil.which("python") or "") == program:
        program = "python"
    elif here in Path(program).parents:
        program = str(Path(program).relative_to(here))
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    return join([program, *arguments])
