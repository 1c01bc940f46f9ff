"""The pages of a run: feedback for each student, and the report of the class."""

from cs231n.checks.mistakes.recognise import catalogue
from cs231n.checks.rubric import load_rubric
from staff.grade.alike.similarity import alike
from staff.grade.pages import manual_pages
from staff.grade.pages.class_report import class_report
from staff.grade.pages.feedback import feedback
from staff.grade.points.lateness import assess

__all__ = ["write"]


def write(output, summary, secret, replaced=(), policy=None, changes=None):
    """Write the pages of a run.

    Args:
        output: Output.
        summary: run.Summary, with records and token hashes.
        secret: the course secret, which the codes of answers depend on.
        replaced: Submissions that a later one of the same student replaces.
        policy: lateness.Policy, or None.
        changes: previous.Changes, or None without an earlier run.
    """
    rubric, known = load_rubric(), catalogue()
    records = sorted(summary.records, key=lambda record: record.name)
    page = class_report(
        records,
        rubric,
        known,
        replaced=replaced,
        policy=policy,
        groups=alike(summary.token_hashes),
        changes=changes,
    )
    students = (
        (record.name, feedback(record, rubric, known, assess(record, policy) if policy else None))
        for record in records
    )
    output.write_pages(students, page)
    output.write_manual(
        manual_pages.pages(records, output.earlier, secret), manual_pages.points_table(records, secret)
    )
