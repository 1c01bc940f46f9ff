"""The process of the code under check, stopped when it takes too long and started again when it is gone."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from cs231n.checks.rubric import load_rubric
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.subject.frames import is_cell, is_students
from cs231n.checks.subject.imports import IMPORT_SETS, import_set_of
from cs231n.checks.subject.wire import decode, encode, read_frame, write_frame

__all__ = ["IMPORT_LIMIT", "SubjectProcess"]

START_LIMIT = 120.0  # seconds that Python and NumPy may take to start, on a slow disk
IMPORT_LIMIT = 10.0  # seconds that importing one of the student's modules may take
FRAMEWORK_LIMIT = 120.0  # and PyTorch or TensorFlow, on a slow disk


class SubjectProcess:
    """A transport to the code under check, in a process for each set of importable modules (see `imports`).

    Use it in a `with` block, or call `close`.

    Args:
        root: folder that holds `cs231n`.
        import_limit: seconds that importing a module may take.
    """

    def __init__(self, root: str | Path, import_limit: float = IMPORT_LIMIT) -> None:
        self._processes = {name: _Process(root, name, import_limit) for name in IMPORT_SETS}
        self._current = self._processes["nets"]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self) -> None:
        """Stop the processes."""
        for process in self._processes.values():
            process.close()

    def reset(self, limit: float, exercise: str | None = None) -> None:
        """Begin a check in the process for the exercise, or in that of the nets.

        Args:
            limit: seconds that the code may take for the requests that follow; what torch takes does not count.
            exercise: name of the exercise that is checked.
        """
        self._current = self._processes[
            import_set_of(load_rubric().exercises[exercise].module) if exercise else "nets"
        ]
        self._current.reset(limit)

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the reply to a message.

        Raises:
            SubjectFailure: the process crashed or took too long.
        """
        return self._current.request(message)


class _Process:
    """One process, started when it is first needed.

    Args: as for SubjectProcess, and the name of its import set.
    """

    def __init__(self, root, import_set, import_limit):
        self.root, self.import_set = Path(root).resolve(), import_set
        self.import_limit = import_limit
        self._process = None
        self._loaded = {}  # module -> None, or the failure to raise again: a hang is not waited for twice
        self._limit = self._left = IMPORT_LIMIT
        self._stacks = tempfile.TemporaryDirectory(prefix="cs231n-checks-", ignore_cleanup_errors=True)

    def close(self):
        """Stop the process."""
        self._stop()
        self._stacks.cleanup()

    def reset(self, limit):
        """Set the time that the code may take for the requests that follow."""
        self._limit = self._left = limit

    def request(self, message):
        """Return the reply to a message; raises as SubjectProcess does."""
        if self._process is None:
            self._start()
        if message["op"] != "load":
            start = time.monotonic()
            try:
                return self._exchange(message, self._left, self._limit)
            finally:
                self._left -= time.monotonic() - start
        module = message["module"]
        if self._loaded.get(module):
            raise self._loaded[module]
        if module in self._loaded and self._process:
            return {"value": None}
        limit = FRAMEWORK_LIMIT if module.startswith("cs231n.checks.notebooks.") else self.import_limit
        try:
            reply = self._exchange(message, limit, limit)
        except SubjectFailure as failure:
            failure.message = f"while importing {module}: {failure.message}"
            failure.module = module
            self._loaded[module] = failure
            raise
        if "failure" not in reply:
            self._loaded[module] = None
        return reply

    def _exchange(self, message, seconds, limit):
        """Send a message and wait for the reply, for what is left of a limit."""
        seconds = max(seconds, 0.001)
        return self._wait(seconds, limit, encode(message | {"limit": seconds}, layout=True))

    def _wait(self, seconds, limit, body=None):
        """Write a body, read the reply; a timer stops the process at the deadline, which ends the wait."""
        process = self._process
        out_of_time = threading.Event()

        def stop():
            out_of_time.set()
            _kill(process)

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            if body is not None:
                write_frame(process.stdin, body)
            return decode(read_frame(process.stdout))
        except (OSError, EOFError, ValueError) as error:
            frames = self._stop()
            place = f", in {frames[-1][0]}, line {frames[-1][1]}" if frames else ""
            if out_of_time.is_set():
                message = f"no answer after {limit:.3g} seconds{place}"
                raise SubjectFailure("timeout", message, frames) from error
            message = f"Python ended without an answer ({_status(process.returncode)}){place}"
            raise SubjectFailure("crashed", message, frames) from error
        finally:
            timer.cancel()

    def _start(self):
        """Start the process and wait for its first frame; that is not the check's time."""
        self._loaded = {module: failure for module, failure in self._loaded.items() if failure}
        host = self.root / "cs231n" / "checks" / "subject" / "host.py"
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", str(host), str(self.root), str(self._stack_file), self.import_set],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.root,
            start_new_session=True,  # so that what the code starts can be stopped with it; of no effect on Windows
        )
        self._wait(START_LIMIT, START_LIMIT)

    @property
    def _stack_file(self):
        return Path(self._stacks.name) / "stacks.txt"

    def _stop(self):
        """Stop the process, if there is one, and return the student's frames of its last stack."""
        process, self._process = self._process, None
        if process is None:
            return []
        try:
            process.stdin.close()
        except OSError:
            pass  # what was left to send has nobody to read it
        try:
            process.wait(timeout=0.5)  # time to end by itself, which gives its own exit status
        except subprocess.TimeoutExpired:
            pass
        _kill(process)
        process.wait()
        process.stdout.close()
        return self._frames()

    def _frames(self):
        """Return the student's frames of the last stack that the process left behind, outermost first."""
        if not self._stack_file.exists():
            return []
        text = self._stack_file.read_text(encoding="utf-8", errors="replace")
        last = text[max(text.rfind("Current thread"), text.rfind("Thread 0x"), 0) :]
        frames = []
        for name, line, function in re.findall(r'File "(.+)", line (\d+) in (\S+)', last):
            if is_students(name, self.root):
                shown = name if is_cell(name) else Path(name).relative_to(self.root).as_posix()
                frames.append([shown, int(line), function, ""])
        return frames[::-1]


def _kill(process):
    """Stop a process, and on POSIX what it started too."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        pass  # it is gone already


def _status(code):
    """Return what an exit status says: a signal's name where there is one."""
    if code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            pass
    return f"exit status {code}"
