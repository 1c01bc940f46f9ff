"""The process behind walls that holds a submission, and the module process that is open in it."""

import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cs231n.checks.exercises import LAYERS
from cs231n.checks.notebooks.frameworks import Framework
from cs231n.checks.subject.client import SubjectFailure
from staff.grade import limits
from staff.grade.sandbox import bubblewrap, packages, usage, users, without_bubblewrap
from staff.grade.sandbox.interpreter import EXTENSION, PACKAGES, environment, interpreter
from staff.grade.sandbox.isolation import own_walls
from staff.grade.sandbox.module_process import ModuleProcess
from staff.grade.sandbox.users import SandboxError

__all__ = ["Starter"]


class Starter:
    """A starter behind walls, and the module process that is open in it.

    Args:
        files: path -> bytes below the sandbox's folder.
        bare: whether the given modules are left out.
        resources: resource limits by name.
        framework: what is imported beside NumPy, or None.
    """

    def __init__(
        self, files: Mapping[str, bytes], bare: bool, resources: Mapping[str, int], framework: Framework | None
    ) -> None:
        self.process: ModuleProcess | None = None
        self._files, self._bare, self._resources, self._framework = files, bare, resources, framework
        self._claim = users.claim()
        self.user = self._claim.uid if self._claim else None
        self._process = self._control = self._folder = self._usage = None
        self._spent = 0.0

    def seconds(self) -> float:
        """Return the processor time that its processes have taken."""
        return self._spent + (self._usage.seconds() if self._usage else 0.0)

    def is_running(self) -> bool:
        """Return whether one of its processes would go on if it had a processor."""
        return self._usage is not None and self._usage.is_running()

    def open(self, process: ModuleProcess, blank: Sequence[str], import_limit: float) -> None:
        """Open a module process, and close the one before.

        Args:
            process: to open.
            blank: modules that the blank release's stand in for.
            import_limit: seconds that the import may take.

        Raises:
            SubjectFailure: its module cannot be imported.
        """
        if self.process:
            self.process.close()
        self.process = process
        module, trusted = process.key
        held = [path for path in trusted if path in _opaque_caches()]
        order = json.dumps({"module": module, "trusted": trusted, "held": held, "blank": blank}).encode()
        if not self._order(order, process.theirs):
            self._stop()
            self._order(order, process.theirs)
        process.theirs.close()
        try:
            process.imported(module, import_limit, usage.patience(self, import_limit))
        except SubjectFailure:
            process.close()
            raise

    def close(self) -> None:
        """End all processes and remove all files."""
        if self.process:
            self.process.close()
        self._stop()
        if self._claim:
            self._claim.release()

    def _order(self, order, end):
        """Return whether the starter has opened the module process that an order asks for."""
        if self._process is None:
            self._start()
        self._control.settimeout(limits.START)
        try:
            socket.send_fds(self._control, [order], [end.fileno()])
            return self._control.recv(16) == b"open"
        except OSError:
            return False

    def _start(self):
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as errors:
            descriptors, command = self._command(theirs.fileno())
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    env=environment(),
                    cwd="/",
                    pass_fds=[theirs.fileno(), *descriptors],
                    start_new_session=True,
                )
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
            theirs.close()
            self._usage = usage.Usage(self._process.pid, None if self._folder is None else self.user)
            self._control.settimeout(limits.START)
            try:
                ready = self._control.recv(16)
            except OSError:
                ready = b""
            if ready != b"ready":
                self._stop()
                errors.seek(0)
                text = errors.read(4000).decode(errors="replace").strip()
                raise SandboxError(f"the sandbox does not start: {text or 'it ended without a word'}")

    def _stop(self):
        process, self._process = self._process, None
        if process is None:
            return
        self._spent, self._usage = self.seconds(), None
        self._control.close()  # upon which the first process in there ends, and with it all others
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if self._folder:
            without_bubblewrap.remove_folder(self._folder, self.user)
            self._folder = None

    def _command(self, control):
        """Return the descriptors to pass on, and the command."""
        if bubblewrap.problem() is None:
            descriptors, command = bubblewrap.command_with(self._files, self._bare, self._framework)
            return descriptors, command + self._program(bubblewrap.FOLDER, control, "/tmp", contained=True)
        self._folder = without_bubblewrap.make_folder(self._files, self._bare, self._framework, self.user)
        scratch = str(self._folder / without_bubblewrap.SCRATCH)
        return [], self._program(str(self._folder), control, scratch, contained=False)

    def _program(self, folder, control, scratch, contained):
        """Return the command of the sandboxed process, from the interpreter on; `contained` is by bubblewrap."""
        walls, resources = own_walls(), dict(self._resources)
        separate = not contained and walls["namespaces"]
        if self.user is None and not contained and not separate:
            del resources["NPROC"]  # which would count all that the grader's own user runs
        settings = {
            "scratch": scratch,
            "bare": self._bare,
            "user": self.user,
            "contained": contained,
            "limits": resources,
            "separate": separate,
            "closed": self.user is not None and not contained and not without_bubblewrap.is_public(),
            "files": self._open_files(folder, scratch, contained) if walls["landlock"] else None,
            "packages": self._framework.packages if self._framework else (),
        }
        python = [interpreter().executable, "-I", "-S", "-B", "-X", "utf8"]
        return [*python, f"{folder}/grader/inside.py", folder, str(control), json.dumps(settings)]

    def _open_files(self, folder, scratch, contained):
        """Return which files the code can open, as `walls.close_files` takes them."""
        python = interpreter()
        read = [folder, python.executable, *python.libraries, "/dev/zero", "/dev/urandom"]
        read += [str(path) for stdlib in python.stdlib for path in Path(stdlib).iterdir()]
        read = [path for path in read if Path(path).name not in PACKAGES]
        if not contained:
            read += map(str, python.numpy)
            read += [] if self._bare else map(str, EXTENSION)
        if self._framework:
            site, libraries = packages.on_disk(self._framework.packages)
            read += [*map(str, site), *libraries]
            read += ["/proc"] if "tensorflow" in self._framework.packages else []  # it ends without
        return {"read": read, "write": [scratch, os.devnull], "listed": list(python.stdlib)}


def _opaque_caches():
    """Return the forward passes whose cache is known to their backward pass alone."""
    return {f"layers.{layer.forward}" for layer in LAYERS if layer.linked}
