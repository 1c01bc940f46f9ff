"""The pages of a run: feedback for each student, and the report of the class."""

from cs231n.checks.mistakes.recognise import catalogue
from cs231n.checks.rubric import load_rubric
from staff.grade.alike.similarity import alike
from staff.grade.pages import manual_pages
from staff.grade.pages.class_report import class_report
from staff.grade.pages.course_tables import Entries
from staff.grade.pages.feedback import feedback
from staff.grade.pages.mailing import page_name, write_mailing
from staff.grade.points import overrides, readings

__all__ = ["write"]


def write(output, summary, secret, replaced=(), changes=None, given=None, entries=None):
    """Write the pages of a run; returns the paths of tables of points that are new.

    Args:
        output: Output, with the course.
        summary: run.Summary, with records and token hashes.
        secret: the course secret, which the codes of answers depend on.
        replaced: Submissions that a later one of the same student replaces.
        changes: previous.Changes, or None without an earlier run.
        given: readings.Readings, what the tables of points say.
        entries: course_tables.Entries of the run.
    """
    given, entries = given or readings.Readings(), entries or Entries()
    rubric, known, course = load_rubric(), catalogue(), output.course
    records = sorted(summary.records, key=lambda record: record.name)
    page = class_report(
        records,
        rubric,
        known,
        replaced=replaced,
        course=course,
        groups=alike(summary.token_hashes),
        changes=changes,
        entries=entries,
        marks=given.marks,
        requests=overrides.open_requests(output.folder / "overrides_log.csv"),
    )
    students = (
        (stem, feedback(one.record, rubric, known, one.late))
        for record in records
        for stem, one in _readers(course, record)
    )
    output.write_pages(students, page)
    write_mailing(output, records)
    coded = {code: record.name for code, record in manual_pages.coded(records, secret).items()}
    pages = manual_pages.pages(records, output.earlier, secret)
    return output.write_manual(pages, readings.tables_to_fill(coded, given.rows))


def _readers(course, record):
    """Yield (name of a page, course.Standing): for a submission, and for each of a group whose points differ."""
    yield record.name, course.shared(record)
    for one in course.personal(record):
        yield page_name(record, one.person), one
