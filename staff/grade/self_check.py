"""Our own solution as a submission: where it does not get every point, the machine is at fault and no student."""

import dataclasses
import tempfile
import zipfile
from pathlib import Path

from staff.grade.grading import Setup
from staff.grade.intake.exports import Submission
from staff.grade.pool.processes import grade_all

__all__ = ["faults"]


def faults(setup: Setup, scheduler: str | None = None) -> list[str]:
    """Return a line for each exercise at which the solution does not get every point here.

    Args:
        setup: grading.Setup of the run.
        scheduler: address of a Dask scheduler whose workers grade, or None.
    """
    from staff.release.fill import fill

    setup = dataclasses.replace(setup, token_hashes=None)
    with tempfile.TemporaryDirectory(prefix="cs231n-solution-") as folder:
        path = Path(folder, "solution.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in (setup.release | fill(setup.release)).items():
                if name.endswith((".py", ".ipynb")):
                    archive.writestr(name, data)
        solution = [Submission(path, "solution", "our solution")]
        if scheduler:
            from staff.grade.pool import cluster

            [graded] = cluster.grade_all(solution, setup, _nothing, scheduler)
        else:
            [graded] = grade_all(solution, setup, _nothing, 1)
    missed = [one for one in graded.record.exercises if one.earned < one.points]
    return [f"{one.name}: {one.earned:g} of {one.points:g} points, {one.verdict}. {one.message}" for one in missed]


def _nothing(name):
    """Return no Record: nothing is kept of an earlier run."""
