"""Tables of points that course sites import, and the table of misconceptions.

Only students whose points are final are in a table for a site: what is open stays there as it is.
"""

import csv
import io
from collections.abc import Iterable, Mapping

from cs231n.checks.mistakes.recognise import catalogue
from staff.grade.intake.exports import LeftOut, Submission
from staff.grade.intake.roster import Person
from staff.grade.points.course import Standing, scaled
from staff.grade.points.gradebook import safe
from staff.grade.record import Record

__all__ = ["SITES", "entries", "misconceptions", "open_students", "site_table"]

FINAL = ("complete", "nothing handed in")


def site_table(site: str, standings: Iterable[Standing], column: str) -> str:
    """Return the CSV text that a course site imports.

    Args:
        site: one of SITES.
        standings: course.Standings.
        column: header of the assignment's column, as the site has it.
    """
    header, line = SITES[site]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow([word.format(column=column) for word in header])
    for one in sorted(_final(standings), key=lambda one: (one.person.section, one.person.key)):
        table.writerow([f"{value:g}" if isinstance(value, float) else safe(value) for value in line(one)])
    return text.getvalue()


def open_students(standings: Iterable[Standing]) -> list[str]:
    """Return the keys of the students whose points are not final, sorted."""
    final = {one.person.key for one in _final(standings)}
    return sorted({one.person.key for one in standings} - final)


def _final(standings):
    """Return the standings that are final; none of a student with two submissions that no time orders."""
    keys = [one.person.key for one in standings]
    return [one for one in standings if one.status in FINAL and keys.count(one.person.key) == 1]


def _points(standing):
    points = scaled(standing.record, standing.final)
    return "" if points is None else float(points)


def _canvas(one):
    return one.person.name, "", one.person.id, one.person.email, one.person.section, _points(one)


def _moodle(one):
    return one.person.id, one.person.email, _points(one), "; ".join(one.record.problems)


def _gradescope(one):
    return one.person.name, one.person.id, one.person.email, one.person.section, _points(one)


# Canvas: https://community.canvaslms.com, "How do I import grades in the Gradebook?"; ID is Canvas's own number;
# where it is empty the SIS user id decides. Moodle: Grades > Import > CSV file, mapped by id number or e-mail.
# Gradescope: the columns of its own roster and grade files.
SITES = {
    "canvas": (("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "{column}"), _canvas),
    "moodle": (("ID number", "Email address", "{column}", "Feedback"), _moodle),
    "gradescope": (("Name", "SID", "Email", "Sections", "{column}"), _gradescope),
}


def misconceptions(records: Iterable[Record]) -> str:
    """Return a CSV text with a line for each misconception: exercise, what is wrong, how many students, who."""
    found: dict[tuple[str, str], list[str]] = {}
    known = catalogue()
    for record in records:
        for one in record.exercises:
            if one.misconception:
                found.setdefault((one.name, one.misconception), []).append(record.name)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["exercise", "misconception", "what is wrong", "submissions", "names"])
    for (exercise, name), those in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        title = known[name].title if name in known else ""
        table.writerow([exercise, name, safe(title), len(those), " ".join(sorted(those))])
    return text.getvalue()


def entries(
    submissions: Iterable[Submission], left_out: Iterable[LeftOut], people: Mapping[str, Iterable[Person]]
) -> str:
    """Return a CSV text with a line for each entry of an export: which is what, when it came, and who says so.

    Args:
        submissions: Submissions, also those that later ones replace.
        left_out: exports.LeftOut of each entry that is none.
        people: name of a submission -> the Persons who handed it in.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["entry", "submission", "students", "ids", "handed in", "time from", "problems"])
    for one in submissions:
        group = list(people.get(one.name, ()))
        students, ids = "; ".join(each.name for each in group) or one.student, "; ".join(each.id for each in group)
        when = one.submitted or ("late, days unknown" if one.marked_late else "")
        for path in one.paths:
            line = path.name, one.name, students, ids, when, one.time_from, "; ".join(one.problems)
            table.writerow(map(safe, line))
    for other in left_out:
        table.writerow(map(safe, (other.path.name, "", "", "", "", "", f"left out: {other.why}")))
    return text.getvalue()
