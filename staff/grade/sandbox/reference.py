"""The grader's answers for parts of a submission that do not work: our solution, behind walls of its own.

A broken layer must not take a net's points with it. The net then runs with stubs for the layer, whose calls come
here over the same wire. The arguments of these calls are the submission's, and can be as large and as awkward as
it likes; so the solution runs in a sandbox too, one for this process, with the limits of any other.
"""

import atexit
import functools
from pathlib import Path

import cs231n
from cs231n.checks.rubric import load
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.subject.imports import is_bare
from staff.grade.sandbox.transport import Transport

__all__ = ["Solution", "functions"]

ROOT = Path(cs231n.__file__).resolve().parent.parent
OWN_SLOTS = 2500  # the solution of slot 0 has this one: a user that no submission is
MAX_CALLS = 5000  # of one check
CALL_KEYS = {"op", "target", "args", "kwargs", "hold", "send_args"}


def functions(exercises):
    """Return where the functions of exercises are: "layers.affine_forward" for "affine_forward".

    Raises:
        ValueError: one is no function of `layers` or `optim`.
    """
    paths = []
    for name in exercises:
        exercise = load().exercises.get(name)
        if exercise is None or not is_bare(exercise.module):
            raise ValueError(f"trusted holds {name!r}, expected exercises of cs231n/layers.py or cs231n/optim.py")
        paths.append(f"{exercise.module.removeprefix('cs231n.')}.{name}")
    return tuple(sorted(paths))


@functools.cache
def _sandbox(slot):
    """Return the sandbox of the solution that belongs to a slot; it ends with this process."""
    from staff.grade.sandbox.outside import Sandbox  # not above: that module uses this one

    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in (ROOT / "cs231n").glob("*.py")}
    sandbox = Sandbox(files, slot + OWN_SLOTS)
    atexit.register(sandbox.close)
    return sandbox


class Solution:
    """Answers calls with our solution.

    Args:
        slot: of the sandbox that asks.
    """

    def __init__(self, slot):
        self._transport = Transport(_sandbox(slot))
        self._calls = 0

    def reset(self, limit):
        """Begin a check: caches of another are gone."""
        self._transport.reset(limit, "affine_forward")
        self._transport.request({"op": "reset", "seed": 0})
        self._calls = 0

    def answer(self, message, trusted, deadline):
        """Return the reply to a call.

        Args:
            message: the call, as `Subject` sends it.
            trusted: paths of the functions that may be called.
            deadline: time.monotonic() at which to give up.

        Raises:
            ValueError: the message is no such call.
            TimeoutError: the solution took too long for the arguments.
        """
        self._calls += 1
        if self._calls > MAX_CALLS:
            raise ValueError(f"more than {MAX_CALLS} calls to the grader in one check")
        _check_call(message, trusted)
        try:
            return self._transport.request(message, deadline)
        except SubjectFailure as failure:
            raise TimeoutError(failure.message) from failure


def _check_call(message, trusted):
    """Check that a message is a call of a trusted function, or about the random stream that it draws from."""
    if not isinstance(message, dict):
        raise ValueError("a call that is no dict")
    op = message.get("op")
    if op == "call":
        allowed = {f"cs231n.{path.replace('.', ':')}" for path in trusted}
        fits = (
            set(message) == CALL_KEYS
            and message["target"] in allowed
            and isinstance(message["args"], list | tuple)
        )
        fits = fits and isinstance(message["kwargs"], dict) and message["hold"] in (None, 1)
    else:
        fits = op == "stream" and set(message) == {"op"} or op == "set_stream" and set(message) == {"op", "state"}
    if not fits:
        raise ValueError("a call of something that the grader does not answer")
