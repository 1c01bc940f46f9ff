"""What graders and instructors look at: how the class did, where it is stuck, and whom to look at."""

import collections
import dataclasses
import statistics

from cs231n.checks.verdicts import Verdict
from staff.grade.alike.similarity import THRESHOLD
from staff.grade.pages import course_tables
from staff.grade.pages.charts import LARGE, SMALL, histogram, strip
from staff.grade.pages.html import plural, points_text, render
from staff.grade.points import previous
from staff.grade.points.course import Course

__all__ = ["class_report"]

BINS = 20  # of the points of everybody
QUESTION_BINS = 10
SLOWEST = 10
STOPPED = ("crashed", "timeout", "protocol_violation", "import_error")


@dataclasses.dataclass(frozen=True)
class _Plot:
    """A histogram with what its table says."""

    title: str
    chart: str
    rows: tuple
    summary: str


def class_report(
    records,
    rubric,
    catalogue,
    *,
    replaced=(),
    course=None,
    groups=None,
    changes=None,
    entries=None,
    marks=(),
    requests=None,
):
    """Return the page of a class as HTML text.

    Args:
        records: Records of the submissions that count.
        rubric: cs231n.checks.rubric.Rubric.
        catalogue: name of a misconception -> Known, with a title.
        replaced: submissions that a later one of the same student replaces: name, student, submitted.
        course: points.course.Course, by which points become those of students; None: one without rules.
        groups: similarity.Groups, or None where similarity was not looked at.
        changes: previous.Changes since an earlier run, or None without one.
        entries: course_tables.Entries of the run, or None.
        marks: what readers gave, as readings.Readings has it.
        requests: (student, exercise) -> text of the regrade requests that are open.
    """
    course = course or Course()
    people = [each for record in records for each in course.standings(record)]
    files = {record.name: record.files for record in records}
    standings = {record.name: course.shared(record) for record in records}
    records = [one.record for one in standings.values()]
    late = {name: one.late for name, one in standings.items()} if course.policy else {}
    points = {name: one.final for name, one in standings.items()}
    return render(
        "report.html",
        isolation=_isolation(records),
        counted=sorted(records, key=lambda record: (-points[record.name], record.name)),
        replaced=replaced,
        replaced_by={record.student: record.name for record in records},
        points=points,
        most=sum(question.points for question in rubric.questions.values()),
        tiles=_tiles(records, points),
        total=_total(points, rubric) if records else None,
        questions=[_question(question, records) for question in rubric.questions.values()] if records else [],
        names=list(rubric.questions),
        by_question={record.name: _by_question(record) for record in records},
        strips={record.name: _strip(record) for record in records},
        heat=_heat(records, rubric),
        columns=[verdict for verdict in Verdict if any(_verdicts(records)[verdict].values())],
        mistakes=_mistakes(records, catalogue),
        slowest=sorted(records, key=lambda record: -record.seconds)[:SLOWEST],
        stopped=_stopped(records, STOPPED),
        broken=_stopped(records, ("grader_error",)),
        unread=[record for record in records if record.files == 0],
        policy=course.policy,
        late=late,
        tardy={name for name, one in late.items() if one.by or one.days or one.submitted is None},
        by_name={record.name: record for record in records},
        groups=groups,
        threshold=THRESHOLD,
        changes=previous.grouped(changes) if changes is not None else None,
        described=previous.described,
        problems=[record for record in records if record.problems],
        remarked=[(record, one) for record in records for one in record.exercises if one.remark],
        entries=entries,
        files=files,
        strangers=[(each.person, each.record) for each in people if not each.person.listed],
        sections=course_tables.by_section([*people, *(entries.absent if entries else ())]),
        read=course_tables.by_reader(marks),
        attempts=course_tables.attempts(entries.submissions, {one.name for one in replaced}, points)
        if entries
        else [],
        requests=requests or {},
    )


def _isolation(records):
    """Return (isolation, number of submissions graded under it), reduced ones first."""
    counts = collections.Counter(record.isolation for record in records)
    return sorted(counts.items(), key=lambda item: (not item[0].startswith("reduced"), item[0]))


def _tiles(records, points):
    """Return (number, its unit or "", what it counts)."""
    exercises = [exercise for record in records for exercise in record.exercises]
    passed = sum(exercise.verdict == "passed" for exercise in exercises)
    return [
        (len(records), "", "submission" if len(records) == 1 else "submissions"),
        (points_text(statistics.median(points.values())) if points else "–", "", "points, median"),
        (points_text(100 * passed / len(exercises), 0) if exercises else "–", " %", "of all exercises passed"),
        (
            sum(all(one.verdict == "passed" for one in record.exercises) for record in records),
            "",
            "passed everything",
        ),
        (sum(record.pending for record in records), "", "wait for a human"),
        (len({name for name, *_ in _stopped(records, STOPPED)}), "", "crashed or were stopped"),
    ]


# --- points -------------------------------------------------------------------------------------------------


def _total(points, rubric):
    """Return the _Plot of everybody's points."""
    most = sum(question.points for question in rubric.questions.values())
    return _plot("Points of all questions", list(points.values()), most, BINS, LARGE)


def _question(question, records):
    """Return the _Plot of a question's points."""
    values = [_by_question(record).get(question.name, 0) for record in records]
    return _plot(f"{question.name} {question.title}", values, question.points, QUESTION_BINS, SMALL)


def _plot(title, values, most, bins, size):
    edges = [most * i / bins for i in range(bins + 1)]
    counts = [0] * bins
    for value in values:
        counts[min(max(int(value * bins / most), 0), bins - 1)] += 1
    median = statistics.median(values)
    quartiles = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [median] * 3
    summary = (
        f"lowest {points_text(min(values))}, quarter {points_text(quartiles[0])}, median {points_text(median)}, "
        f"three quarters {points_text(quartiles[2])}, highest {points_text(max(values))}"
    )
    label = f"Histogram, {title}, {plural(len(values), 'submission')}: {summary}"
    rows = tuple(zip(edges, edges[1:], counts))
    return _Plot(title, histogram(counts, edges, median, label, size), rows, summary)


def _by_question(record):
    totals = collections.Counter()
    for item in (*record.exercises, *record.manual):
        totals[item.question] += 0 if item.exempt else item.earned or 0
    return totals


# --- exercises ----------------------------------------------------------------------------------------------


def _verdicts(records):
    """Return verdict -> exercise -> how many submissions have it."""
    counts = {verdict: collections.Counter() for verdict in Verdict}
    for record in records:
        for exercise in record.exercises:
            counts[exercise.verdict][exercise.name] += 1
    return counts


def _heat(records, rubric):
    """Return (question, ((exercise, verdict -> (count, part of the class)), ...)) for each question."""
    counts = _verdicts(records)
    rows = {name: [] for name in rubric.questions}
    for exercise in rubric.exercises.values():
        of = sum(counts[verdict][exercise.name] for verdict in Verdict)
        if of:
            cells = {
                verdict: (counts[verdict][exercise.name], counts[verdict][exercise.name] / of)
                for verdict in counts
            }
            rows[exercise.question].append((exercise, cells))
    return [(rubric.questions[name], rows[name]) for name in rows if rows[name]]


def _strip(record):
    """Return the verdicts of a submission as a row of small bars."""
    counts = collections.Counter(exercise.verdict for exercise in record.exercises)
    label = ", ".join(f"{counts[verdict]} {verdict.replace('_', ' ')}" for verdict in Verdict if counts[verdict])
    kinds = [Verdict(exercise.verdict).colour for exercise in record.exercises]
    return strip(kinds, label or "nothing graded")


def _mistakes(records, catalogue):
    """Return (title, exercise, records that have it) of each misconception, most common first."""
    found = {}
    for record in records:
        for exercise in record.exercises:
            if exercise.misconception:
                found.setdefault((exercise.misconception, exercise.name), []).append(record)
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        (catalogue[name].title if name in catalogue else name.replace("_", " "), exercise, records)
        for (name, exercise), records in ranked
    ]


def _stopped(records, verdicts):
    """Return (name, student, exercise) of all exercises with one of the verdicts.

    A file that cannot be imported stops all that is in it, and is listed once for each message.
    """
    found = {}
    for record in records:
        for exercise in record.exercises:
            if exercise.verdict in verdicts:
                same = exercise.message if exercise.verdict == "import_error" else exercise.name
                found.setdefault((record.name, exercise.verdict, same), (record.name, record.student, exercise))
    return list(found.values())
