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
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of what comes of it")
    made.add_argument("--secret", type=Path, required=True, metavar="FILE", help="the course secret")
    made.add_argument("--for", dest="site", choices=SITES, help="write a table that this course site imports, too")
    made.add_argument("--column", metavar="TEXT", help="the assignment's column there (default: its --assignment)")
    _people(made.add_argument_group("students and staff"))
    _late(made.add_argument_group("late submissions", "of several by one student the latest counts"))
    _grading(made.add_argument_group("grading"))
    return made


def _people(group):
    group.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="students: id, name; email, section, extension, bank, exempt where there are such",
    )
    group.add_argument(
        "--manual",
        type=Path,
        action="append",
        default=[],
        metavar="CSV",
        help="points by humans: student, item, points, comment; may be repeated",
    )
    group.add_argument(
        "--overrides",
        type=Path,
        metavar="CSV",
        help="decisions by the staff: student, exercise, points or exempt, reason (default: DIR/overrides.csv)",
    )
    group.add_argument(
        "--previous", type=Path, metavar="DIR", help="output of an earlier run, to tell what changed"
    )


def _late(group):
    group.add_argument(
        "--deadline", metavar="ISO", help="such as 2026-04-24T23:59:59-07:00; with --timezone without the offset"
    )
    group.add_argument(
        "--timezone", metavar="NAME", help="zone of the course, such as America/Los_Angeles, for days and times"
    )
    group.add_argument(
        "--times",
        type=Path,
        metavar="CSV",
        help="when who handed in: student, time; or Moodle's grading worksheet",
    )
    group.add_argument(
        "--grace-minutes", type=float, metavar="MINUTES", help="so many minutes after the deadline cost nothing"
    )
    group.add_argument("--penalty", type=float, metavar="PERCENT", help="of the points earned, for each day begun")
    group.add_argument(
        "--zero-after-days", type=int, metavar="N", help="submissions more than N days late get 0 points"
    )
    group.add_argument(
        "--assignment", default="a2", metavar="NAME", help="in the table of late days (default: %(default)s)"
    )
    group.add_argument(
        "--late-day-table",
        type=Path,
        metavar="CSV",
        help="what assignments took of the late days that the roster gives (default: DIR/late_days.csv)",
    )
    group.add_argument(
        "--close", action="store_true", help="the late days of this assignment are final from now on"
    )
    group.add_argument("--reopen", action="store_true", help="compute those of a closed assignment anew")


def _grading(group):
    group.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: one a core)",
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
        help="how points come about (default: %(default)s)",
    )
    group.add_argument(
        "--no-self-check",
        action="store_true",
        help="do not grade our own solution first and last, to see whether the machine is sound",
    )
    group.add_argument(
        "--unsafe",
        action="store_true",
        help="grade where nothing keeps submissions from the solution and the secret",
    )
