"""Grade submissions.

    python -m staff.grade a2.zip more/*.zip --out build/grades --secret FILE
    python -m staff.grade submissions/ --out build/grades --secret FILE --manual points.csv

A path is an archive, a folder that is a submission, or a folder of submissions, such as Gradescope and Canvas
export. Of each submission come OUT/records/NAME.json, OUT/results/NAME.json in Gradescope's form,
OUT/feedback/NAME.html for the student, and a line in OUT/gradebook.csv; OUT/report.html shows the class, and
OUT/manual.html what a human is to judge, whose points go into OUT/manual.csv. A run that was stopped goes on
where it was; what has not changed is not graded again. With --scheduler the workers of a Dask cluster grade, and
this machine reads and writes.

Exit status: 0 if all were graded, 1 if the grader itself broke at one, 2 for a wrong command line.
"""

import argparse
import os
import sys
from pathlib import Path

from cs231n.checks.points import SCHEMES
from cs231n.checks.rubric import select as select_exercises
from staff.grade import limits
from staff.grade.alike.tokens import TokenHashes
from staff.grade.grading import Setup, checks_digest
from staff.grade.intake import exports
from staff.grade.intake.text import clean
from staff.grade.judge import seeds
from staff.grade.points import lateness, manual, previous
from staff.grade.points.output import Output
from staff.grade.pool.errors import ClusterError
from staff.grade.pool.processes import start_server
from staff.grade.run import grade_class
from staff.grade.sandbox import outside

__all__ = ["main"]


def main(arguments=None):
    """Run the command line; returns the exit status."""
    if os.name == "nt":
        print("Grading needs Linux or macOS. On Windows run it in WSL: https://aka.ms/wsl", file=sys.stderr)
        return 2
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}, expected at least 1")
    try:
        if not options.unsafe and not options.scheduler and (why := outside.refusal()):
            raise ValueError(f"{why}. Install bubblewrap, or add --unsafe on a machine that holds nothing else")
        secret = seeds.read_secret(options.secret)
        export = exports.find_submissions(options.paths)
        submissions, replaced = lateness.latest(export.submissions)
        policy = _policy(options)
        before = previous.read_earlier(options.previous) if options.previous else None
        points = manual.read_points(options.manual, submissions, replaced, secret) if options.manual else {}
        exercises = tuple(select_exercises(options.exercises))
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # a core for each worker, and the same sums in the same order everywhere
    if not options.scheduler:
        start_server()
    from staff.grade.pages import write  # which loads SciPy, while the server starts

    _tell(export, options.deadline)
    setup, output = _setup(secret, options, exercises), Output(options.out, policy, options.scheme)
    try:
        summary = grade_class(submissions, setup, output, points, options.workers, options.scheduler)
    except ClusterError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    outside.remove_leftovers()
    changes = previous.changes(before, summary.records) if before is not None else None
    write.write(output, summary, secret, replaced, policy, changes)
    _print(summary, options.out, output.set_aside())
    if output.unread:
        table = options.out / "manual.csv"
        print(f"{table} was left as it is, with points or comments that this run has not: add --manual {table}")
        if options.manual:
            print("A comment without points counts for nothing yet, and stays in the table that way.")
    if changes is not None:
        print(previous.changes_text(changes))
    return 1 if summary.undecided else 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m staff.grade", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="archive or folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of what comes of it")
    parser.add_argument("--secret", type=Path, required=True, metavar="FILE", help="the course secret")
    parser.add_argument("--manual", type=Path, metavar="FILE", help="CSV: student, item, points, comment")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: one a core)",
    )
    parser.add_argument(
        "--exercises",
        nargs="+",
        default=[],
        metavar="NAME",
        help="exercises, or questions such as q2 (default: all)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="grade on the workers of this Dask scheduler, such as tcp://host:8786",
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=limits.SUBMISSION,
        metavar="SECONDS",
        help="for all checks of a submission (default: %(default).0f)",
    )
    parser.add_argument(
        "--scheme",
        choices=SCHEMES,
        default=SCHEMES[0],
        help="how points come about (default: %(default)s)",
    )
    parser.add_argument(
        "--previous", type=Path, metavar="DIR", help="output of an earlier run, to tell what changed"
    )
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="grade where nothing keeps submissions from the solution and the secret",
    )
    late = parser.add_argument_group("late submissions", "of several by one student the latest counts")
    late.add_argument("--deadline", metavar="ISO", help="with time zone, such as 2026-04-24T23:59:59-07:00")
    late.add_argument("--grace", type=float, metavar="MINUTES", help="after the deadline that cost nothing")
    late.add_argument("--penalty", type=float, metavar="PERCENT", help="of the points earned, for each day begun")
    late.add_argument("--late-days", type=int, metavar="N", help="days after which nothing is earned")
    return parser


def _tell(export, deadline):
    """Print what was found, before hours go by."""
    count, left_out = len(export.submissions), len(export.left_out)
    print(f"{export.found} entries found: {count} submission{'' if count == 1 else 's'}, {left_out} left out.")
    for entry in export.left_out:
        print(f"  left out: {clean(entry.path.name)}: {entry.why}")
    for submission in export.submissions:
        for problem in submission.problems:
            print(f"  {clean(submission.student)}: {problem}")
    timeless = sum(submission.submitted is None for submission in export.submissions)
    if deadline and timeless:
        print(f"No time known for {timeless} of {count} submissions: they count as on time.")


def _policy(options):
    """Return the lateness.Policy of a command line, or None without a deadline."""
    given = options.grace, options.penalty, options.late_days
    if options.deadline is None:
        if given != (None, None, None):
            raise lateness.PolicyError("--grace, --penalty and --late-days need a --deadline")
        return None
    return lateness.policy(options.deadline, options.grace or 0.0, options.penalty or 0.0, options.late_days)


def _setup(secret, options, exercises):
    """Return the Setup; the release is made here, since it takes what the workers need not load."""
    from staff.release.build import ROOT, build

    release = build()
    checks = checks_digest(ROOT)
    token_hashes = TokenHashes(release)
    return Setup(secret, release, checks, options.limit, exercises, token_hashes, options.unsafe, options.scheme)


def _print(summary, out, moved):
    for isolation, count in sorted(summary.isolation.items()):
        print(f"Isolation: {isolation}" + (f" ({count} submissions)" if len(summary.isolation) > 1 else ""))
    kept = f", {summary.kept} of them as before" if summary.kept else ""
    print(f"{summary.submissions} submissions graded{kept}; {summary.with_problems} with problems.")
    if summary.undecided:
        print(f"THE GRADER BROKE at {summary.undecided}: see {out / 'errors'}, then run the same command again.")
    if moved:
        names = ", ".join(moved[:3]) + (f" and {len(moved) - 3} more" if len(moved) > 3 else "")
        print(f"Not among these submissions any more, and moved to {out / 'replaced'}: {names}.")
    print(
        f"Wrote {out / 'gradebook.csv'} and {out / 'report.html'}, with results, records and feedback beside them."
    )


if __name__ == "__main__":
    sys.exit(main())
