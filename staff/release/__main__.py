"""Make what a student downloads, the solved source without its solutions; or what grades it on Gradescope.

python -m staff.release build/release                        the folder, and a2-student.zip beside it
python -m staff.release --autograder build/autograder.zip    the autograder to upload to Gradescope
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from staff import ROOT
from staff.course_secret import SecretError
from staff.release.archive import write_folder, write_zip
from staff.release.build import build
from staff.release.errors import ReleaseError
from staff.release.files import ALLOWED, untracked

__all__ = ["ARCHIVE", "main"]

ARCHIVE = "a2-student.zip"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.autograder and (options.secret or options.pip_conf):
        parser.error("--secret and --pip-conf are for --autograder")
    try:
        if options.autograder:
            return _autograder(options.autograder, options.secret, options.pip_conf)
        return _release(options.folder)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        print("\nNothing was made.", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m staff.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=ROOT / "build" / "release",
        help=f"where the release is written, with {ARCHIVE} beside it (default: build/release)",
    )
    parser.add_argument("--autograder", type=Path, metavar="ZIP", help="write the autograder, and no release")
    parser.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="the course secret; one is made where there is none (default: ZIP with the ending .secret)",
    )
    parser.add_argument(
        "--pip-conf", type=Path, metavar="FILE", help="configuration of pip for the machine that builds the image"
    )
    return parser


def _release(folder):
    """Write a release."""
    release = build()
    write_folder(release, folder)
    archive = write_zip(release, folder.resolve().parent / ARCHIVE)
    _report(release, f"{folder} and {archive}", ALLOWED)
    return 0


def _autograder(archive, secret, pip_conf):
    """Write the autograder."""
    from staff.release.autograder import PATTERNS, bundle, read_or_make_secret

    secret = secret or archive.with_suffix(".secret")
    build()  # or the first student would find out that there is none
    try:
        value, made = read_or_make_secret(secret)
    except SecretError as error:
        raise ReleaseError(str(error)) from error
    files = bundle(value, pip_conf.read_text(encoding="utf-8") if pip_conf else None)
    _report(files, write_zip(files, archive, folder=""), PATTERNS)
    if made:
        print(f"Made a secret, {secret}: keep it, since a regrade with another one draws other inputs.")
    return 0


def _report(files, where, patterns):
    size = sum(len(data) for data in files.values()) / 1e3
    for name in sorted(untracked(ROOT, patterns)):
        print(f"Left out, as git does not track it: {name}")
    print(f"Wrote {where}: {len(files)} files, {size:.0f} kB, from {_commit()}")


def _commit():
    """Return the commit that the source is at, and whether it has been changed since."""

    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    try:
        changed = " with uncommitted changes" if git("status", "--porcelain", "--untracked-files=no") else ""
        return f"commit {git('rev-parse', '--short', 'HEAD').strip()}{changed}"
    except (OSError, subprocess.CalledProcessError):
        return "a folder that is no git checkout"


if __name__ == "__main__":
    sys.exit(main())
