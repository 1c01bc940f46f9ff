"""A run: all submissions graded, each written as soon as it is done, and a summary."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence

from tqdm import tqdm

from staff.grade.grading import Setup
from staff.grade.intake.exports import Submission
from staff.grade.points import manual
from staff.grade.points.output import Output
from staff.grade.points.readings import Points
from staff.grade.pool.processes import grade_all

__all__ = ["Summary", "grade_class"]


@dataclasses.dataclass
class Summary:
    """The result of a run: how many submissions, of them kept from an earlier run, with problems, undecided.

    `records` are without the texts and figures that only readers need, which would fill the memory.
    """

    submissions: int = 0
    kept: int = 0
    with_problems: int = 0
    undecided: int = 0
    isolation: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    records: list = dataclasses.field(default_factory=list)
    token_hashes: dict = dataclasses.field(default_factory=dict)


def grade_class(
    submissions: Sequence[Submission],
    setup: Setup,
    output: Output,
    points: Mapping[tuple[str, str], Points],
    workers: int,
    scheduler: str | None = None,
) -> Summary:
    """Grade submissions and write what comes of each; returns a Summary.

    Args:
        submissions: Submissions to grade.
        setup: grading.Setup.
        output: Output of the run.
        points: what humans gave, (name of a submission, item) -> readings.Points.
        workers: how many to grade at the same time.
        scheduler: address of a Dask scheduler whose workers grade instead, or None.
    """
    summary = Summary()
    if scheduler:
        from staff.grade.pool import cluster

        all_graded = cluster.grade_all(submissions, setup, output.earlier, scheduler)
    else:
        all_graded = grade_all(submissions, setup, output.earlier, workers)
    with tqdm(total=len(submissions), unit="submission", disable=None, smoothing=0) as bar:
        for graded in all_graded:
            earlier = output.earlier(graded.record.name)
            graded = dataclasses.replace(graded, record=manual.with_points(graded.record, points, earlier))
            output.write(graded)
            _count(summary, graded)
            for text in graded.log:
                bar.write(f"{graded.record.name}: the grader broke: {text.strip().splitlines()[-1]}")
            bar.update()
    return summary


def _count(summary, graded):
    summary.submissions += 1
    summary.records.append(_light(graded.record))
    summary.token_hashes[graded.record.name] = graded.token_hashes
    summary.kept += graded.kept
    summary.with_problems += bool(graded.record.problems)
    summary.undecided += any(one.verdict == "grader_error" for one in graded.record.exercises)
    summary.isolation[graded.record.isolation] += 1


def _light(record):
    manual = tuple(dataclasses.replace(item, parts=()) for item in record.manual)
    return dataclasses.replace(record, manual=manual)
