"""The roster, and whom of it the entries of an export mean."""

import datetime
from pathlib import Path

import pytest

from staff.grade.intake.exports import Export, LeftOut, Member, Submission
from staff.grade.intake.roster import Called, Person, Roster, groups_of, read_roster, with_claimed
from staff.grade.intake.tables import TableError

ADA = Person("s1", "Ada Lovelace", "ada@example.edu")
EMMY = Person("s2", "Noether, Emmy", "emmy@example.edu")
WEI = Person("s3", "陈伟", "wei@example.edu")
OTHER = Person("s4", "陈伟", "wchen@example.edu")
ROSTER = Roster([ADA, EMMY, WEI, OTHER])


def submission(name, *members, submitted=None, student=""):
    return Submission(Path(name), name, student or name, submitted, members=members)


@pytest.fixture
def table(tmp_path):
    def write(text):
        (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
        return read_roster(tmp_path / "roster.csv")

    return write


def test_a_roster_says_who_where_and_what_is_different_for_whom(table):
    text = "ID;Name;E-Mail;Section;Extension;Late days;Exempt\n1;Ada;a@x;A;3;5;Q3\n"
    one, two = table(f'{text}2;Ben;;;2026-04-27;;"adam; rmsprop"\n').people
    assert (one.id, one.name, one.email, one.section, one.extension, one.bank) == ("1", "Ada", "a@x", "A", 3, 5)
    assert one.exempt == (
        "dropout_forward",
        "dropout_backward",
        "fully_connected_net_dropout",
        "Q3 inline questions",
    )
    assert (two.extension, two.exempt) == (datetime.date(2026, 4, 27), ("rmsprop", "adam"))


@pytest.mark.parametrize(
    "line, said",
    [
        (",Ada,,,", "line 3: id is '', expected what the course site calls the student"),
        ("s1,Ben,,,", "line 3: id s1 is in line 2 too"),
        ("s2,Ben,A@x,,", "line 3: email A@x is in line 2 too"),
        ("s2,Ben,,soon,", "line 3: extension is 'soon', expected days such as 3, or a date such as 2026-04-27"),
        ("s2,Ben,,-1,", "line 3: extension is '-1', expected a number of days"),
        ("s2,Ben,,,Q9", "line 3: exempt is 'Q9', expected questions or exercises such as Q1"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(table, line, said):
    with pytest.raises(TableError, match=said):
        table(f"id,name,email,extension,exempt\ns1,Ada,a@x,,\n{line}\n")


def test_a_roster_without_students_is_refused(table):
    with pytest.raises(TableError, match="has no students"):
        table("id,name\n")


@pytest.mark.parametrize(
    "member, person",
    [
        (Member("A. L.", "ADA@example.edu"), ADA),  # Gradescope
        (Member("lovelaceada", id="90210"), ADA),  # Canvas: family name first, and a number of Canvas's own
        (Member("lovelaceada", id="s2"), ADA),  # which may be another student's id here
        (Member("Emmy Noether", id="77"), EMMY),  # Moodle
        (Member("emmy", id="emmy"), EMMY),  # Blackboard
        (Member("s3"), WEI),  # a plain folder, by id
        (Member("a2-wchen"), OTHER),  # GitHub Classroom
    ],
)
def test_each_form_of_export_leads_to_the_student(member, person):
    assert ROSTER.of(member) == person


def test_a_name_that_two_people_have_leads_to_neither():
    assert not ROSTER.of(Member("陈伟")).listed
    assert ROSTER.of(Member("Eve", "eve@example.edu")) == Person("", "Eve", "eve@example.edu", listed=False)
    assert Roster().of(Member("Eve")) == Person(name="Eve")


def test_where_two_have_a_name_the_course_sites_number_says_who_it_is(table):
    roster = table("id,name,Canvas ID\ns3,Chen Wei,901\ns4,Chen Wei,902\n")
    assert roster.of(Member("weichen", id="902")).id == "s4"
    stranger = roster.of(Member("weichen", id="903"))
    assert not stranger.listed and [one.id for one in roster.namesakes(stranger)] == ["s3", "s4"]


def test_the_gradebook_that_canvas_exports_is_a_roster(table):
    head = "Student,ID,SIS User ID,SIS Login ID,Section,A1 (12)\n    Points Possible,,,,,100\n"
    roster = table(f'{head}"Lovelace, Ada",901,s1,ada,A,90\n"Student, Test",999,,x,,\n')
    assert [(one.id, one.name, one.section, one.site_id) for one in roster.people] == [
        ("s1", "Lovelace, Ada", "A", "901")
    ]
    assert roster.of(Member("someotherspelling", id="901")).id == "s1"


def test_a_file_left_out_is_the_submission_of_the_student_it_is_named_after():
    export = Export(
        (submission("s1"),), tuple(LeftOut(Path(name), "why") for name in ("s1.pdf", "s2.pdf", "x.pdf"))
    )
    found = with_claimed(export, ROSTER)
    assert [one.path.name for one in found.submissions] == ["s1", "s2.pdf"]
    assert [one.path.name for one in found.left_out] == ["s1.pdf", "x.pdf"] and found.found == export.found


def test_one_of_a_pair_may_hand_in_again_for_both():
    pair = (Member("Ada Lovelace"), Member("Emmy Noether"))
    submissions = [
        submission("b", pair[1], submitted="2026-04-02"),
        submission("a", *pair, submitted="2026-04-01"),
    ]
    assert groups_of(submissions, ROSTER) == {"a": (ADA, EMMY), "b": (ADA, EMMY)}
    earlier = [submission("b", pair[1], submitted="2026-03-31"), submissions[1]]
    assert groups_of(earlier, ROSTER)["b"] == (EMMY,)


def test_who_is_absent():
    assert ROSTER.absent(groups_of([submission("x", Member("s1"))], ROSTER).values()) == [EMMY, WEI, OTHER]


def test_a_text_in_a_table_means_one_student_or_a_submission():
    submissions = [
        submission("s-1", Member("s1"), Member("s2"), student="Ada; Emmy"),
        submission("s-2", Member("s3")),
    ]
    called = Called(submissions, groups_of(submissions, ROSTER), ROSTER)
    assert called.submissions("ada@example.edu") == called.submissions("Ada; Emmy") == {"s-1"}
    assert called.keys("s-1") == ("s1", "s2")
    assert called.keys("s4") == ("s4",) and not called.submissions("s4")
    assert called.keys("陈伟") == ()
    assert "2 students are called '陈伟': write the id or e-mail, s3 or s4" in called.unknown("陈伟")
    assert "there is no student or submission 'eve'" in called.unknown("eve")
