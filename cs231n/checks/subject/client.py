"""The code under check as the checks see it: functions to call, objects to make, parameters to read and set.

A check gets a `Subject` and never an object of the student's. Arguments and results travel as copies (see `wire`);
what is opaque, such as the cache of a layer, stays on the other side and is named by a handle. A dict that is
passed as an argument behaves as in a direct call: what the code writes into it is in it afterwards.
"""

from collections.abc import Iterable
from typing import Any

from cs231n.checks.subject.wire import decode, encode

__all__ = ["InProcess", "Subject", "SubjectFailure", "CALL_LIMIT"]

CALL_LIMIT = 5.0  # seconds that a check may take


class SubjectFailure(Exception):
    """The code under check gave no answer.

    Args:
        verdict: not_implemented, error, import_error, crashed, timeout; a grader adds protocol_violation.
        message: what happened, one line.
        frames: [file, line, function, source line] of the student's frames, outermost first.
        module: the module that could not be imported, where that was it.
    """

    def __init__(self, verdict: str, message: str, frames: Iterable[Any] = (), module: str | None = None) -> None:
        super().__init__(message)
        self.verdict, self.message, self.frames, self.module = verdict, message, list(frames), module
        self.case = ""  # the call of a check in which it happened, in words


class Subject:
    """Calls the code under check through a transport.

    Args:
        transport: an object with `reset(limit, exercise)`, called before each check with the seconds it may take,
            and `request(message)`, which takes a dict and returns the reply of `host.Host`.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._loaded: set[str] = set()  # modules that this check has loaded
        # What a wrong forward pass of the student's answered in this check, which compared with its slopes:
        # (arguments, out) of each call, or None where the answer is a random draw.
        self.by_slopes: list[Any] = []

    def reset(self, seed: int, limit: float = CALL_LIMIT, exercise: str | None = None) -> None:
        """Start a check: forget all handles and seed NumPy's global stream on the other side.

        Args:
            seed: of the global stream.
            limit: seconds that the check may take.
            exercise: name of the exercise that is checked; a transport may keep exercises apart by it.
        """
        self.by_slopes = []
        self._loaded.clear()
        self._transport.reset(limit, exercise)
        self._ask(op="reset", seed=seed)

    def call(self, function: str, *args: Any, hold: Any = None, **kwargs: Any) -> Any:
        """Call a function and return its result.

        Args:
            function: "module.name" below cs231n, such as "layers.affine_forward".
            *args, **kwargs: arguments; handles stand for what they name.
            hold: the place in the result, a tuple, of what stays on the other side; a handle comes in its place.
        """
        return self._call(_target(function), args, kwargs, hold)["value"]

    def arguments_after(self, function: str, *args: Any, hold: int | None = None) -> list[Any]:
        """Call a function and return its arguments as they are after the call."""
        return self._call(_target(function), args, {}, hold, send_args=True)["args"]

    def make(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """Make an object of a class and return its handle."""
        return self._call(_target(path), args, kwargs, "all")["value"]

    def method(self, handle: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of an object and return its result."""
        return self._call([handle, name], args, kwargs, None)["value"]

    def method_arguments_after(self, handle: Any, name: str, *args: Any) -> list[Any]:
        """Call a method and return its arguments as they are after the call."""
        return self._call([handle, name], args, {}, None, send_args=True)["args"]

    def keep(self, value: Any) -> Any:
        """Send a value to stay on the other side and return its handle, to pass the same object several times."""
        return self._ask(op="hold", value=value)["value"]

    def get(self, handle: Any, name: str) -> Any:
        """Return an attribute of an object."""
        return self._ask(op="get", handle=handle, name=name)["value"]

    def set(self, handle: Any, name: str, value: Any) -> None:
        """Set an attribute of an object."""
        self._ask(op="set", handle=handle, name=name, value=value)

    def update(self, handle: Any, name: str, items: Any) -> None:
        """Put items into a dict that is an attribute of an object, such as `params`."""
        self._ask(op="update", handle=handle, name=name, items=items)

    def stream(self) -> Any:
        """Return the state of NumPy's global random stream, as a list of arrays."""
        return self._ask(op="stream")["value"]

    def set_stream(self, state: Any) -> None:
        """Set NumPy's global random stream to a state that `stream` returned."""
        self._ask(op="set_stream", state=state)

    def _call(self, target, args, kwargs, hold, send_args=False):
        if isinstance(target, str):
            module = target.split(":")[0]
            if module not in self._loaded:
                self._ask(op="load", module=module)
                self._loaded.add(module)
        reply = self._ask(op="call", target=target, args=args, kwargs=kwargs, hold=hold, send_args=send_args)
        for place, after in reply["dicts"].items():
            args[int(place)].clear()
            args[int(place)].update(after)
        return reply

    def _ask(self, **message):
        reply = self._transport.request(message)
        if "failure" in reply:
            failure = reply["failure"]
            raise SubjectFailure(
                failure["verdict"],
                f"{failure['type']}: {failure['message']}" if failure["message"] else failure["type"],
                failure["frames"],
                failure.get("module"),
            )
        return reply


def _target(path):
    """Return "cs231n.layers:affine_forward" for "layers.affine_forward"."""
    module, name = path.rsplit(".", 1)
    return f"cs231n.{module}:{name}"


class InProcess:
    """A transport to a `host.Host` in this process: no protection from loops and crashes."""

    def __init__(self, host: Any) -> None:
        self.host = host

    def reset(self, limit: float, exercise: str | None = None) -> None:
        """There is no limit to keep here."""

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the host's reply; both travel through the wire format."""
        return decode(encode(self.host.answer(decode(encode(message, layout=True)))))
