"""Make what a student downloads: the solved source without its solutions.

python -m staff.release build/release     the folder, and a2-student.zip beside it
"""

import argparse
import subprocess
import sys
from pathlib import Path

from staff.notebooks import ROOT
from staff.release.archive import write_folder, write_zip
from staff.release.build import build
from staff.release.errors import ReleaseError
from staff.release.files import untracked

__all__ = ["ARCHIVE", "main"]

ARCHIVE = "a2-student.zip"


def main(arguments=None):
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.release",
        description="Make what a student downloads: the solved source without its solutions.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=ROOT / "build" / "release",
        help=f"where it is written, with {ARCHIVE} beside it (default: build/release)",
    )
    folder = parser.parse_args(arguments).folder
    try:
        release = build()
        write_folder(release, folder)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        print("\nNo release was made.", file=sys.stderr)
        return 1
    archive = write_zip(release, folder.resolve().parent / ARCHIVE)
    size = sum(len(data) for data in release.values()) / 1e3
    for name in untracked(ROOT):
        print(f"Left out, as git does not track it: {name}")
    print(f"Wrote {folder} and {archive}: {len(release)} files, {size:.0f} kB, from {_commit()}")
    return 0


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
