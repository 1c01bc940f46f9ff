"""Feedback that can be sent: a zip archive for each section, and a table for mail merge."""

import csv
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from staff.grade.intake.exports import safe_name
from staff.grade.intake.roster import Person
from staff.grade.points.gradebook import safe
from staff.grade.points.output import Output
from staff.grade.record import Record

__all__ = ["page_name", "write_mailing"]

HEADER = ("email", "name", "id", "section", "file")


def page_name(record: Record, person: Person) -> str:
    """Return the name, without its ending, of a group member's own page."""
    return f"{record.name}--{safe_name(person.key)}"


def write_mailing(output: Output, records: Iterable[Record]) -> None:
    """Write sections/SECTION.zip and mail_merge.csv: for each student the page, whose file is named by the id.

    Args:
        output: Output, whose pages are written.
        records: Records of the submissions that count.
    """
    lines = []
    by_section: dict[str, dict[str, Path]] = {}
    for record in records:
        for standing in output.course.standings(record):
            person = standing.person
            page = output.folder / "feedback" / f"{page_name(record, person)}.html"
            if not page.exists():  # nothing in it is personal, or there is no group
                page = output.folder / "feedback" / f"{record.name}.html"
            lines.append((person.email, person.name or record.student, person.id, person.section, page))
            by_section.setdefault(person.section or "all", {})[f"{safe_name(person.id or page.stem)}.html"] = page
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADER)
    for *words, page in sorted(lines, key=lambda line: (line[3], line[2], line[1])):
        table.writerow([*map(safe, words), page.relative_to(output.folder).as_posix()])
    output.write_table("mail_merge.csv", text.getvalue())
    folder = output.folder / "sections"
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.zip"):
        path.unlink()
    for section, pages in by_section.items():
        with zipfile.ZipFile(folder / f"{safe_name(section)}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, page in sorted(pages.items()):
                # without the time of writing: equal pages are equal archives
                archive.writestr(zipfile.ZipInfo(name), page.read_bytes(), zipfile.ZIP_DEFLATED)
