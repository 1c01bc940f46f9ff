"""Measure the package beside its peers: layers, training steps, temporaries and errors.

    python -m benchmarks                 one thread, about five minutes
    python -m benchmarks --threads 2     the layers and steps again with two threads
    python -m benchmarks --quick         one convolution and one pool in few rounds, to see that it runs

Prints the tables and writes them, all figures as JSON, and a plot into build/benchmarks.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.environment import settle

__all__ = ["main"]


def main(arguments=None):
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of every method (default: 1)")
    parser.add_argument("--quick", action="store_true", help="one convolution, one pool, 3 rounds")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"), help="folder of the results")
    options = parser.parse_args(arguments)
    if options.threads < 1:
        parser.error(f"--threads is {options.threads}, expected at least 1")
    settle(options.threads)
    from benchmarks.run import run  # loads NumPy and torch, which the line above had to precede

    run(options.threads, options.quick, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
