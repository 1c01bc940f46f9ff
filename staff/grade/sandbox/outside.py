"""Sandboxes for submissions: bubblewrap where it works, resource limits and a scrubbed environment where not.

A `Sandbox` has a starter for each set of importable modules, begun when it is first needed: one for `layers` and
`optim`, which holds NumPy and what the student wrote, and one for the nets, with the given modules and the
compiled kernels. A starter is a process (`inside`) behind walls: a user without rights, namespaces of its own,
nothing of the machine but the interpreter with its libraries, no network, and a small scratch folder in memory. It
forks a module process, which imports the module under check and forks for each check.
"""

import dataclasses
import functools
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import numpy as np

import cs231n
from cs231n.checks.exercises import LAYERS
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.subject.imports import GIVEN, KERNELS, is_bare
from staff.grade import limits
from staff.grade.sandbox import packages, usage, users
from staff.grade.sandbox.transport import Line, Transport, check_reply, paths_of
from staff.grade.sandbox.users import SandboxError

__all__ = ["Sandbox", "SandboxError", "isolation", "refusal", "remove_leftovers"]

FOLDER = "/sandbox"
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")},
}
OURS = Path(cs231n.__file__).resolve().parent


def _extension():
    """Return path -> place in a sandbox of the compiled kernels, of this folder and of their package."""
    found = {path: f"tree/cs231n/{path.name}" for path in OURS.glob("im2col_cython*.so")}
    spec = importlib.util.find_spec(KERNELS)
    if spec and spec.origin and spec.origin.endswith(".so"):
        found[Path(spec.origin)] = f"site/{Path(spec.origin).name}"
    return found


EXTENSION = _extension()
CHECKS = "cs231n/checks/"
PACKAGES = ("site-packages", "dist-packages")
SIGNALS_CLOSED = 6  # version of Landlock that refuses signals to processes outside
LEFTOVER = "cs231n-sandbox-"


def isolation():
    """Return "bubblewrap", or "reduced: ..." with what is missing and what a submission could do."""
    problem = _bubblewrap_problem()
    if problem is None:
        return "bubblewrap"
    if refusal() is None:
        return f"reduced: {problem}; Landlock closes all files that are not the submission's"
    could = "a submission could have read the solution, the secret and other submissions, and used any package"
    return f"reduced: {problem}, and {_missing_walls()}; {could}"


def refusal():
    """Return why nothing should be graded here without --unsafe, or None."""
    problem = _bubblewrap_problem()
    if problem is None or _missing_walls() is None:
        return None
    return f"{problem}, and {_missing_walls()}: submissions could read the solution and the secret"


def _missing_walls():
    """Return what is missing for walls of our own, or None."""
    walls = _own_walls()
    if not walls["landlock"]:
        return "this system has no Landlock"
    if os.geteuid() != 0 and not walls["namespaces"] and walls["landlock"] < SIGNALS_CLOSED:
        return "there are neither another user nor namespaces of processes"
    return None


@functools.cache
def _own_walls():
    """Return what `walls.py` says that works here: version of Landlock, and whether there are namespaces."""
    command = [_interpreter().executable, "-I", "-S", str(Path(__file__).with_name("walls.py"))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limits.START, env={}, check=False)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {"landlock": 0, "namespaces": False}


@functools.cache
def _bubblewrap_problem():
    """Return why bubblewrap is of no use here, or None."""
    if not sys.platform.startswith("linux"):
        return f"bubblewrap is for Linux, and this is {sys.platform}"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian and Ubuntu: apt-get install bubblewrap)"
    command = [*_walls(), "--", _interpreter().executable, "-I", "-S", "-c", ""]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limits.START, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be run: {error}"
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return f"bubblewrap does not work here: {lines[-1]}" if done.returncode else None


@dataclasses.dataclass(frozen=True)
class _Interpreter:
    """Where the interpreter is: its program, its standard library, NumPy's folders and the shared libraries."""

    executable: str
    stdlib: tuple[str, ...]
    numpy: tuple[Path, ...]
    libraries: tuple[str, ...]


@functools.cache
def _interpreter():
    """Return the _Interpreter that runs this."""
    base = {name: sys.base_prefix for name in ("base", "installed_base")}
    base |= {name: sys.base_exec_prefix for name in ("platbase", "installed_platbase")}
    stdlib = tuple({sysconfig.get_path(name, vars=base): None for name in ("stdlib", "platstdlib")})
    executable = os.path.realpath(sys.executable)
    numpy = Path(np.__file__).resolve().parent
    folders = tuple(path for path in (numpy, numpy.with_name("numpy.libs")) if path.is_dir())
    binaries = [executable, *_binaries(*stdlib), *map(str, (*numpy.rglob("*.so"), *EXTENSION))]
    inside = tuple(f"{folder}/" for folder in (*stdlib, *folders))
    libraries = [path for path in _libraries(binaries) if not os.path.realpath(path).startswith(inside)]
    return _Interpreter(executable, stdlib, folders, tuple(libraries))


def _binaries(*folders):
    return [str(path) for folder in folders for path in Path(folder, "lib-dynload").glob("*.so")]


def _libraries(binaries):
    """Return the paths of the shared libraries that some programs and libraries load."""
    text = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    return sorted(set(re.findall(r"(?:=> |^\s+)(/\S+) \(0x", text, re.MULTILINE)))


@functools.cache
def _framework(framework):
    """Return the paths in site-packages that a framework needs, and the shared libraries."""
    site = packages.folders(framework.packages)
    binaries = [str(path) for folder in site if folder.is_dir() for path in folder.rglob("*.so*")]
    inside = tuple(f"{folder}/" for folder in site)
    return site, [path for path in _libraries(binaries) if not os.path.realpath(path).startswith(inside)]


def _walls(framework=None):
    """Return the command of bubblewrap up to what is different for each starter."""
    interpreter = _interpreter()
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--hostname", "sandbox"]
    if os.geteuid() == 0:
        # as root, whose interpreter only root may reach: the starter becomes another user before anything else
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--disable-userns"]
    for name, value in (ENVIRONMENT | _passed()).items():
        command += ["--setenv", name, value]
    binds = {path: path for path in (interpreter.executable, *interpreter.stdlib, *interpreter.libraries)}
    binds |= {str(path): f"{FOLDER}/site/{path.name}" for path in interpreter.numpy}
    if framework:
        site, libraries = _framework(framework)
        binds |= {str(path): f"{FOLDER}/site/{path.name}" for path in site} | {path: path for path in libraries}
    command += _folders([*binds.values(), "/dev/null"])
    for source, place in binds.items():
        command += ["--ro-bind", source, place]
    for folder in interpreter.stdlib:
        for name in PACKAGES:
            if Path(folder, name).is_dir():
                command += ["--tmpfs", f"{folder}/{name}"]
    if (
        framework and "tensorflow" in framework.packages
    ):  # it looks up its own program in /proc, which shows the sandbox's processes alone
        command += ["--proc", "/proc"]
    for device in ("null", "zero", "urandom"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    return command


def _folders(places):
    """Return the options that make the folders above some places; bubblewrap's own are for its user alone."""
    folders = {str(folder) for place in places for folder in Path(place).parents}
    return [option for folder in sorted(folders - {"/"}) for option in ("--perms", "0755", "--dir", folder)]


def _passed():
    """Return the environment variables that pass through: settings of OpenBLAS, which change its results."""
    passed = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    return {name: value for name, value in passed.items() if not name.endswith("_NUM_THREADS")}


class Sandbox:
    """The sandboxed code of a submission. Use it in a `with` block, or call `close`.

    Args:
        files: path -> bytes of the tree; only what is below cs231n/ counts, and cs231n/checks is the grader's own.
        blank: path -> bytes of the blank release. Where exercises are trusted and a module that holds them cannot
            be imported, the release's stands in for it.
        reference: a `reference.Reference` whose solution answers for trusted exercises, where there are any.
        resources: resource limits that differ from those of `limits`, by name.
        import_limit: seconds that importing a module may take.
        framework: of the notebook among the files that is to be checked, in place of modules; or None.
        given: paths of files that are given modules under other names.
    """

    def __init__(
        self,
        files,
        blank=None,
        reference=None,
        resources=None,
        import_limit=limits.IMPORT,
        framework=None,
        given=(),
    ):
        self.import_limit, self.framework = import_limit, framework
        self._files, self._blank, self._reference = files, blank or {}, reference
        self._resources = limits.RESOURCES | (limits.FRAMEWORK_RESOURCES if framework else {}) | (resources or {})
        self._starters, self._failures = {}, {}
        self._spent = 0.0  # seconds of those that are closed
        self._given = frozenset(given)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End all processes and remove all files."""
        for starter in self._starters.values():
            starter.close()
            self._spent += starter.seconds()
        self._starters.clear()

    @property
    def users(self):
        """Numbers of the users that the code runs as, which nothing else has; none where that takes root."""
        return {starter.user for starter in self._starters.values()} - {None}

    def seconds(self):
        """Return the processor time that all its processes have taken; by the clock where there is no /proc."""
        return sum(starter.seconds() for starter in self._starters.values()) + self._spent

    def is_running(self):
        """Return whether one of its processes would go on if it had a processor."""
        return any(starter.is_running() for starter in self._starters.values())

    def transport(self, trusted=(), public=False):
        """Return a transport to the code, see `transport.Transport`.

        Args:
            public: whether all seeds are public, and what it tells may be shown. Such code runs behind walls of
                its own, so that nothing that the code under secret seeds leaves behind can come out there.
            trusted: exercises of `layers` and `optim` whose functions the grader answers; forward and backward
                passes that share a cache have to come together.
        """
        paths = paths_of(trusted)
        if paths and self._reference is None:
            raise ValueError("trusted exercises need a sandbox that has a reference, see reference.Reference")
        return Transport(self, paths, self._reference.solution() if paths else None, public)

    def module_process(self, owner, module, trusted, public=False):
        """Return the ModuleProcess of a transport for a module, open.

        Raises:
            SubjectFailure: the module cannot be imported.
        """
        key = (module, trusted)
        if (key, public) in self._failures:
            raise self._failures[key, public]
        starter = self._starter(is_bare(module), public)
        process = starter.process
        if process is None or process.closed or (process.owner, process.key) != (owner, key):
            blank = self._stand_ins(module, trusted, public)
            try:
                starter.open(ModuleProcess(owner, key), blank, self.import_limit)
            except SubjectFailure as failure:
                self._failures[key, public] = failure
                raise
        return starter.process

    def give_up(self, module, trusted, public, failure):
        """Let `module_process` raise a failure from now on, as no check can begin there."""
        self._failures[(module, trusted), public] = failure

    def _stand_ins(self, module_under_check, trusted, public):
        """Return the other modules of trusted functions that cannot be imported and have a blank one."""
        modules = {f"cs231n.{path.rsplit('.', 1)[0]}" for path in trusted} - {module_under_check}
        broken = []
        for module in sorted(modules):
            if _file(module) in self._blank:
                try:
                    self.module_process(None, module, (), public)
                except SubjectFailure:
                    broken.append(module)
        return broken

    def _starter(self, bare, public):
        if (bare, public) not in self._starters:
            ours = dict(self._ours())
            tree = {f"tree/{name}": data for name, data in self._files.items() if self._belongs(name, bare)}
            blank = {f"blank/{name}": data for name, data in self._blank.items() if is_bare(_module(name))}
            if self.framework:
                tree[f"tree/{self.framework.notebook}"] = self._files[self.framework.notebook]
            starter = _Starter(ours | tree | blank, bare, self._resources, self.framework)
            self._starters[bare, public] = starter
        return self._starters[bare, public]

    def _belongs(self, name, bare):
        """Return whether a file of a submission is there, beside the bare modules or the nets."""
        if not name.startswith("cs231n/") or name.startswith(CHECKS):
            return False
        return not (bare and (name.split("/")[1].split(".")[0] in GIVEN or name in self._given))

    @staticmethod
    @functools.cache
    def _ours():
        """Return what runs in each sandbox: `inside`, and the modules it needs."""
        frameworks = ("__init__", "program", "pytorch", "tensorflow")
        names = [
            f"subject/{name}" for name in ("__init__", "client", "frames", "host", "imports", "stand_ins", "wire")
        ]
        names += [f"notebooks/{name}" for name in frameworks]
        files = {f"grader/{CHECKS}{name}.py": (OURS / "checks" / f"{name}.py").read_bytes() for name in names}
        for name in ("inside.py", "seccomp.py", "walls.py"):
            files[f"grader/{name}"] = Path(__file__).with_name(name).read_bytes()
        return files


def _opaque_caches():
    """Return the forward passes whose cache is known to their backward pass alone."""
    return {f"layers.{layer.forward}" for layer in LAYERS if layer.linked}


def _file(module):
    return f"{module.replace('.', '/')}.py"


def _module(file):
    return file.removesuffix(".py").replace("/", ".")


class ModuleProcess:
    """A process that has imported a module.

    Args:
        owner: the transport that it belongs to.
        key: module and trusted functions.

    Attributes:
        closed: whether it must not be used again.
    """

    def __init__(self, owner, key):
        self.owner, self.key = owner, key
        self.closed = False
        self._orders, self.theirs = socket.socketpair()
        self._line = None

    def check(self):
        """Return the Line to a new fork of it; the one before ends."""
        if self._line:
            self._line.close()
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        with theirs:
            self._orders.settimeout(1.0)
            socket.send_fds(self._orders, [b"c"], [theirs.fileno()])
        return self._line

    def imported(self, module, limit, more):
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

    def close(self):
        """Let it end; what it leaves behind is killed when the next one opens."""
        self.closed = True
        for end in (self._orders, self.theirs, self._line):
            if end:
                end.close()


def _import_failure(verdict, module, message):
    return SubjectFailure(verdict, f"while importing {module}: {message}", module=module)


class _Starter:
    """A starter behind walls, and the module process that is open in it.

    Args:
        files: path -> bytes below the sandbox's folder.
        bare: whether the given modules are left out.
        resources: resource limits by name.
        framework: what is imported beside NumPy, or None.
    """

    def __init__(self, files, bare, resources, framework):
        self.process, self._framework = None, framework
        self._files, self._bare, self._resources = files, bare, resources
        self._claim = users.claim()
        self.user = self._claim.uid if self._claim else None
        self._process = self._control = self._folder = self._usage = None
        self._spent = 0.0

    def seconds(self):
        """Return the processor time that its processes have taken."""
        return self._spent + (self._usage.seconds() if self._usage else 0.0)

    def is_running(self):
        """Return whether one of its processes would go on if it had a processor."""
        return self._usage is not None and self._usage.is_running()

    def open(self, process, blank, import_limit):
        """Open a module process, and close the one before.

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
                    env=ENVIRONMENT | _passed(),
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

    def _command(self, control):
        """Return the descriptors to pass on, and the command."""
        if _bubblewrap_problem() is None:
            return self._contained(control)
        remove_leftovers()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{LEFTOVER}{os.getpid()}-"))
        return [], self._reduced(control, self._folder)

    def _contained(self, control):
        command, descriptors = _walls(self._framework), []
        command += _folders(f"{FOLDER}/{name}" for name in self._files)
        for name, data in self._files.items():
            descriptor = os.memfd_create("file")
            descriptors.append(descriptor)
            os.write(descriptor, data)
            os.lseek(descriptor, 0, os.SEEK_SET)
            command += ["--perms", "0444", "--file", str(descriptor), f"{FOLDER}/{name}"]
        if not self._bare:
            for path, place in EXTENSION.items():
                command += ["--ro-bind", str(path), f"{FOLDER}/{place}"]
        scratch = ["--perms", "1777", "--size", str(limits.SCRATCH_BYTES), "--tmpfs", "/tmp"]
        command += [*scratch, "--remount-ro", "/", "--"]
        return descriptors, command + self._program(FOLDER, control, "/tmp", contained=True)

    def _program(self, folder, control, scratch, contained):
        """Return the command of the sandboxed process, from the interpreter on."""
        walls, resources = _own_walls(), dict(self._resources)
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
            "closed": self.user is not None and not contained and not _is_public(_interpreter()),
            "files": self._open_files(folder, scratch, contained) if walls["landlock"] else None,
            "packages": self._framework.packages if self._framework else (),
        }
        python = [_interpreter().executable, "-I", "-S", "-B", "-X", "utf8"]
        return [*python, f"{folder}/grader/inside.py", folder, str(control), json.dumps(settings)]

    def _open_files(self, folder, scratch, contained):
        """Return which files the code can open, as `walls.close_files` takes them."""
        interpreter = _interpreter()
        read = [folder, interpreter.executable, *interpreter.libraries, "/dev/zero", "/dev/urandom"]
        read += [str(path) for stdlib in interpreter.stdlib for path in Path(stdlib).iterdir()]
        read = [path for path in read if Path(path).name not in PACKAGES]
        if not contained:
            read += map(str, interpreter.numpy)
            read += [] if self._bare else map(str, EXTENSION)
        if self._framework:
            site, libraries = _framework(self._framework)
            read += [*map(str, site), *libraries]
            read += ["/proc"] if "tensorflow" in self._framework.packages else []  # it ends without
        return {"read": read, "write": [scratch, os.devnull], "listed": list(interpreter.stdlib)}

    def _reduced(self, control, folder):
        """Return the command where there is no bubblewrap: the same program and limits, on the machine's files."""
        interpreter, scratch = _interpreter(), folder / "scratch"
        for name, data in self._files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for path in (folder / "site", scratch):
            path.mkdir()
        for path in folder.rglob("*"):  # whatever the umask is, another user can read them
            path.chmod(0o755 if path.is_dir() else 0o644)
        site = dict.fromkeys((*interpreter.numpy, *(_framework(self._framework)[0] if self._framework else ())))
        for path in site:
            (folder / "site" / path.name).symlink_to(path)
        if not self._bare:
            for path, place in EXTENSION.items():
                (folder / place).symlink_to(path)
        if self.user is not None:
            os.chown(folder, -1, self.user)  # and for no other submission to read, nor this one the solution
            folder.chmod(0o750)
            os.chown(scratch, self.user, self.user)
            if not _own_walls()["landlock"]:
                for path in (interpreter.executable, *interpreter.stdlib, *site):
                    _check_public(Path(path))
        return self._program(str(folder), control, str(scratch), contained=False)

    def close(self):
        """End all processes and remove all files."""
        if self.process:
            self.process.close()
        self._stop()
        if self._claim:
            self._claim.release()

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
            self._clean_up()

    def _clean_up(self):
        """Without walls: kill all processes of the user, where it has one of its own, and remove the files."""
        if self.user is not None:
            become = {"user": self.user, "group": self.user, "extra_groups": []}
            subprocess.run(["/bin/sh", "-c", "kill -9 -1"], **become, capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None


def remove_leftovers():
    """Remove the folders that killed graders left; without bubblewrap each submission is in one while it runs."""
    for folder in Path(tempfile.gettempdir()).glob(f"{LEFTOVER}*"):
        pid = folder.name.removeprefix(LEFTOVER).split("-")[0]
        if pid.isdigit() and folder.lstat().st_uid == os.geteuid() and not folder.is_symlink():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except PermissionError:
                pass


def _is_public(interpreter):
    """Return whether other users than this one can reach the interpreter."""
    paths = (interpreter.executable, *interpreter.stdlib, *interpreter.numpy)
    return all(folder.stat().st_mode & 0o001 for path in paths for folder in Path(path).parents)


def _check_public(path):
    """Check that a user without rights can reach a file.

    Raises:
        SandboxError: it cannot; the message says what to do.
    """
    for folder in path.parents:
        if not folder.stat().st_mode & 0o001:
            raise SandboxError(
                f"{path} cannot be reached by a user without rights, as {folder} is closed to others: "
                "install bubblewrap, run as another user than root, or use a Python outside of home folders"
            )
