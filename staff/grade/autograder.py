"""Grade the submission in a Gradescope container: `python -m staff.grade.autograder /autograder`.

The container has submission/, submission_metadata.json and source/secret; it gets results/results.json.
Exit status: 0, or 1 if the grader itself broke, which the output says and which costs no points.
"""

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from staff import ROOT
from staff.course_secret import read_secret
from staff.grade import grading
from staff.grade.intake.exports import Submission
from staff.grade.points import gradescope
from staff.grade.sandbox.isolation import isolation
from staff.release.build import build

__all__ = ["main", "submission_in"]

SECRET = ROOT / "secret"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m staff.grade.autograder", description=__doc__.split("\n")[0])
    parser.add_argument("home", nargs="?", type=Path, default=Path("/autograder"), metavar="FOLDER")
    parser.add_argument("--isolation", action="store_true", help="print how a student's code is isolated, and end")
    options = parser.parse_args(arguments)
    print(f"Isolation: {isolation()}", flush=True)
    if options.isolation:
        return 0
    _close(options.home)
    os.environ["OMP_NUM_THREADS"] = "1"
    submitted = submission_in(options.home)
    checks = grading.checks_digest(ROOT)
    setup = grading.Setup(read_secret(SECRET), build(), checks, unsafe=True)  # the result says what there was
    try:
        graded = grading.grade(submitted, setup)
        if graded.doubtful and not graded.late:  # Python ended, which may be the machine's fault
            graded = grading.settled(graded, grading.grade(submitted, setup))
    except Exception:
        graded = grading.broken(submitted, setup, traceback.format_exc())
    results = options.home / "results" / "results.json"
    results.parent.mkdir(exist_ok=True)
    results.write_text(gradescope.results(graded.record), encoding="utf-8")
    for one in graded.record.exercises:
        print(f"{one.name:31} {one.verdict:20} {one.earned:g} of {one.points:g}")
    print("\n".join(graded.log))
    return 1 if graded.log else 0


def submission_in(home: Path) -> Submission:
    """Return the Submission in the container, with what the metadata say of it."""
    path = home / "submission"
    try:
        metadata = json.loads((home / "submission_metadata.json").read_text(encoding="utf-8"))
        people = [f"{user['name']} <{user['email']}>" for user in metadata["users"]]
        return Submission(path, path.name, "; ".join(people) or path.name, metadata["created_at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"submission_metadata.json cannot be read: {error!r}"
        return Submission(path, path.name, path.name, problems=(problem,))


def _close(home):
    """Let nobody but this user read the solution, the submission and the results, or write results."""
    for name in ("source", "submission", "results", "submission_metadata.json"):
        if (home / name).exists():
            (home / name).chmod(0o700)


if __name__ == "__main__":
    sys.exit(main())
