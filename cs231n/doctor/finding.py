"""What the doctor found: a line, and how to go on."""

import dataclasses
import os

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
    "note",
    "optional",
    "stop",
]

GOOD, OPTIONAL, NOTE, STOP = "good", "optional", "note", "stop"

# What is typed in the folder of the assignment.
INSTALL = "python -m pip install -c constraints.txt -e ."
BUILD = "python setup.py build_ext --inplace"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        kind: GOOD; OPTIONAL, something left out that not everybody wants; NOTE, worth a look; STOP, to be mended
            before work can go on.
        text: what was found.
        advice: lines that say how to go on, commands as they are typed.
    """

    kind: str
    text: str
    advice: tuple = ()


def good(text):
    """Return a finding that all is well."""
    return Finding(GOOD, text)


def optional(text, *advice):
    """Return a finding about something that not everybody wants, and that is not there."""
    return Finding(OPTIONAL, text, advice)


def note(text, *advice):
    """Return a finding that is worth a look and stops nobody."""
    return Finding(NOTE, text, advice)


def stop(text, *advice):
    """Return a finding that has to be mended before work can go on."""
    return Finding(STOP, text, advice)


def activation():
    """Return the command that opens the environment .venv in a terminal of this platform."""
    return r".venv\Scripts\activate" if os.name == "nt" else "source .venv/bin/activate"
