"""Processes of ours that grade. One that hangs or dies costs nobody but the submission that it was at."""

import collections
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import wait

from staff.grade import grading, limits
from staff.grade.intake.exports import Submission
from staff.grade.record import Record
from staff.grade.sandbox.reference import Reference

__all__ = ["grade_all", "start_server"]

# A server process imports this once; each worker is a fork of it, which starts at once and shares its memory.
PRELOAD = ["staff.grade.pool.preload"]


def start_server() -> None:
    """Start the process that workers are forks of, which takes seconds; the caller has other things to do."""
    multiprocessing.set_forkserver_preload(PRELOAD)
    forkserver.ensure_running()


def grade_all(
    submissions: Sequence[Submission], setup: grading.Setup, earlier: Callable[[str], Record | None], count: int
) -> Iterator[grading.Graded]:
    """Yield the Graded of each submission, in the order in which they are done.

    Args:
        submissions: Submissions to grade.
        setup: grading.Setup.
        earlier: `earlier(name)` returns a submission's Record of an earlier run, or None.
        count: how many to grade at the same time.
    """
    start_server()
    context = multiprocessing.get_context("forkserver")
    waiting, doubtful = collections.deque(submissions), []
    workers = [_Worker(context, setup) for _ in range(min(count, len(submissions)))]
    try:
        while waiting or any(worker.submission for worker in workers):
            for worker in workers:
                if waiting and worker.submission is None:
                    submission = waiting.popleft()
                    worker.give(submission, earlier(submission.name))
            for submission, graded in _finished(workers):
                if graded.doubtful:
                    doubtful.append((submission, graded))
                else:
                    yield graded
        for submission, first in doubtful:  # once more, alone
            workers[0].give(submission, None)
            while workers[0].submission:
                yield from (grading.settled(first, second) for _, second in _finished(workers))
    finally:
        for worker in workers:
            worker.stop()


def _finished(workers):
    """Yield (submission, Graded) of what workers have done, after waiting until one has, or has died or hung."""
    busy = [worker for worker in workers if worker.submission]
    ends = [end for worker in busy for end in (worker.connection, worker.process.sentinel)]
    ready = wait(ends, max(0, min(worker.deadline for worker in busy) - time.monotonic()))
    for worker in busy:
        if worker.connection in ready or worker.process.sentinel in ready:
            yield worker.submission, worker.take()
        elif time.monotonic() > worker.deadline:
            yield (
                worker.submission,
                worker.give_up(f"the worker was stopped: no end after {worker.patience:.0f} seconds"),
            )


class _Worker:
    """A process that grades one submission after the other, started again when it is gone."""

    def __init__(self, context, setup):
        self._context, self._setup = context, setup
        self.patience = limits.PATIENCE * setup.limit + limits.GRACE
        self._start()

    def _start(self):
        self.submission, self.deadline = None, None
        self.connection, theirs = self._context.Pipe()
        self.process = self._context.Process(target=_serve, args=(theirs, self._setup), daemon=True)
        self.process.start()
        theirs.close()

    def give(self, submission, earlier):
        """Hand over a submission."""
        self.submission, self.deadline = submission, time.monotonic() + self.patience
        try:
            self.connection.send((submission, earlier))
        except OSError:
            pass  # it has died while it was idle, which `take` finds

    def take(self):
        """Return the Graded of the submission, also if the process has died at it."""
        try:
            graded = self.connection.recv() if self.connection.poll() else None
        except (EOFError, OSError):
            graded = None
        if graded is None:
            self.process.join()
            return self.give_up(f"the worker died, exit status {self.process.exitcode}")
        self.submission = None
        return graded

    def give_up(self, why):
        """Return a Graded that says why there is no other, and start a new process."""
        graded = grading.broken(self.submission, self._setup, why)
        self.stop()
        self._start()
        return graded

    def stop(self):
        """End the process; an idle one ends by itself when the connection is closed."""
        self.connection.close()
        if self.submission is None:
            self.process.join(5)
        self.process.kill()
        self.process.join()


def _serve(connection, setup):
    """Grade what comes until the other side closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends its workers
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    with Reference() as reference:
        while True:
            try:
                submission, earlier = connection.recv()
            except EOFError:
                return
            try:
                graded = grading.grade(submission, setup, earlier, reference)
            except Exception:
                graded = grading.broken(submission, setup, traceback.format_exc())
            connection.send(graded)


def _end_with(parent):
    """End this process as soon as the run has ended, killed or not: the next may be going on by then."""
    parent.join()
    os._exit(1)
