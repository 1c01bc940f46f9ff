"""Grading on a Dask cluster: the same code as on one machine, on workers that have a checkout of the same version.

Submissions are read here and travel as bytes; workers need no common disk. If a worker dies, what it was at is
graded by another. The course secret goes to the workers, so that the cluster has to be one that is trusted: use
tls:// where others can listen.
"""

import collections
import contextlib
import fcntl
import functools
import os
import tempfile
import threading
import traceback
import uuid
from pathlib import Path

from staff import ROOT
from staff.grade import grading, intake
from staff.grade.errors import ClusterError

try:
    import distributed
except ImportError:
    distributed = None

__all__ = ["grade_all"]

CONNECT_LIMIT = 30.0  # seconds until there is a scheduler with a worker
FIRST_SLOT = 100  # of the sandboxes of Dask workers, so that a local run on the same machine has others
AHEAD = 2  # submissions on their way to each thread of a worker

_LOCK = threading.Lock()  # one submission at a time in each process


def grade_all(places, setup, earlier, address):
    """Yield the Graded of each place, in the order in which they are done.

    Args:
        places: Places of submissions.
        setup: grading.Setup.
        earlier: `earlier(name)` returns a submission's Record of an earlier run, or None.
        address: of the scheduler, such as "tcp://host:8786".

    Raises:
        ClusterError: no scheduler, no workers, or workers with another version.
    """
    if distributed is None:
        raise ClusterError("--scheduler needs Dask: python -m pip install -c constraints.txt -e '.[cluster]'")
    with contextlib.closing(_connect(address)) as client:
        client.register_plugin(_plugin(setup))
        _check_versions(client, setup)
        yield from _in_turn(client, collections.deque(places), setup, earlier)


def _connect(address):
    try:
        client = distributed.Client(address, timeout=CONNECT_LIMIT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"there is no Dask scheduler at {address}: {error}") from error
    try:
        client.wait_for_workers(1, timeout=CONNECT_LIMIT)
    except TimeoutError as error:
        client.close()
        raise ClusterError(f"the scheduler at {address} has no workers: dask worker {address}") from error
    return client


def _check_versions(client, setup):
    """Refuse a cluster with workers on which the checks, and so the points, would be others."""
    found = client.run(_digest_here, on_error="return")
    digests = {worker: digest for worker, digest in found.items() if isinstance(digest, str)}  # others have died
    if other := sorted(worker for worker, digest in digests.items() if digest != setup.checks):
        raise ClusterError(f"{', '.join(other)}: other checks than here; update the checkout there")


def _in_turn(client, waiting, setup, earlier):
    """Keep all workers busy, and yield what they have done; a submission is read when its turn comes."""
    running, done = {}, distributed.as_completed(loop=client.loop)
    while waiting or running:
        room = AHEAD * max(1, sum(client.nthreads().values()))
        while waiting and len(running) < room:
            place = waiting.popleft()
            key = f"grade-{place.name}-{uuid.uuid4().hex}"
            data = intake.read(place.path)
            future = client.submit(_grade_there, place, data, earlier(place.name), key=key, pure=False)
            running[key] = place, future
            done.add(future)
        key = next(done).key
        place, future = running.pop(key)
        yield _result(place, future, setup)


def _result(place, future, setup):
    """Return the Graded of a future that is done."""
    if future.status == "finished":
        return future.result()
    if future.status == "error":
        error = future.exception()
        why = "".join(traceback.format_exception(type(error), error, future.traceback()))
        return grading.broken(place, setup, why)
    raise ClusterError("the scheduler is gone; run the same command again to go on where it stopped")


# --- on a worker --------------------------------------------------------------------------------------------

_SETUP = None


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


def _grade_there(place, submission, earlier):
    """Grade a submission that came as bytes; runs on a worker."""
    if _digest_here() != _SETUP.checks:
        raise ClusterError("this worker has other checks; update the checkout there")
    with _LOCK:
        return grading.grade(place, _SETUP, earlier, _slot(), submission)


@functools.cache
def _digest_here():
    return grading.checks_digest(ROOT)


@functools.cache
def _slot():
    """Return a slot that no other process of this machine has, and keep it until this process ends."""
    folder = Path(tempfile.gettempdir(), f"cs231n-slots-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    for slot in range(FIRST_SLOT, FIRST_SLOT + 300):
        file = open(folder / str(slot), "w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        _KEPT.append(file)
        return slot
    raise ClusterError("all slots of this machine are taken")


_KEPT = []  # open files, whose locks last as long as this process
