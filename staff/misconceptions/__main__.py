"""Make the fingerprints of cs231n/checks/mistakes from the catalogue, or print what they achieve."""

import argparse
import sys
from collections.abc import Sequence

from tqdm import tqdm

from cs231n.checks.mistakes.recognise import FINGERPRINTS
from staff.misconceptions import fingerprints
from staff.misconceptions.catalogue import CatalogueError, misfits
from staff.misconceptions.figures import figures

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 1 if a misconception is missed or taken for another."""
    parser = argparse.ArgumentParser(prog="python -m staff.misconceptions", description=__doc__)
    parser.add_argument("--report", action="store_true", help="print the figures, which takes minutes")
    options = parser.parse_args(arguments)
    if options.report:
        print(figures(tqdm))
        return 0
    try:
        problems = misfits()
    except CatalogueError as error:
        problems = [str(error)]
    if not problems:
        found = fingerprints.known(tqdm)
        problems = [_unlike(found[name], other) for name, other in fingerprints.twins(found)]
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        print(f"{FINGERPRINTS.name} is left as it was.", file=sys.stderr)
        return 1
    FINGERPRINTS.write_text(fingerprints.text(found), encoding="utf-8")
    print(f"Wrote {FINGERPRINTS}: {len(found)} misconceptions")
    return 0


def _unlike(one, other):
    """Return what to do about a misconception that would be taken for another, or for right: other is None."""
    if other:
        return f"{one.name} looks like {other}: tell them apart by edits or checks, or enter one with two forms"
    return f"{one.name} is not caught: no check of {one.exercise} fails; change its edits, or add a check"


if __name__ == "__main__":
    sys.exit(main())
