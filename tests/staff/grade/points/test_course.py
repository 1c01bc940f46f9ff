"""What each student gets of a submission."""

import dataclasses

from staff.grade.intake.roster import Person, Roster
from staff.grade.points.bank import Bank
from staff.grade.points.course import Course, scaled
from staff.grade.points.lateness import policy
from staff.grade.points.overrides import Override
from tests.staff.grade.points.test_gradebook import record

DUE = policy("2026-04-24T23:59:59Z", penalty=20)
ADA, BEN = Person("s1", "Ada", bank=1), Person("s2", "Ben")


def late(**more):
    return dataclasses.replace(record(given=1), submitted="2026-04-25T12:00:00Z", **more)


def test_each_of_a_group_pays_from_their_own_late_days():
    course = Course({"a2": (ADA, BEN)}, policy=DUE)
    ada, ben = course.standings(late())
    assert (ada.late.paid, ada.final) == (1, 2)
    assert (ben.late.paid, ben.final) == (0, 1.6)
    assert course.paid([late()]) == {"s1": (1, 1)}
    assert course.shared(late()).person.name == "a2"
    assert [one.person for one in course.personal(late())] == [ADA, BEN]


def test_a_group_without_anything_personal_has_one_page():
    assert Course({"a2": (BEN, Person("s3"))}, policy=DUE).personal(late()) == ()


def test_what_the_bank_has_left_after_other_assignments_pays():
    bank = Bank("a2", {("s1", "a1"): (1, 1, False)})
    [ada] = Course({"a2": (ADA,)}, policy=DUE, bank=bank).standings(late())
    assert (ada.late.paid, ada.late.penalty) == (0, 20)


def test_overrides_count_before_lateness_and_exemptions_leave_sum_and_maximum():
    decided = {("s2", "affine_forward"): Override(0.5, "why"), ("s2", "Q1 training"): Override(None, "ill")}
    [ben] = Course({"a2": (BEN,)}, policy=DUE, decided=decided).standings(late())
    assert (ben.record.earned, ben.final, ben.maximum) == (0.5, 0.4, 1)
    assert scaled(ben.record, ben.final) == 1.2


def test_how_late_may_be_decided_too():
    decided = {("s2", "late days"): Override(0, "the site was down")}
    [ben] = Course({"a2": (BEN,)}, policy=DUE, decided=decided).standings(late())
    assert (ben.late.days, ben.final) == (0, 2)
    marked = dataclasses.replace(late(), submitted=None, marked_late=True)
    assert Course({"a2": (BEN,)}, policy=DUE).shared(marked).status == "pending"
    assert Course({"a2": (BEN,)}, policy=DUE, decided=decided).shared(marked).status == "complete"


def test_the_status_says_what_is_open():
    assert Course().shared(record(given=1)).status == "complete"
    assert Course().shared(record()).status == "pending"
    assert Course().shared(dataclasses.replace(record(given=1), files=0)).status == "pending"
    assert Course().shared(record(verdict="grader_error")).status == "grader_error"
    decided = {("s2", "affine_forward"): Override(1, "why")}
    assert (
        Course({"a2": (BEN,)}, decided=decided).shared(record(verdict="grader_error", given=1)).status
        == "complete"
    )


def test_those_who_handed_in_nothing_have_no_points_and_may_have_a_decision():
    one = record()
    course = Course({"a2": (BEN,)}, Roster([ADA, BEN]), DUE, {("s1", "affine_forward"): Override(1, "on paper")})
    [ada] = course.absent(one.exercises, one.manual)
    assert (ada.person, ada.status, ada.final) == (ADA, "nothing handed in", 1)


def test_where_all_is_exempt_there_is_no_total():
    everything = dict.fromkeys((("s2", "affine_forward"), ("s2", "Q1 training")), Override(None, "ill"))
    [ben] = Course({"a2": (BEN,)}, decided=everything).standings(record())
    assert (ben.maximum, scaled(ben.record, ben.final)) == (0, None)
