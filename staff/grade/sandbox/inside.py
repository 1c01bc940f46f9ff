"""The inside of a sandbox: it imports a submission's modules and answers calls.

Three kinds of process, each a fork of the one before:

- the starter has imported NumPy and nothing of the submission; where it is the first process of its own process
  namespace, nobody in there can stop or kill it. It kills whatever is left and forks a module process, on demand.
- a module process has imported one module of the submission; it forks for each check.
- a check answers the calls of one check through a socket of its own, so that neither a forged answer nor a process
  that stays behind can reach the next.

Everything here may be in the hands of the submission, the starter aside: nothing that comes out is trusted.
"""

import builtins
import contextlib
import ctypes
import functools
import gc
import importlib
import inspect
import json
import os
import resource
import shutil
import signal
import socket
import sys
from pathlib import Path

__all__ = ["Stubs", "main"]

PR_SET_DUMPABLE = 4
MANY_FILES = 1000  # in the scratch folder, beyond which the sandbox ends: that removes them at once
ORDER = 2**16  # bytes of an order to open a module process

DRAWING = ("layers.dropout_forward",)  # what draws from NumPy's global stream


def main(folder, control, settings):
    """Prepare this process and fork module processes until the other side closes.

    Args:
        folder: holds `grader` (the modules of ours that are needed here), `site` (NumPy), `tree` (the submission)
            and `blank` (modules of the release, for those of the submission that cannot be imported).
        control: number of the descriptor that orders come from.
        settings: JSON object: `scratch`, the only folder that can be written to; `bare`; `user`, the id to become,
            or None; `contained`, whether this is the first process of a namespace of its own; `limits`, the
            resource limits by name; `packages`, what is imported first beside NumPy; `separate`, whether to make
            such a namespace here; `files`, arguments of `walls.close_files`, or None where there is no Landlock;
            `closed`, whether the interpreter is out of the user's reach.
    """
    settings = json.loads(settings)
    sys.path[:0] = [f"{folder}/grader"]
    import walls  # of this folder

    if settings["separate"]:
        settings["contained"] = walls.separate() or sys.exit("no namespaces here")
    control = socket.socket(fileno=int(control))
    if settings["user"] is not None:  # limits on the number of processes do not hold for root, and count by user
        walls.become(settings["user"], settings["closed"])
    sys.path[:1] = [f"{folder}/grader", f"{folder}/site"]
    import numpy.fft  # before anything of the submission, with what NumPy itself imports late, once for all checks
    import numpy.linalg
    import numpy.ma
    import numpy.random  # noqa: F401
    import seccomp  # of this folder

    for package in settings["packages"]:
        importlib.import_module(package)
    import cs231n.checks.notebooks.program  # ours, and `cs231n` itself will be the submission's
    import cs231n.checks.subject.host  # noqa: F401
    from cs231n.checks.subject.imports import Guard

    del sys.modules["cs231n"]
    sys.path[:2] = [f"{folder}/tree", f"{folder}/site"]
    if not settings["packages"]:
        sys.meta_path.insert(0, Guard(settings["bare"]))
    os.chdir(settings["scratch"])
    _restrict(settings["limits"])
    nowhere = os.open(os.devnull, os.O_RDWR)
    if settings["files"]:
        walls.close_files(**settings["files"])
    seccomp.install_filter()
    gc.freeze()  # what is there already is never collected, so that forks share it
    control.send(b"ready")
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    _fork_on_order(control, Path(folder), settings)


def _restrict(limits):
    """Set the limits, and let no process of this user look into this one or its forks."""
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is not None:
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(number, (value, value))
    with contextlib.suppress(AttributeError):  # Linux only
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _fork_on_order(control, folder, settings):
    """Fork a module process for each order; the one before ends with all it started."""
    sweep = _Sweep(settings["contained"], settings["scratch"])
    while True:
        data, channels, _, _ = socket.recv_fds(control, ORDER, 1)
        sweep()
        if not data:
            return
        order = json.loads(data)
        sweep.child = os.fork()
        if sweep.child == 0:
            with _the_end():
                control.close()
                os.setsid()
                _module_process(socket.socket(fileno=channels[0]), folder, sweep, **order)
        os.close(channels[0])
        control.send(b"open")


@contextlib.contextmanager
def _the_end():
    """End this process after the block, whatever happens in it."""
    try:
        yield
    finally:
        os._exit(0)


class _Sweep:
    """Kills what a module process or a check left behind, and empties the scratch folder.

    Args:
        contained: whether this is a process namespace of its own.
        scratch: the folder.
    """

    def __init__(self, contained, scratch):
        self.contained, self.scratch = contained and os.getpid() == 1, scratch
        self.child = None

    def __call__(self):
        """Kill every process but the first one and the one that calls this."""
        if self.contained:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        elif self.child:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1 if self.contained else self.child or -1, 0):
                pass
        self.child = None
        if not _empty(self.scratch):
            sys.exit("the scratch folder cannot be emptied")  # upon which the whole sandbox starts anew


def _empty(folder):
    """Remove what is in a folder, whatever modes it has; returns whether that worked, and was worth the time."""
    if not os.listdir(folder):
        return True
    if _count(folder) > MANY_FILES:
        return False
    for here, folders, _ in os.walk(folder):
        for name in folders:
            with contextlib.suppress(OSError):
                if not os.path.islink(path := os.path.join(here, name)):
                    os.chmod(path, 0o700)
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError, RecursionError):
                shutil.rmtree(entry.path)
        else:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
    return not os.listdir(folder)


def _count(folder):
    """Return how many files and folders there are, or a number beyond MANY_FILES."""
    count = 0
    for _, folders, names in os.walk(folder):
        count += len(folders) + len(names)
        if count > MANY_FILES:
            break
    return count


def _module_process(channel, folder, sweep, module, trusted, held, blank):
    """Import a module and fork for each check.

    Args:
        channel: socket that the import is reported on, and that the sockets of checks come from.
        folder: as in `main`.
        sweep: _Sweep.
        module: name of the module.
        trusted: names of the functions that the grader answers, such as "layers.affine_forward".
        held: those of them whose cache stays with the grader.
        blank: names of modules to take from the release in place of the submission.
    """
    from cs231n.checks.subject.host import Host, encode_reply

    sweep.child = None
    for name in blank:
        _load(name, folder / "blank")
    stubs = Stubs(trusted, held)
    host = Host(folder / "tree")
    reply = stubs.put(host) or host.answer({"op": "load", "module": module})
    _send(channel, encode_reply(reply))
    while True:
        data, sockets, _, _ = socket.recv_fds(channel, 1, 1)
        if not data:
            return
        sweep()
        sweep.child = os.fork()
        if sweep.child == 0:
            with _the_end():
                channel.close()
                if not sweep.contained:
                    os.setsid()
                _check(host, stubs, sockets[0])
        os.close(sockets[0])


def _load(name, folder):
    """Import a module from a folder, whatever sys.path says."""
    import importlib.util

    path = folder / Path(*name.split(".")).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def _send(channel, body):
    from cs231n.checks.subject.wire import write_frame

    with channel.dup().makefile("wb") as file:
        write_frame(file, body)


def _check(host, stubs, descriptor):
    """Answer requests until the other side closes."""
    from cs231n.checks.subject.host import encode_reply
    from cs231n.checks.subject.wire import decode, read_frame, write_frame

    with os.fdopen(descriptor, "rb") as requests, os.fdopen(os.dup(descriptor), "wb") as replies:
        stubs.connect(requests, replies)
        while True:
            try:
                request = decode(read_frame(requests))
            except EOFError:
                return
            write_frame(replies, encode_reply(host.answer(request)))


class Stubs:
    """Functions that stand in a module for those of the submission, and ask the grader.

    Args:
        names: such as "layers.affine_forward".
        held: those of them whose cache is opaque and stays with the grader; others return one of a fixed form.
    """

    def __init__(self, names, held=()):
        self.names, self.held = names, held
        self._requests = self._replies = None

    def put(self, host):
        """Put the stubs into their modules; returns a reply with a failure if one cannot be imported."""
        for name in self.names:
            module, function = name.rsplit(".", 1)
            reply = host.answer({"op": "load", "module": f"cs231n.{module}"})
            if "failure" in reply:
                return reply
            module = sys.modules[f"cs231n.{module}"]
            setattr(module, function, self._stub(name, getattr(module, function)))
        return None

    def connect(self, requests, replies):
        """Send calls over these files from now on."""
        self._requests, self._replies = requests, replies

    def reset(self, limit, exercise=None):
        """Do nothing: time is kept on the other side."""

    def request(self, message):
        """Return the grader's reply to a message; this makes a transport for a Subject of the stubs."""
        from cs231n.checks.subject.wire import decode, encode, read_frame, write_frame

        if message["op"] == "load":
            return {"value": None}
        write_frame(self._replies, encode({"ask": message}))
        return decode(read_frame(self._requests))

    def _stub(self, name, original):
        """Return the function that asks for another; `original` has the signature."""
        from cs231n.checks.subject.client import Subject, SubjectFailure

        subject = Subject(self)
        hold = 1 if name in self.held else None
        signature = inspect.signature(original)

        @functools.wraps(original)
        def stub(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)  # by place, as a dict that changes has to be passed
            bound.apply_defaults()
            try:
                if name in DRAWING:
                    subject.set_stream(_stream())
                result = subject.call(name, *bound.args, hold=hold, **bound.kwargs)
                if name in DRAWING:
                    _set_stream(subject.stream())
            except SubjectFailure as failure:
                raise _exception(failure) from None
            return result

        return stub


def _stream():
    import numpy as np

    _, keys, position, has_gauss, gauss = np.random.get_state()
    return [keys, np.array([position, has_gauss, gauss])]


def _set_stream(state):
    import numpy as np

    keys, (position, has_gauss, gauss) = state
    np.random.set_state(("MT19937", keys, int(position), int(has_gauss), gauss))


def _exception(failure):
    """Return the built-in exception that the grader's solution raised."""
    name, _, message = failure.message.partition(": ")
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind, message = RuntimeError, failure.message
    return kind(message)


if __name__ == "__main__":
    main(*sys.argv[1:])
