"""The trusted end of the wire to a sandbox: deadlines for reads and writes; replies that fit or are refused."""

import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

from cs231n.checks.rubric import load_rubric
from cs231n.checks.subject.client import CALL_LIMIT, SubjectFailure
from cs231n.checks.subject.imports import is_bare
from cs231n.checks.subject.wire import MAX_FRAME, decode, encode
from staff.grade import limits
from staff.grade.sandbox import usage

__all__ = ["Line", "Transport", "check_reply", "paths_of"]

VERDICTS = ("error", "not_implemented", "import_error")  # what the code itself can end with


def paths_of(exercises: Iterable[str]) -> tuple[str, ...]:
    """Return where the functions of exercises are: "layers.affine_forward" for "affine_forward".

    Raises:
        ValueError: one is no function of `layers` or `optim`.
    """
    paths = []
    for name in exercises:
        exercise = load_rubric().exercises.get(name)
        if exercise is None or not is_bare(exercise.module):
            raise ValueError(f"trusted holds {name!r}, expected exercises of cs231n/layers.py or cs231n/optim.py")
        paths.append(f"{exercise.module.removeprefix('cs231n.')}.{name}")
    return tuple(sorted(paths))


class Line:
    """A socket that frames travel on.

    Args:
        end: the socket.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def close(self) -> None:
        """Close the socket."""
        self._end.close()

    def send(self, body: bytes, deadline: float) -> None:
        """Write a frame.

        Args:
            body: its bytes.
            deadline: time.monotonic() at which to give up.

        Raises:
            TimeoutError: the other side does not read.
            OSError: it is gone.
        """
        self._end.settimeout(_left(deadline))
        self._end.sendall(struct.pack("<Q", len(body)) + body)

    def receive(self, deadline: float, more: Callable[[], float] = lambda: 0.0) -> Any:
        """Read a frame and return its value.

        Args:
            deadline: time.monotonic() at which to give up.
            more: says then how many more seconds to wait all the same.

        Raises:
            TimeoutError: nothing, or not all of it, came in time.
            EOFError: the other side has closed.
            ValueError: what came is no frame.
        """
        (length,) = struct.unpack("<Q", self._read(8, deadline, more))
        if length > MAX_FRAME:
            raise ValueError(f"a frame of {length} bytes, expected at most {MAX_FRAME}")
        return decode(self._read(length, deadline, more), layout=False)

    def _read(self, length, deadline, more):
        data = bytearray()
        while len(data) < length:
            try:
                self._end.settimeout(_left(deadline))
                part = self._end.recv(min(length - len(data), 2**20))
            except TimeoutError:
                if not (extra := more()):
                    raise
                deadline = time.monotonic() + extra
                continue
            if not part:
                raise EOFError("the other side has closed the connection")
            data += part
        return bytes(data)


def _left(deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


class Transport:
    """A transport to the code in a sandbox, see `cs231n.checks.subject.Subject`.

    Nothing carries over from one transport to another: with a new one for runs with public seeds, what a run with
    secret seeds has shown to the submission cannot come out in them. Message and frames of a SubjectFailure come
    from the submission, which has seen the inputs: they are cut to size and otherwise as they came, so that
    only those of a run with public seeds may be shown.

    Args:
        sandbox: the Sandbox.
        trusted: names of exercises that the grader answers, forward and backward together.
        solution: a `reference.Solution`, where there are any.
        public: whether all seeds are public, see `Sandbox.transport`.
    """

    def __init__(
        self, sandbox: Any, trusted: Iterable[str] = (), solution: Any = None, public: bool = False
    ) -> None:
        self._sandbox, self._solution, self._public = sandbox, solution, public
        self._trusted = tuple(sorted(trusted))
        self._module: Any = None
        self._process = self._line = self._failure = None
        self._limit = self._left = CALL_LIMIT
        self._more = lambda: 0.0

    def reset(self, limit: float, exercise: str | None = None) -> None:
        """Begin a check.

        Args:
            limit: seconds that the code may take for the requests that follow.
            exercise: name of the exercise that is checked.
        """
        if exercise is None:
            raise ValueError("exercise is None, expected its name, which says which sandbox it runs in")
        self._failure = None
        framework = self._sandbox.framework
        self._module = framework.module if framework else load_rubric().exercises[exercise].module
        self._limit = self._left = limit
        self._more = lambda: 0.0

    def request(self, message: dict[str, Any], deadline: float | None = None) -> dict[str, Any]:
        """Return the reply to a message.

        Args:
            message: a dict, as `Subject` makes it.
            deadline: time.monotonic() at which to give up; default: when the check has used up its limit.

        Raises:
            SubjectFailure: there is none: timeout, crashed, protocol_violation or import_error.
        """
        if message["op"] == "reset":
            return self._begin(message)
        if self._failure:
            raise self._failure
        if message["op"] == "load" and message["module"] == self._module:
            return {"value": None}
        return self._ask(message, self._left if deadline is None else deadline - time.monotonic())

    def _begin(self, message):
        """Fork a process for the check, from the one that holds the module; a second time if a first is stuck."""
        for limit in (limits.FIRST_ANSWER, max(limits.FIRST_ANSWER, self._limit)):
            try:
                self._process = self._sandbox.module_process(self, self._module, self._trusted, self._public)
            except SubjectFailure as refused:
                self._failure = refused
                return {"value": None}
            try:
                self._line = self._process.check()
                if self._solution:
                    self._solution.reset(self._limit)
                reply = self._ask(message, limit, free=True)
                self._failure = None
                self._more = usage.patience(self._sandbox, self._limit)
                return reply
            except OSError:
                failure = self._lost("crashed", "Python ended without an answer")
            except SubjectFailure as error:
                failure = error
        self._sandbox.give_up(self._module, self._trusted, self._public, failure)
        raise failure

    def _ask(self, message, seconds, free=False):
        """Send a message and return the reply, answering what the stubs ask in between."""
        start = time.monotonic()
        try:
            deadline, more = start + max(seconds, 0.01), (lambda: 0.0) if free else self._more
            self._line.send(encode(message, layout=True), deadline)
            while True:
                reply = self._line.receive(deadline, more)
                if not (isinstance(reply, dict) and "ask" in reply and self._solution):
                    return check_reply(message, reply)
                answer = self._solution.answer(reply["ask"], self._trusted, deadline)
                self._line.send(encode(answer, layout=True), deadline)
        except TimeoutError as error:
            raise self._lost("timeout", f"no answer after {self._limit:.3g} seconds") from error
        except (OSError, EOFError) as error:
            raise self._lost("crashed", "Python ended without an answer") from error
        except ValueError as error:
            raise self._lost("protocol_violation", f"what came back is no answer: {error}") from error
        finally:
            if not free:
                self._left -= time.monotonic() - start

    def _lost(self, verdict, message):
        """Give up the module process with the check; the next check gets a new one."""
        self._failure = SubjectFailure(verdict, message)
        self._process.close()
        return self._failure


def check_reply(message: dict[str, Any], reply: Any) -> dict[str, Any]:
    """Return a reply that has the form that `host.Host` gives it.

    Raises:
        ValueError: it has another.
    """
    if not isinstance(reply, dict):
        raise ValueError("a reply that is no dict")
    if "failure" in reply:
        return {"failure": _failure(reply["failure"])}
    if "value" not in reply:
        raise ValueError("a reply without a value")
    if message["op"] == "call":
        _check_arguments(message, reply)
    return reply


def _check_arguments(message, reply):
    """Check what a reply says about the arguments after a call."""
    dicts, args = reply.get("dicts"), reply.get("args")
    expected = {str(place) for place, arg in enumerate(message["args"]) if isinstance(arg, dict)}
    if not isinstance(dicts, dict) or set(dicts) != expected:
        raise ValueError("a reply with other dicts than were sent")
    if not all(isinstance(value, dict) for value in dicts.values()):
        raise ValueError("a reply with something else in place of a dict")
    if message["send_args"] and not (isinstance(args, list) and len(args) == len(message["args"])):
        raise ValueError("a reply with other arguments than were sent")


def _failure(failure):
    """Return the description of an exception, cut to size."""
    if not isinstance(failure, dict) or failure.get("verdict") not in VERDICTS:
        raise ValueError("a failure of no known kind")
    kind, message, frames, module = (failure.get(name) for name in ("type", "message", "frames", "module"))
    if not (isinstance(kind, str) and isinstance(message, str) and isinstance(frames, list)):
        raise ValueError("a failure without a description")
    if not isinstance(module, str | None) or not all(map(_is_frame, frames)):
        raise ValueError("a failure with frames that are none")
    frames = [[file[:200], line, function[:200], source[:200]] for file, line, function, source in frames[-20:]]
    cut = {"type": kind[:100], "message": message[:2000], "frames": frames}
    return {"verdict": failure["verdict"], **cut, "module": module}


def _is_frame(frame):
    return isinstance(frame, list) and [type(part) for part in frame] == [str, int, str, str]
