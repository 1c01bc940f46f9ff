"""A sandboxed process that has imported a module, and forks for each check."""

import socket
import time
from collections.abc import Callable

from cs231n.checks.subject.client import SubjectFailure
from staff.grade.sandbox.transport import Line, Transport, check_reply

__all__ = ["ModuleProcess"]


class ModuleProcess:
    """A process that has imported a module.

    Args:
        owner: the transport that it belongs to.
        key: module and trusted functions.

    Attributes:
        closed: whether it must not be used again.
    """

    def __init__(self, owner: Transport | None, key: tuple[str, tuple[str, ...]]) -> None:
        self.owner, self.key = owner, key
        self.closed = False
        self._orders, self.theirs = socket.socketpair()
        self._line: Line | None = None

    def check(self) -> Line:
        """Return the Line to a new fork of it; the one before ends."""
        if self._line:
            self._line.close()
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        with theirs:
            self._orders.settimeout(1.0)
            socket.send_fds(self._orders, [b"c"], [theirs.fileno()])
        return self._line

    def imported(self, module: str, limit: float, more: Callable[[], float]) -> None:
        """Wait for the news of the import, for so many seconds, and `more()` where that is not enough.

        Raises:
            SubjectFailure: the module cannot be imported.
        """
        try:
            reply = check_reply({"op": "load"}, Line(self._orders).receive(time.monotonic() + limit, more))
        except TimeoutError as error:
            raise _import_failure("timeout", module, f"no answer after {limit:.3g} seconds") from error
        except (OSError, EOFError) as error:
            raise _import_failure("crashed", module, "Python ended without an answer") from error
        except ValueError as error:
            raise _import_failure("protocol_violation", module, f"what came back is no answer: {error}") from error
        if failure := reply.get("failure"):
            message = f"{failure['type']}: {failure['message']}" if failure["message"] else failure["type"]
            raise SubjectFailure(failure["verdict"], message, failure["frames"], failure["module"])

    def close(self) -> None:
        """Let it end; what it leaves behind is killed when the next one opens."""
        self.closed = True
        for end in (self._orders, self.theirs, self._line):
            if end:
                end.close()


def _import_failure(verdict: str, module: str, message: str) -> SubjectFailure:
    return SubjectFailure(verdict, f"while importing {module}: {message}", module=module)
