"""Read what a student handed in, in a child process that may take so much time and memory and no more.

Code, notebooks and archives are text and bytes to the grader. Some are made so that a parser takes hours or all of
the memory. That then is the end of the child, and the submission's problem alone.
"""

import contextlib
import os
import pickle
import select
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from staff.grade import limits

try:
    import resource
except ImportError:  # Windows, where nothing is graded
    resource = None  # type: ignore[assignment]

__all__ = ["TooMuch", "apart"]


class TooMuch(ValueError):
    """Something takes more time or memory to read than the grader gives; the message says so."""


def apart(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function of ours returns for some arguments, computed in a child process.

    Raises:
        TooMuch: it needs more time or memory than `limits` allow.
        Whatever the function raises.
    """
    for last in (False, True):
        try:
            succeeded, value = _once(function, args)
        except TimeoutError as error:  # by the clock: on a busy machine once more
            if last:
                raise TooMuch(f"takes more than {limits.READING:.0f} seconds to read") from error
            continue
        if succeeded:
            return value
        if isinstance(value, MemoryError):
            raise TooMuch(f"takes more than {limits.READING_BYTES >> 20} MB of memory to read")
        raise value
    raise AssertionError("unreachable")


def _once(function, args):
    """Return (whether it succeeded, what the function returned or raised)."""
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about threads, which the child does not use
        child = os.fork()
    if child == 0:
        try:
            os.close(ours)
            _restrict()
            _answer(theirs, function, args)
        finally:
            os._exit(1)
    os.close(theirs)
    try:
        data = _read(ours, time.monotonic() + limits.PATIENCE * limits.READING)
    finally:
        os.close(ours)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if not data:
        seconds = f"takes more than {limits.READING:.0f} seconds to read"
        code = os.waitstatus_to_exitcode(status)
        raise TooMuch(seconds if code == -signal.SIGXCPU else "cannot be read: the reader ended without an answer")
    return pickle.loads(data)  # of our own code, which read and ran nothing


def _restrict():
    """Limit this process to what it has, and so much more."""
    seconds = int(limits.READING)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    with contextlib.suppress(OSError, ValueError):  # Linux alone says what there is
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + limits.READING_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _answer(theirs, function, args):
    """Write (whether it succeeded, value) and end."""
    try:
        answer = True, function(*args)
    except BaseException as error:
        answer = False, error
    try:
        data = pickle.dumps(answer)
    except MemoryError as error:
        data = pickle.dumps((False, error))
    except Exception:  # an exception of a library that does not travel
        data = pickle.dumps((False, ValueError(str(answer[1])[:1000])))
    with os.fdopen(theirs, "wb") as file:
        file.write(data)
    os._exit(0)


def _read(ours, deadline):
    """Return all that comes until the other side closes.

    Raises:
        TimeoutError: not all of it came in time.
    """
    parts = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([ours], [], [], left)[0]:
            raise TimeoutError("no answer")
        part = os.read(ours, 2**20)
        if not part:
            return b"".join(parts)
        parts.append(part)
