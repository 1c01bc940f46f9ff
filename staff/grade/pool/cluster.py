"""Grading on a Dask cluster: the same code as on one machine, on workers that have a checkout of the same version.

Submissions are read here and travel as bytes; workers need no common disk. If a worker dies, what it was at is
graded by another. One that takes too long at a submission is started again, where Dask's nanny watches it, or left
out; another gets that submission, and if it hangs there too, it counts as broken. Workers that fall silent
otherwise are Dask's to notice (`distributed.scheduler.worker-ttl`, five minutes).

The course secret goes to the workers, so that the cluster has to be one that is trusted: use tls:// where others
can listen.
"""

import atexit
import collections
import contextlib
import dataclasses
import functools
import math
import os
import queue
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence

from staff import ROOT
from staff.grade import grading, limits
from staff.grade.intake.exports import Submission
from staff.grade.pool.errors import ClusterError
from staff.grade.record import Record
from staff.grade.sandbox.reference import Reference

try:
    import distributed
except ImportError:
    distributed = None

__all__ = ["grade_all"]

GONE = "the scheduler is gone; run the same command again to continue"
STARTED = "cs231n-grade-started"  # topic of events: a worker has begun with a submission

_LOCK = threading.Lock()  # one submission at a time in each process


def grade_all(
    submissions: Sequence[Submission], setup: grading.Setup, earlier: Callable[[str], Record | None], address: str
) -> Iterator[grading.Graded]:
    """Yield the Graded of each submission, in the order in which they are done.

    Args:
        submissions: Submissions to grade.
        setup: grading.Setup.
        earlier: `earlier(name)` returns a submission's Record of an earlier run, or None.
        address: of the scheduler, such as "tcp://host:8786".

    Raises:
        ClusterError: no scheduler, no workers, or workers without this source or with another version of it.
    """
    if distributed is None:
        raise ClusterError("--scheduler needs Dask: python -m pip install -c constraints.txt -e '.[cluster]'")
    with contextlib.closing(_connect(address)) as client:
        _prepare_workers(client, setup)
        _check_versions(client, setup)
        try:
            yield from _in_turn(client, collections.deque(submissions), setup, earlier)
        except distributed.comm.CommClosedError as error:
            raise ClusterError(GONE) from error


def _connect(address):
    try:
        client = distributed.Client(address, timeout=limits.CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"there is no Dask scheduler at {address}: {error}") from error
    try:
        client.wait_for_workers(1, timeout=limits.CONNECT)
    except TimeoutError as error:
        client.close()
        raise ClusterError(f"the scheduler at {address} has no workers: dask worker {address}") from error
    return client


def _prepare_workers(client, setup):
    try:
        client.register_plugin(_plugin(setup))
    except Exception as error:  # whatever is raised over there comes as this, with its text
        if "No module named" not in str(error):
            raise
        raise ClusterError(
            f"the cluster's machines do not have this source ({error}): start its scheduler and workers in the "
            "repository's folder, by python -m dask"
        ) from error


def _check_versions(client, setup):
    """Refuse a cluster with workers on which the checks, and so the points, would be others."""
    found = client.run(_digest_here, on_error="return")
    digests = {worker: digest for worker, digest in found.items() if isinstance(digest, str)}  # others have died
    if other := sorted(worker for worker, digest in digests.items() if digest != setup.checks):
        raise ClusterError(f"{', '.join(other)}: other checks than here; update the checkout there")


@dataclasses.dataclass
class _Job:
    """A submission on its way: what it is, its future, whether it is the second time, and who is at it.

    `first` is what came the first time, if it was doubtful.
    """

    submission: Submission
    future: "distributed.Future"
    again: bool
    first: grading.Graded | None = None
    worker: str | None = None
    deadline: float = math.inf


def _in_turn(client, waiting, setup, earlier):
    """Keep all workers busy, and yield what they have done; a submission is read when its turn comes."""
    jobs, news, doubtful = {}, queue.SimpleQueue(), []
    patience = limits.PATIENCE * setup.limit + limits.GRACE
    client.subscribe_topic(STARTED, lambda event: news.put(event[1]))
    while waiting or jobs or doubtful:
        if doubtful and not waiting and not jobs:  # once more, alone
            _submit(client, jobs, news, *doubtful.pop())
        most = limits.AHEAD * max(1, sum(client.nthreads().values()))
        while waiting and len(jobs) < most:
            submission = waiting.popleft()
            _submit(client, jobs, news, submission, earlier(submission.name))
        key, worker = _next(client, jobs, news)
        job = jobs.get(key)
        if job is None:
            pass  # cancelled, or another run's
        elif worker:
            job.worker, job.deadline = worker, time.monotonic() + patience
        elif job.future.done():
            graded = _result(jobs.pop(key), setup)
            if graded.doubtful and not job.again:
                doubtful.append((job.submission, None, True, graded))
            else:
                yield grading.settled(job.first, graded) if job.first else graded
        elif time.monotonic() > job.deadline:
            _stop(client, jobs.pop(key))
            if job.again:
                why = f"two workers were stopped at it: no end after {patience:.0f} seconds"
                yield grading.broken(job.submission, setup, why)
            else:
                _submit(client, jobs, news, job.submission, earlier(job.submission.name), again=True)


def _submit(client, jobs, news, submission, earlier, again=False, first=None):
    """Send a submission on its way."""
    key = f"grade-{submission.name}-{uuid.uuid4().hex}"
    contents = grading.contents_of(submission)
    future = client.submit(_grade_there, submission, contents, earlier, key=key, pure=False)
    jobs[key] = _Job(submission, future, again, first)
    future.add_done_callback(lambda done: news.put((done.key, None)))


def _next(client, jobs, news):
    """Return (key, worker that has begun with it, or None if it is done or overdue), after waiting for it."""
    while True:
        first = min(jobs, key=lambda key: jobs[key].deadline)
        patience = jobs[first].deadline - time.monotonic()
        try:
            return news.get(timeout=max(0, min(patience, limits.GLANCE)))
        except queue.Empty:
            if patience <= limits.GLANCE:
                return first, None
        _wait_for_workers(client)


def _wait_for_workers(client):
    try:
        client.wait_for_workers(1, timeout=limits.CONNECT)
    except TimeoutError as error:
        raise ClusterError("no worker is left; start some, and run the same command again to continue") from error


def _stop(client, job):
    """Stop the worker that is at a submission, upon which Dask gives what waits there to others."""
    job.future.cancel()
    until = time.monotonic() + limits.STOP
    # the scheduler has to have heard of it, or it would give this submission to the next worker
    while any(job.future.key in keys for keys in client.processing().values()) and time.monotonic() < until:
        time.sleep(0.05)
    client.sync(
        client.scheduler.restart_workers,
        workers=[job.worker],
        timeout=limits.STOP,
        wait_for_workers=False,
        on_error="return",
        stimulus_id=f"hangs-{job.future.key}",
    )


def _result(job, setup):
    """Return the Graded of a job that is done."""
    if job.future.status == "finished":
        return job.future.result()
    if job.future.status == "error":
        error = job.future.exception()
        why = "".join(traceback.format_exception(type(error), error, job.future.traceback()))
        return grading.broken(job.submission, setup, why)
    raise ClusterError(GONE)


# --- on a worker --------------------------------------------------------------------------------------------

_SETUP = None
_REFERENCE = Reference()
atexit.register(_REFERENCE.close)


def _plugin(setup):
    """Return what prepares every worker, also those that join later."""

    class Prepare(distributed.WorkerPlugin):
        name = "cs231n-grade"

        def setup(self, worker):
            _prepare(setup)

    return Prepare()


def _prepare(setup):
    global _SETUP
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import torch  # the right answers come from it

    torch.set_num_threads(1)
    _SETUP = setup


def _grade_there(submission, contents, earlier):
    """Grade a submission that came as bytes; runs on a worker."""
    if _digest_here() != _SETUP.checks:
        raise ClusterError("this worker has other checks; update the checkout there")
    with _LOCK:
        worker = distributed.get_worker()
        worker.log_event(STARTED, (worker.get_current_task(), worker.address))
        return grading.grade(submission, _SETUP, earlier, _REFERENCE, contents)


@functools.cache
def _digest_here():
    return grading.checks_digest(ROOT)
