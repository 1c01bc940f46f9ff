"""The grader's answers for parts of a submission that do not work: our solution, behind walls of its own.

A broken layer must not take a net's points with it. The net then runs with stubs for the layer, whose calls come
here over the same wire. The arguments of these calls are the submission's, and can be as large and as awkward as
it likes; so the solution runs in a sandbox too, one for this process, with the limits of any other.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Self

import cs231n
from cs231n.checks.subject.client import SubjectFailure
from staff.grade import limits
from staff.grade.sandbox.sandbox import Sandbox
from staff.grade.sandbox.transport import Transport

__all__ = ["Reference", "Solution"]

ROOT = Path(cs231n.__file__).resolve().parent.parent
# What a submission learns of an exception of the solution: no line, no text and no kind of it.
REFUSAL: dict[str, Any] = {
    "verdict": "error",
    "type": "ValueError",
    "message": "these arguments do not fit this layer",
    "frames": [],
    "module": None,
}
CALL_KEYS = {"op", "target", "args", "kwargs", "hold", "send_args"}


class Reference:
    """Our solution in a sandbox of its own, which starts when it is first needed. Use it in a `with` block."""

    def __init__(self) -> None:
        self._sandbox: Sandbox | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End its sandbox; what is asked for later starts another."""
        if self._sandbox:
            self._sandbox.close()
            self._sandbox = None

    def solution(self) -> "Solution":
        """Return a Solution, for one transport."""
        return Solution(self.transport())

    def transport(self) -> Transport:
        """Return a transport to the whole solved package."""
        if self._sandbox is None:
            package = (ROOT / "cs231n").rglob("*.py")
            self._sandbox = Sandbox({path.relative_to(ROOT).as_posix(): path.read_bytes() for path in package})
        return self._sandbox.transport()


class Solution:
    """Answers calls with our solution.

    Args:
        transport: to the solution's sandbox.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._calls = 0

    def reset(self, limit: float) -> None:
        """Begin a check: caches of another are gone."""
        self._transport.reset(limit, "affine_forward")
        self._transport.request({"op": "reset", "seed": 0})
        self._calls = 0

    def answer(self, message: dict[str, Any], trusted: Collection[str], deadline: float) -> dict[str, Any]:
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
        if self._calls > limits.CALLS_OF_A_CHECK:
            raise ValueError(f"more than {limits.CALLS_OF_A_CHECK} calls to the grader in one check")
        _check_call(message, trusted)
        try:
            reply = self._transport.request(message, deadline)
        except SubjectFailure as failure:
            raise TimeoutError("the solution gives no answer for these arguments") from failure
        return {"failure": REFUSAL} if "failure" in reply else reply


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
