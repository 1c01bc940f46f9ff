"""The late policy: time zones, grace, days, and which of two submissions counts."""

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pytest

from staff.grade.intake.exports import Submission
from staff.grade.intake.roster import Called, Roster, groups_of
from staff.grade.intake.tables import TableError
from staff.grade.points.lateness import PolicyError, assess, latest, policy, with_times
from tests.staff.grade.made_up import make_record

DUE = "2026-04-24T23:59:59-07:00"


def handed_in(submitted, name="s1", student="Ada"):
    return make_record(np.random.default_rng(0), name, student, 0.9, submitted=submitted)


def assessed(submitted, **options):
    return assess(handed_in(submitted), policy(DUE, **options))


@pytest.mark.parametrize(
    ("submitted", "days"),
    [
        ("2026-04-20T12:00:00-07:00", 0),
        ("2026-04-24T23:59:59-07:00", 0),
        ("2026-04-25T00:14:59-07:00", 0),  # the last second of the grace
        ("2026-04-25T00:15:00-07:00", 1),
        ("2026-04-26T00:14:59-07:00", 1),
        ("2026-04-26T00:15:00-07:00", 2),
    ],
)
def test_days_are_counted_from_the_end_of_the_grace(submitted, days):
    late = assessed(submitted, grace=15, penalty=10)
    assert late.days == days
    assert late.penalty == 10 * days
    assert late.after == pytest.approx(late.before * (1 - days / 10))


@pytest.mark.parametrize(
    "submitted",
    [
        "2026-04-25T06:59:59+00:00",
        "2026-04-25T06:59:59Z",
        "2026-04-25T08:59:59+02:00",
        "2026-04-25T12:29:59+05:30",
    ],
)
def test_the_same_moment_in_any_zone_is_in_time(submitted):
    late = assessed(submitted, penalty=10)
    assert late.days == 0
    assert late.submitted.isoformat() == DUE
    assert late.text == "in time"


def test_a_second_later_in_another_zone_is_late():
    assert assessed("2026-04-25T09:00:00+02:00", penalty=10).days == 1


def test_a_change_of_the_clocks_gives_no_hour():
    due = policy("2026-03-07T23:30:00-08:00", penalty=10)  # the clocks go forward in the night
    assert assess(handed_in("2026-03-09T00:30:00-07:00"), due).days == 1
    assert assess(handed_in("2026-03-09T00:30:01-07:00"), due).days == 2


def test_a_penalty_never_takes_more_than_there_is():
    late = assessed("2026-06-01T00:00:00Z", penalty=30)
    assert late.penalty == 100
    assert late.after == 0


def test_nothing_is_earned_after_the_last_day():
    assert assessed("2026-04-27T20:00:00-07:00", penalty=10, max_days=3).penalty == 30
    late = assessed("2026-04-28T00:00:00-07:00", penalty=10, max_days=3)
    assert (late.days, late.penalty, late.after) == (4, 100, 0)


def test_a_submission_without_a_time_is_in_time_and_says_so():
    late = assessed(None, penalty=10)
    assert (late.days, late.after) == (0, late.before)
    assert "no submission time known" in late.text


@pytest.mark.parametrize(
    ("submitted", "words"),
    [
        ("2026-04-25T00:00:00-07:00", "1 s late, within the grace"),
        ("2026-04-25T03:30:00-07:00", "3 h 30 min late"),
        ("2026-04-26T01:00:00-07:00", "1 day 1 h late"),
        ("2026-04-27T00:00:00-07:00", "2 days late"),
    ],
)
def test_how_late_is_said_in_words(submitted, words):
    assert assessed(submitted, grace=5).text == words


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"deadline": "2026-04-24T23:59:59"}, "has no time zone; add --timezone NAME"),
        ({"deadline": "2026-04-24"}, "has no time zone"),
        ({"deadline": "tomorrow"}, "expected ISO 8601"),
        ({"grace": -1}, "--grace-minutes is -1"),
        ({"grace": float("nan")}, "--grace-minutes is nan"),
        ({"penalty": 101}, "penalty is 101"),
        ({"penalty": float("nan")}, "penalty is nan"),
        ({"max_days": -1}, "--zero-after-days is -1"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(values, said):
    with pytest.raises(PolicyError, match=said):
        policy(**{"deadline": DUE} | values)


def test_a_policy_says_what_it_does():
    text = policy(DUE, 15, 10, 1).text
    assert text == (
        "Due Friday, 24 April 2026, 23:59:59 (UTC-07:00), 15 min of grace, 10 % of the points earned for each day "
        "begun after that, submissions more than 1 day late get 0 points."
    )


def test_the_latest_submission_of_a_student_counts_whatever_its_zone():
    first = handed_in("2026-04-24T20:00:00-07:00", "a")
    second = handed_in("2026-04-25T04:00:00+00:00", "b")  # 21:00 in the zone of the first
    other = handed_in("2026-04-01T00:00:00Z", "c", "Ben")
    assert latest([second, first, other]) == ([second, other], [first])


def test_a_submission_without_a_time_counts_only_alone():
    known, unknown = handed_in("2026-04-24T20:00:00Z", "a"), handed_in(None, "b")
    assert latest([unknown, known]) == ([unknown, known], [])
    assert latest([unknown]) == ([unknown], [])


def test_of_equally_late_submissions_the_choice_does_not_depend_on_their_order():
    one, two = handed_in(DUE, "a"), handed_in(DUE, "b")
    assert latest([one, two]) == latest([two, one]) == ([two], [one])


def test_a_time_without_a_zone_in_a_record_is_an_error_and_not_a_guess():
    with pytest.raises(ValueError, match="with its time zone"):
        latest([handed_in("2026-04-24T20:00:00"), handed_in(DUE, "b")])
    assert dataclasses.is_dataclass(policy(DUE)) and policy(DUE).deadline.utcoffset() == datetime.timedelta(
        hours=-7
    )


# --- the zone of the course, extensions, late days --------------------------------------------------------------

ZONE = "America/Los_Angeles"


@pytest.mark.parametrize(
    ("due", "submitted", "days"),
    [
        ("2026-03-07T23:30", "2026-03-08T23:30:00-07:00", 1),  # the clocks went forward: a day of 23 hours
        ("2026-03-07T23:30", "2026-03-08T23:30:01-07:00", 2),
        ("2026-10-31T23:30", "2026-11-01T23:30:00-08:00", 1),  # they went back: a day of 25 hours
        ("2026-10-31T23:30", "2026-11-01T23:30:01-08:00", 2),
        ("2026-03-07T02:30", "2026-03-08T03:30:00-07:00", 1),  # 02:30 is not on the clocks of the next day
        ("2026-10-31T01:30", "2026-11-01T01:30:00-08:00", 1),  # 01:30 is there twice
    ],
)
def test_a_day_of_lateness_ends_at_the_time_of_day_of_the_deadline(due, submitted, days):
    rule = policy(due, penalty=10, timezone=ZONE)
    assert assess(handed_in(submitted), rule).days == days


def test_a_deadline_with_an_offset_is_read_in_the_zone_of_the_course():
    assert policy("2026-04-25T06:59:59Z", timezone=ZONE).deadline.isoformat() == DUE
    with pytest.raises(PolicyError, match="--timezone is 'Mars', expected a name such as America/Los_Angeles"):
        policy(DUE, timezone="Mars")


@pytest.mark.parametrize(
    ("extension", "days"),
    [
        (1, 2),
        (3, 0),
        (datetime.date(2026, 4, 26), 1),
        (datetime.datetime(2026, 4, 27, 12), 0),
        (datetime.date(2026, 4, 1), 3),  # never earlier than for the others
    ],
)
def test_an_extension_counts_before_anything_else(extension, days):
    rule = policy("2026-04-24T23:59:59", penalty=10, timezone=ZONE)
    late = assess(handed_in("2026-04-27T10:00:00-07:00"), rule, extension)
    assert (late.days, late.penalty) == (days, 10 * days)


def test_late_days_pay_and_what_is_short_is_charged():
    record, rule = handed_in("2026-04-27T10:00:00-07:00"), policy(DUE, penalty=10)
    late = assess(record, rule, bank=2)
    assert (late.days, late.paid, late.penalty) == (3, 2, 10)
    assert late.text == "2 days 10 h late, 2 days of it paid by late days"
    assert assess(record, rule, extension=1, bank=5).paid == 2


def test_late_days_do_not_pay_for_what_is_too_late_anyway():
    late = assess(handed_in("2026-04-27T10:00:00-07:00"), policy(DUE, max_days=2), bank=5)
    assert (late.paid, late.after) == (0, 0)


def test_a_mark_without_a_time_costs_nothing_until_somebody_says_how_late():
    record = dataclasses.replace(handed_in(None), marked_late=True)
    late = assess(record, policy(DUE, penalty=10))
    assert late.unknown and late.after == late.before
    assert "marked as late, but not how late" in late.text
    late = assess(record, policy(DUE, penalty=10), days=2)
    assert (late.unknown, late.days, late.penalty, late.text) == (
        False,
        2,
        20,
        "2 days late, as the staff decided",
    )


def test_where_no_file_could_be_read_nobody_is_late():
    record = dataclasses.replace(handed_in("2026-04-27T10:00:00-07:00"), files=0)
    late = assess(record, policy(DUE, penalty=10), bank=3)
    assert (late.days, late.paid, late.penalty) == (0, 0, 0)


# --- times in a table -------------------------------------------------------------------------------------------


def timed(tmp_path, text):
    """Return the submitted times that a table gives to a class of two."""
    (tmp_path / "times.csv").write_text(text)
    submissions = [Submission(Path(name), name, name, marked_late=True) for name in ("ada", "ben")]
    called = Called(submissions, groups_of(submissions, Roster()), Roster())
    return [submission.submitted for submission in with_times(submissions, tmp_path / "times.csv", called, ZONE)]


def test_times_come_from_a_table(tmp_path):
    text = "student;time\nada;2026-04-25 00:00:01\n;\n"
    assert timed(tmp_path, text) == ["2026-04-25T07:00:01+00:00", None]


def test_times_come_from_moodles_worksheet(tmp_path):
    head = "Identifier,Full name,Email address,Status,Last modified (submission),Last modified (grade)\n"
    text = 'Participant 1,Ada,ada@x.edu,Submitted,"Saturday, 25 April 2026, 12:01 AM",-\nParticipant 2,ben,,,-,-\n'
    assert timed(tmp_path, head + text) == ["2026-04-25T07:01:00+00:00", None]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("eve,2026-04-25", "line 2: there is no student or submission 'eve'"),
        ("ada,soon", "line 2: time is 'soon', expected ISO 8601"),
        ("ada,2026-04-25T01:00\nada,2026-04-26T01:00", "line 3: ada has another time in this file already"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_with_its_line(tmp_path, line, said):
    with pytest.raises(TableError, match=said):
        timed(tmp_path, f"student,time\n{line}\n")


def test_the_latest_counts_for_each_student_of_a_group():
    pair, alone = handed_in("2026-04-20T00:00:00Z", "pair"), handed_in("2026-04-21T00:00:00Z", "alone")
    assert latest([pair, alone], {"pair": ("a", "b"), "alone": ("a",)}) == ([pair, alone], [])
    assert latest([pair, alone], {"pair": ("a", "b"), "alone": ("a", "b")}) == ([alone], [pair])
