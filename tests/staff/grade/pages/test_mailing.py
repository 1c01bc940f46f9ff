"""Feedback that can be sent."""

import csv
import dataclasses
import zipfile

from staff.grade.intake.roster import Person
from staff.grade.pages.mailing import page_name, write_mailing
from staff.grade.points.course import Course
from staff.grade.points.output import Output
from tests.staff.grade.points.test_gradebook import record

ADA, BEN = Person("s1", "Ada", "ada@x", "A/1"), Person("s2", "=Ben", "ben@x", "B")


def test_each_student_gets_one_page_by_section_and_by_mail(tmp_path):
    output = Output(tmp_path, Course({"pair": (ADA, BEN)}))
    records = [record("pair"), dataclasses.replace(record("alone"), student="Eve")]
    own = page_name(records[0], BEN)
    output.write_pages([("pair", "both"), (own, "Ben's own"), ("alone", "Eve's")], "")
    for _ in range(2):
        write_mailing(output, records)
    read = {}
    for path in (tmp_path / "sections").iterdir():
        with zipfile.ZipFile(path) as archive:
            read[path.name] = {name: archive.read(name).decode() for name in archive.namelist()}
    assert read == {
        "A-1.zip": {"s1.html": "both"},
        "B.zip": {"s2.html": "Ben's own"},
        "all.zip": {"alone.html": "Eve's"},
    }
    with open(tmp_path / "mail_merge.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["email"], line["name"], line["file"]) for line in lines] == [
        ("", "Eve", "feedback/alone.html"),
        ("ada@x", "Ada", "feedback/pair.html"),
        ("ben@x", "'=Ben", f"feedback/{own}.html"),
    ]
