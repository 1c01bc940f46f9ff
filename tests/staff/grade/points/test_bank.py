"""Late days of the whole course."""

import pytest

from staff.grade.intake.roster import Person
from staff.grade.intake.tables import TableError
from staff.grade.points.bank import read_bank

ADA = Person("s1", "Ada", bank=4)
HEAD = "student,assignment,days,paid,closed\n"


@pytest.fixture
def bank(tmp_path):
    def read_text(text, assignment="a2", reopen=False):
        (tmp_path / "late_days.csv").write_text(text)
        return read_bank(tmp_path / "late_days.csv", assignment, reopen)

    return read_text


def test_what_other_assignments_took_is_gone_and_what_this_one_took_is_not(bank):
    assert bank(HEAD + "s1,a1,1,1,\ns1,a2,9,3,\ns2,a1,4,4,\n").left(ADA) == 3
    assert bank(HEAD + "s1,a1,9,9,\n").left(ADA) == 0


def test_a_table_that_is_not_there_yet_took_nothing(tmp_path):
    assert read_bank(tmp_path / "late_days.csv", "a2").left(ADA) == 4


def test_a_run_writes_its_own_assignment_anew_and_keeps_the_others(bank):
    before = HEAD + "s1,a1,1,1,yes\ns1,a2,3,3,\ns2,a2,1,1,\n"
    after = bank(before).table({"s1": (2, 2), "s3": (0, 0)})
    assert after == HEAD + "s1,a1,1,1,yes\ns1,a2,2,2,\n"
    assert bank(after).table({"s1": (2, 2), "s3": (0, 0)}) == after


def test_a_closed_assignment_changes_only_when_asked(bank):
    closed = bank(HEAD + "s1,a2,3,3,\n").table({"s1": (1, 1)}, close=True)
    assert closed == HEAD + "s1,a2,1,1,yes\n"
    assert bank(closed).left(ADA) == 1
    assert bank(closed).table({"s1": (4, 4), "s2": (1, 1)}) == closed
    assert bank(closed, reopen=True).left(ADA) == 4
    assert bank(closed, reopen=True).table({"s1": (4, 4)}) == HEAD + "s1,a2,4,4,\n"


@pytest.mark.parametrize(
    "line, said",
    [
        (",a1,1,1,", "line 2: there is no student or no assignment"),
        ("s1,a1,x,1,", "line 2: days 'x' and paid '1', expected whole numbers"),
        ("s1,a1,1,0.5,", "line 2: days '1' and paid '0.5', expected whole numbers"),
        ("s1,a1,1,1,\ns1,a1,1,1,", "line 3: s1 has a line for a1 already"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(bank, line, said):
    with pytest.raises(TableError, match=said):
        bank(HEAD + line + "\n")
