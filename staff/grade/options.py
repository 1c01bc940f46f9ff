"""The options of `python -m staff.grade`."""

import argparse
import os
from pathlib import Path

from cs231n.checks.points import SCHEMES
from staff.grade import limits
from staff.grade.points.site_tables import SITES

__all__ = ["parser"]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m staff.grade", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="archive or folder")
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    made.add_argument("--secret", type=Path, required=True, metavar="FILE", help="the course secret")
    made.add_argument(
        "--for", dest="site", choices=SITES, help="also write a table that this course site can import"
    )
    made.add_argument(
        "--column", metavar="TEXT", help="name of the column there (default: the name in --assignment)"
    )
    _people(made.add_argument_group("students and staff"))
    _late(made.add_argument_group("late submissions", "if a student hands in several times, the latest counts"))
    _grading(made.add_argument_group("grading"))
    return made


def _people(group):
    group.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="students: id, name; optional: email, section, extension, bank, exempt",
    )
    group.add_argument(
        "--manual",
        type=Path,
        action="append",
        default=[],
        metavar="CSV",
        help="points given by humans: student, item, points, comment; may be repeated",
    )
    group.add_argument(
        "--overrides",
        type=Path,
        metavar="CSV",
        help="decisions by the staff: student, exercise, points or exempt, reason (default: DIR/overrides.csv)",
    )
    group.add_argument(
        "--previous", type=Path, metavar="DIR", help="folder of an earlier run, to show what changed"
    )


def _late(group):
    group.add_argument(
        "--deadline", metavar="ISO", help="such as 2026-04-24T23:59:59-07:00; with --timezone leave out the offset"
    )
    group.add_argument("--timezone", metavar="NAME", help="time zone of the course, such as America/Los_Angeles")
    group.add_argument(
        "--times",
        type=Path,
        metavar="CSV",
        help="submission times: student, time; or Moodle's grading worksheet",
    )
    group.add_argument(
        "--grace-minutes", type=float, metavar="MINUTES", help="no penalty in the first minutes after the deadline"
    )
    group.add_argument(
        "--penalty",
        type=float,
        metavar="PERCENT",
        help="percent of the points earned, taken off for each day begun",
    )
    group.add_argument(
        "--zero-after-days", type=int, metavar="N", help="submissions more than N days late get 0 points"
    )
    group.add_argument(
        "--assignment",
        default="a2",
        metavar="NAME",
        help="name of this assignment in the table of late days (default: %(default)s)",
    )
    group.add_argument(
        "--late-day-table",
        type=Path,
        metavar="CSV",
        help="late days that each assignment used (default: DIR/late_days.csv)",
    )
    group.add_argument(
        "--close", action="store_true", help="the late days of this assignment are final from now on"
    )
    group.add_argument("--reopen", action="store_true", help="compute the late days of a closed assignment again")


def _grading(group):
    group.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: one for each core)",
    )
    group.add_argument(
        "--exercises",
        nargs="+",
        default=[],
        metavar="NAME",
        help="exercises, or questions such as q2 (default: all)",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="grade on the workers of this Dask scheduler, such as tcp://host:8786",
    )
    group.add_argument(
        "--limit",
        type=float,
        default=limits.SUBMISSION,
        metavar="SECONDS",
        help="for all checks of a submission (default: %(default).0f)",
    )
    group.add_argument(
        "--scheme",
        choices=SCHEMES,
        default=SCHEMES[0],
        help="scheme of points (default: %(default)s)",
    )
    group.add_argument(
        "--no-self-check",
        action="store_true",
        help="skip the test of the machine: grading our own solution first and last",
    )
    group.add_argument(
        "--unsafe",
        action="store_true",
        help="grade even if nothing separates submissions from the solution and the secret",
    )
