"""The side of the code under check: it imports the student's modules and answers calls.

`Host` answers one request at a time. `python cs231n/checks/subject/host.py ROOT STACKS IMPORT_SET` serves requests
from its standard input; its answers go to what was its standard output, so that prints cannot mix with them.
"""

import copy
import faulthandler
import os
import sys
import traceback
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = sys.argv[1]  # the folder that holds cs231n, in place of the one that holds this file

import numpy as np

from cs231n.checks.subject.frames import is_students
from cs231n.checks.subject.imports import Guard
from cs231n.checks.subject.stand_ins import import_module
from cs231n.checks.subject.wire import Handle, decode, encode, read_frame, write_frame

__all__ = ["Host", "encode_reply", "main"]


class Host:
    """Holds the code under check and answers requests about it.

    Args:
        root: folder that holds `cs231n`; frames of a traceback are reported for files below it.
        modules: name -> module, used instead of importing one of that name.
    """

    def __init__(self, root: str | Path, modules: dict[str, Any] | None = None) -> None:
        self.root = Path(root).resolve()
        self.modules = dict(modules or {})
        self.objects: dict[int, Any] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the reply to a request: a dict with `value`, or with `failure` if the code raised something."""
        try:
            return getattr(self, f"_{request.pop('op')}")(**request)
        except _ImportFailed as failed:
            return {"failure": self._failure("import_error", failed.__cause__) | {"module": failed.module}}
        except BaseException as error:  # whatever a student's code raises, SystemExit included
            verdict = "not_implemented" if isinstance(error, NotImplementedError) else "error"
            return {"failure": self._failure(verdict, error)}

    def _reset(self, seed):
        """Forget all objects and seed NumPy's global stream."""
        self.objects.clear()
        np.random.seed(seed)
        return {"value": None}

    def _load(self, module):
        """Import a module."""
        if module not in self.modules:
            try:
                self.modules[module] = import_module(module)
            except BaseException as error:
                raise _ImportFailed(module) from error
        return {"value": None}

    def _call(self, target, args, kwargs, hold, send_args):
        """Call a function, a class or a method.

        Args:
            target: "module:name", or [handle, "method"].
            args, kwargs: arguments; handles stand for objects held here.
            hold: None, the place of what stays here in a result that is a tuple, or "all".
            send_args: whether to return all arguments as they are after the call.
        """
        function = self._find(target)
        dicts = {str(place): arg for place, arg in enumerate(args) if isinstance(arg, dict)}
        args = [self._resolve(arg) for arg in args]
        value = function(*args, **{name: self._resolve(arg) for name, arg in kwargs.items()})
        if hold == "all":
            value = self._keep(value)
        elif hold is not None and isinstance(value, tuple) and hold < len(value):
            value = (*value[:hold], self._keep(value[hold]), *value[hold + 1 :])
        return {"value": value, "dicts": dicts, "args": list(args) if send_args else None}

    def _hold(self, value):
        """Keep a value that was sent and return its handle."""
        return {"value": self._keep(value)}

    def _get(self, handle, name):
        """Return an attribute of an object held here."""
        return {"value": getattr(self._resolve(handle), name)}

    def _set(self, handle, name, value):
        """Set an attribute of an object held here."""
        setattr(self._resolve(handle), name, value)
        return {"value": None}

    def _update(self, handle, name, items):
        """Put items into a dict that is an attribute of an object held here."""
        getattr(self._resolve(handle), name).update(items)
        return {"value": None}

    def _stream(self):
        """Return the state of NumPy's global stream, as two arrays."""
        _, keys, position, has_gauss, gauss = np.random.get_state()
        return {"value": [keys, np.array([position, has_gauss, gauss], np.float64)]}

    def _set_stream(self, state):
        """Set the state of NumPy's global stream to what `_stream` returned."""
        keys, (position, has_gauss, gauss) = state
        np.random.set_state(("MT19937", keys, int(position), int(has_gauss), float(gauss)))
        return {"value": None}

    def _find(self, target):
        if isinstance(target, list):
            return getattr(self._resolve(target[0]), target[1])
        module, name = target.split(":")
        self._load(module)
        return getattr(self.modules[module], name)

    def _keep(self, value):
        """Keep a value here and return its handle."""
        handle = Handle(len(self.objects))
        self.objects[handle] = value
        return handle

    def _resolve(self, value):
        return self.objects[value] if isinstance(value, Handle) else value

    def _failure(self, verdict, error):
        """Return what there is to say about an exception: type, message, frames in the student's files."""
        if isinstance(error, SyntaxError) and error.filename:
            frames = [[self._relative(error.filename), error.lineno or 0, "", (error.text or "").strip()]]
            message = str(error.msg)
        else:
            stack = traceback.extract_tb(error.__traceback__) if error.__traceback__ else []
            names = _qualified_names(error.__traceback__)
            frames = [
                [self._relative(frame.filename), frame.lineno, name, (frame.line or "").strip()]
                for frame, name in zip(stack, names)
                if is_students(frame.filename, self.root)
            ][-20:]
            message = _text(error)
        return {"verdict": verdict, "type": type(error).__name__, "message": message[:2000], "frames": frames}

    def _relative(self, filename):
        path = Path(filename)
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name


class _ImportFailed(Exception):
    """A module could not be imported; the cause says why."""

    def __init__(self, module):
        super().__init__(module)
        self.module = module


def _text(error):
    try:
        return str(error)
    except Exception:  # a student's own exception class may be broken too
        return ""


def _qualified_names(tb):
    """Return the qualified names of the functions of a traceback, outermost first."""
    names = []
    while tb is not None:
        names.append(tb.tb_frame.f_code.co_qualname)
        tb = tb.tb_next
    return names


def main(root: str, stacks: str, import_set: str) -> None:
    """Serve requests until the other side closes; what the code prints and reads goes nowhere.

    Args:
        root: folder that holds `cs231n`.
        stacks: file for the stack of a crash or of code that takes too long.
        import_set: one of `imports.IMPORT_SETS`.
    """
    if import_set != "notebook":
        sys.meta_path.insert(0, Guard(import_set == "bare"))
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    host = Host(root)
    with open(stacks, "w") as stack_file:
        faulthandler.enable(stack_file)
        write_frame(replies, encode("ready"))
        while True:
            try:
                request = decode(read_frame(requests))
            except EOFError:
                return
            limit = request.pop("limit")
            faulthandler.dump_traceback_later(0.9 * limit, file=stack_file)
            reply = host.answer(request)
            body = encode_reply(reply)
            faulthandler.cancel_dump_traceback_later()
            write_frame(replies, body)


def encode_reply(reply: dict[str, Any]) -> bytes:
    """Encode a reply; values of which the encoding itself fails are reported instead."""
    try:
        return encode(copy.copy(reply))
    except Exception as error:  # a student's class in the result, with methods that raise
        failure = {"verdict": "error", "type": type(error).__name__, "message": _text(error), "frames": []}
        return encode({"failure": failure})


if __name__ == "__main__":
    main(*sys.argv[1:])
