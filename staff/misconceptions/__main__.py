"""Make cs231n/checks/fingerprints.json from the catalogue, or measure the catalogue."""

import argparse
import sys

from tqdm import tqdm

from cs231n.checks.diagnosis import FINGERPRINTS
from staff.misconceptions import fingerprints


def main(arguments=None):
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m staff.misconceptions", description=__doc__)
    parser.add_argument("--report", action="store_true", help="print the figures instead")
    options = parser.parse_args(arguments)
    found = fingerprints.known(tqdm)
    for name, other in fingerprints.twins(found):
        print(f"{name} {f'looks like {other}' if other else 'is not caught'}", file=sys.stderr)
    if fingerprints.twins(found):
        return 1
    FINGERPRINTS.write_text(fingerprints.text(found), encoding="utf-8")
    print(f"Wrote {FINGERPRINTS}: {len(found)} misconceptions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
