"""What the doctor found, and the commands that it advises."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from collections.abc import Sequence

__all__ = [
    "BUILD",
    "GOOD",
    "INSTALL",
    "NOTE",
    "OPTIONAL",
    "STOP",
    "Finding",
    "activation",
    "good",
    "install",
    "note",
    "on_colab",
    "optional",
    "set_variable",
    "stop",
]

GOOD, OPTIONAL, NOTE, STOP = "good", "optional", "note", "stop"

# What is typed in the folder of the assignment.
INSTALL = "python -m pip install -c constraints.txt -e ."
BUILD = "python -m pip install --no-deps -e ."


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: GOOD; OPTIONAL, something is missing that not everybody needs; NOTE, worth a look; STOP, to be fixed
            before you can work.
        text: what was found.
        advice: lines that say how to go on, commands as they are typed.
    """

    kind: str
    text: str
    advice: tuple[str, ...] = ()


def good(text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(GOOD, text)


def optional(text: str, *advice: str) -> Finding:
    """Return a finding that something is missing which not everybody needs."""
    return Finding(OPTIONAL, text, advice)


def note(text: str, *advice: str) -> Finding:
    """Return a finding that is worth a look."""
    return Finding(NOTE, text, advice)


def stop(text: str, *advice: str) -> Finding:
    """Return a finding that has to be fixed before you can work."""
    return Finding(STOP, text, advice)


def on_colab() -> bool:
    """Return whether this is a machine of Google Colab."""
    if os.environ.get("COLAB_RELEASE_TAG"):
        return True
    try:
        return importlib.util.find_spec("google.colab") is not None
    except (ImportError, ValueError):
        return False


def install(packages: Sequence[str] = (), extra: str = "") -> str:
    """Return the command that installs what is missing.

    On Colab it installs these packages alone: the tested versions would replace what the running notebook uses.

    Args:
        packages: what is missing.
        extra: name of the extra in pyproject.toml that lists the packages, "" for the requirements of all.
    """
    if on_colab():
        return f"python -m pip install {' '.join(packages)}"
    return f'python -m pip install -c constraints.txt -e ".[{extra}]"' if extra else INSTALL


def set_variable(name: str, value: str) -> str:
    """Return the command that sets an environment variable on this platform; on Colab, for the notebook."""
    if on_colab():
        return f"%env {name}={value}"
    return f"{'set' if os.name == 'nt' else 'export'} {name}={value}"


def activation() -> str:
    """Return the command that opens the environment .venv in a terminal of this platform."""
    return r".venv\Scripts\activate" if os.name == "nt" else "source .venv/bin/activate"
