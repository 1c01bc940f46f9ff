"""Look over this machine and this folder: versions, compiler, extension, data, Jupyter, memory.

python -m cs231n.doctor

Exit status: 0 if nothing stops work, 1 if something does.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cs231n.doctor import data, extension, jupyter, machine, packages
from cs231n.doctor.finding import GOOD, NOTE, OPTIONAL, STOP, Finding, note

__all__ = ["ROOT", "look_over", "main"]

ROOT = Path(__file__).resolve().parents[2]
TOPICS = {
    "Python and packages": packages.findings,
    "Fast layers": extension.findings,
    "Data": data.findings,
    "Notebooks": jupyter.findings,
    "Machine": machine.findings,
}
SIGNS = {GOOD: "✓", OPTIONAL: "·", NOTE: "!", STOP: "✗"}
PLAIN = {GOOD: "+", OPTIONAL: ".", NOTE: "!", STOP: "x"}  # where the terminal has no such characters


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    argparse.ArgumentParser(
        prog="python -m cs231n.doctor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(arguments)
    found = look_over(ROOT)
    print(_page(found, sys.stdout.encoding or "ascii"))
    return 1 if any(finding.kind == STOP for topic in found.values() for finding in topic) else 0


def look_over(root: Path) -> dict[str, list[Finding]]:
    """Return the findings of each topic, title -> list; all topics at once."""
    with ThreadPoolExecutor(len(TOPICS)) as pool:
        futures = {title: pool.submit(_findings, topic, root) for title, topic in TOPICS.items()}
        return {title: future.result() for title, future in futures.items()}


def _findings(topic: Callable[[Path], Iterator[Finding]], root: Path) -> list[Finding]:
    """Return the findings of a topic; what goes wrong while looking is a finding too."""
    found: list[Finding] = []
    try:
        for finding in topic(root):
            found.append(finding)
    except Exception as error:
        found.append(note(f"the rest could not be checked: {type(error).__name__}: {error}"))
    return found


def _page(found: dict[str, list[Finding]], encoding: str) -> str:
    """Return the findings as text, in characters that the terminal can show."""
    signs, arrow = SIGNS, "→"
    try:
        "".join([*SIGNS.values(), arrow]).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        signs, arrow = PLAIN, ">"
    lines = []
    for title, topic in found.items():
        lines.append(title)
        for finding in topic:
            lines.append(_wrap(finding.text, f"  {signs[finding.kind]} ", "    "))
            lines += [_wrap(line, f"      {arrow} ", "        ") for line in finding.advice]
        lines.append("")
    page = "\n".join([*lines, _summary(found, signs)])
    return page.encode(encoding, "replace").decode(encoding) if signs is PLAIN else page


def _wrap(text: str, first: str, then: str) -> str:
    return textwrap.fill(
        text, 110, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )


def _summary(found: dict[str, list[Finding]], signs: dict[str, str]) -> str:
    kinds = [finding.kind for topic in found.values() for finding in topic]
    look = f" Lines marked {signs[NOTE]} are worth a look." if NOTE in kinds else ""
    if STOP in kinds:
        return f"First fix the lines marked {signs[STOP]} ({kinds.count(STOP)}).{look}"
    return f"You can work: nothing is marked {signs[STOP]}.{look}"


if __name__ == "__main__":
    sys.exit(main())
