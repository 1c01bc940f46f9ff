"""Sandboxes for submissions: bubblewrap where it works, resource limits and a scrubbed environment where not.

A `Sandbox` has a starter for each set of importable modules, begun when it is first needed: one for `layers` and
`optim`, which holds NumPy and what the student wrote, and one for the nets, with the given modules and the
compiled kernels. A starter is a process (`inside`) behind walls: a user without rights, namespaces of its own,
nothing of the machine but the interpreter with its libraries, no network, and a small scratch folder in memory. It
forks a module process, which imports the module under check and forks for each check.
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import cs231n
from cs231n.checks.notebooks.frameworks import Framework
from cs231n.checks.subject.client import SubjectFailure
from cs231n.checks.subject.imports import GIVEN, is_bare
from staff.grade import limits
from staff.grade.sandbox.module_process import ModuleProcess
from staff.grade.sandbox.starter import Starter
from staff.grade.sandbox.transport import Transport, paths_of

__all__ = ["Sandbox"]

PACKAGE = Path(cs231n.__file__).resolve().parent
CHECKS = "cs231n/checks/"


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
        files: Mapping[str, bytes],
        blank: Mapping[str, bytes] | None = None,
        reference: "_HasSolution | None" = None,
        resources: dict[str, int] | None = None,
        import_limit: float = limits.IMPORT,
        framework: Framework | None = None,
        given: Iterable[str] = (),
    ) -> None:
        self.import_limit, self.framework = import_limit, framework
        self._files, self._blank, self._reference = files, blank or {}, reference
        self._resources = limits.RESOURCES | (limits.FRAMEWORK_RESOURCES if framework else {}) | (resources or {})
        self._starters: dict[tuple[bool, bool], Starter] = {}
        self._failures: dict[tuple[tuple[str, tuple[str, ...]], bool], SubjectFailure] = {}
        self._spent = 0.0  # seconds of those that are closed
        self._given = frozenset(given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes and remove all files."""
        for starter in self._starters.values():
            starter.close()
            self._spent += starter.seconds()
        self._starters.clear()

    @property
    def users(self) -> set[int]:
        """Numbers of the users that the code runs as, which nothing else has; none where that takes root."""
        return {starter.user for starter in self._starters.values() if starter.user is not None}

    def seconds(self) -> float:
        """Return the processor time that all its processes have taken; by the clock where there is no /proc."""
        return sum(starter.seconds() for starter in self._starters.values()) + self._spent

    def is_running(self) -> bool:
        """Return whether one of its processes would go on if it had a processor."""
        return any(starter.is_running() for starter in self._starters.values())

    def transport(self, trusted: Iterable[str] = (), public: bool = False) -> Transport:
        """Return a transport to the code, see `transport.Transport`.

        Args:
            public: whether all seeds are public, and what it tells may be shown. Such code runs behind walls of
                its own, so that nothing that the code under secret seeds leaves behind can come out there.
            trusted: exercises of `layers` and `optim` whose functions the grader answers; forward and backward
                passes that share a cache have to come together.
        """
        paths = paths_of(trusted)
        if not paths:
            return Transport(self, public=public)
        if self._reference is None:
            raise ValueError("trusted exercises need a sandbox that has a reference, see reference.Reference")
        return Transport(self, paths, self._reference.solution(), public)

    def module_process(
        self, owner: Transport | None, module: str, trusted: tuple[str, ...], public: bool = False
    ) -> ModuleProcess:
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

    def give_up(self, module: str, trusted: tuple[str, ...], public: bool, failure: SubjectFailure) -> None:
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
            starter = Starter(ours | tree | blank, bare, self._resources, self.framework)
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
        subject = ("__init__", "client", "frames", "host", "imports", "stand_ins", "wire")
        names = [f"subject/{name}" for name in subject]
        names += [f"notebooks/{name}" for name in ("__init__", "program", "pytorch", "tensorflow")]
        files = {f"grader/{CHECKS}{name}.py": (PACKAGE / "checks" / f"{name}.py").read_bytes() for name in names}
        for name in ("inside.py", "seccomp.py", "walls.py"):
            files[f"grader/{name}"] = Path(__file__).with_name(name).read_bytes()
        return files


def _file(module):
    return f"{module.replace('.', '/')}.py"


def _module(file):
    return file.removesuffix(".py").replace("/", ".")


class _HasSolution(Protocol):
    def solution(self) -> Any:
        """Return what answers calls of trusted exercises."""
