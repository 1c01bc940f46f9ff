"""What `python -m cs231n.datasets` does, for every caller."""

import argparse
import errno
import sys
from collections.abc import Sequence
from pathlib import Path

from cs231n.data_utils import DEFAULT_ROOT
from cs231n.datasets.download import DatasetError, download_cifar10
from cs231n.datasets.stand_in import write_stand_in

__all__ = ["main"]

# The archive and what is unpacked from it, rounded up.
NEEDED = "360 MB"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.datasets",
        description="Download CIFAR-10 (170 MB), check it and unpack it. A broken download is continued.",
    )
    parser.add_argument(
        "--dest",
        type=Path,
        default=DEFAULT_ROOT,
        metavar="DIR",
        help="folder that gets cifar-10-batches-py (default: %(default)s)",
    )
    parser.add_argument(
        "--url", action="append", help="download from here, not from the built-in list; may be repeated"
    )
    parser.add_argument(
        "--stand-in",
        action="store_true",
        help="download nothing: draw a synthetic data set of the same layout",
    )
    parser.add_argument("--force", action="store_true", help="replace the data that is already there")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: list of arguments, None for those of the process.

    Returns:
        The exit code: 0, 1 after an error that was explained, 130 after Ctrl-C.
    """
    args = _parser().parse_args(argv)
    if args.stand_in and args.url:
        _parser().error("--stand-in downloads nothing, so --url has no meaning beside it")
    try:
        if args.stand_in:
            write_stand_in(args.dest, force=args.force)
        else:
            download_cifar10(args.dest, urls=args.url, force=args.force)
    except KeyboardInterrupt:
        stays = "Nothing was written" if args.stand_in else "The same command continues what was downloaded so far"
        print(f"\nInterrupted. {stays}.", file=sys.stderr)
        return 130
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        full = f"The disk is full: about {NEEDED} are needed" if error.errno == errno.ENOSPC else str(error)
        print(
            f"Could not write to {args.dest}: {full}.\n"
            "Make room, or choose another folder with --dest DIR, and run the command again.",
            file=sys.stderr,
        )
        return 1
    if args.dest.resolve() != DEFAULT_ROOT.resolve():
        print(f"To use it, set the environment variable CIFAR10_DIR to {args.dest.resolve()}")
    return 0
