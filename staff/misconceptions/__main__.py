"""Make cs231n/checks/fingerprints.json from the catalogue, or print what checks and fingerprints achieve."""

import argparse
import sys

from tqdm import tqdm

from cs231n.checks.diagnosis import FINGERPRINTS
from staff.misconceptions import fingerprints, pairs
from staff.misconceptions.report import report

__all__ = ["main"]


def main(arguments=None):
    """Run the command line; returns the exit status: 1 if a misconception is missed or taken for another."""
    parser = argparse.ArgumentParser(prog="python -m staff.misconceptions", description=__doc__)
    parser.add_argument("--report", action="store_true", help="print the figures, which takes minutes")
    parser.add_argument(
        "--pairs", action="store_true", help="print what two at once are named, which takes minutes"
    )
    options = parser.parse_args(arguments)
    if options.report or options.pairs:
        print(report(tqdm) if options.report else pairs.report(tqdm))
        return 0
    found = fingerprints.known(tqdm)
    if wrong := fingerprints.twins(found):
        for name, other in wrong:
            print(f"{name} {f'looks like {other}' if other else 'is not caught'}", file=sys.stderr)
        print(f"{FINGERPRINTS.name} is left as it was.", file=sys.stderr)
        return 1
    FINGERPRINTS.write_text(fingerprints.text(found), encoding="utf-8")
    print(f"Wrote {FINGERPRINTS}: {len(found)} misconceptions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
