"""Tables for course sites, and of misconceptions."""

import dataclasses

import pytest

from cs231n.checks.mistakes.recognise import catalogue
from staff.grade.intake.roster import Person
from staff.grade.points.course import Course
from staff.grade.points.site_tables import misconceptions, open_students, site_table
from tests.staff.grade.points.test_gradebook import record

ADA, BEN = Person("s1", "Ada", "ada@x", "A"), Person("s2", "=Ben", "ben@x", "B")
STANDINGS = [
    *Course({"a2": (ADA, BEN)}).standings(record(given=1.5)),
    *Course({"b": (Person("s3"),)}).standings(record("b")),
]


@pytest.mark.parametrize(
    "site, lines",
    [
        (
            "canvas",
            ["Student,ID,SIS User ID,SIS Login ID,Section,A2", "Ada,,s1,ada@x,A,2.5", "'=Ben,,s2,ben@x,B,2.5"],
        ),
        ("moodle", ["ID number,Email address,A2,Feedback", "s1,ada@x,2.5,", "s2,ben@x,2.5,"]),
        ("gradescope", ["Name,SID,Email,Sections,A2", "Ada,s1,ada@x,A,2.5", "'=Ben,s2,ben@x,B,2.5"]),
    ],
)
def test_each_site_gets_its_columns_and_points_that_are_final(site, lines):
    assert site_table(site, STANDINGS, "A2").splitlines() == lines
    assert open_students(STANDINGS) == ["s3"]


def test_of_two_submissions_that_no_time_orders_none_is_final():
    twice = Course({"x": (ADA,), "y": (ADA,)})
    standings = [one for name in "xy" for one in twice.standings(record(name, given=1))]
    assert site_table("moodle", standings, "A2").splitlines()[1:] == []


def test_misconceptions_are_counted_most_common_first():
    name, known = next(iter(catalogue().items()))
    one = record()
    wrong = dataclasses.replace(one.exercises[0], name=known.exercise, misconception=name)
    other = dataclasses.replace(wrong, misconception="unknown")
    records = [
        dataclasses.replace(one, exercises=(wrong,)),
        dataclasses.replace(one, name="b", exercises=(wrong, other)),
    ]
    _, first, second = misconceptions(records).splitlines()
    assert first.startswith(f"{known.exercise},{name},") and first.endswith(",2,a2 b")
    assert second == f"{known.exercise},unknown,,1,b"
