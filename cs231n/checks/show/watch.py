"""Check again whenever a file is saved: only the exercises that the file touches."""

import ast
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from cs231n.checks.notebooks.frameworks import FRAMEWORKS, Notebook, framework_of
from cs231n.checks.rubric import load_rubric
from cs231n.checks.session import Outcome, Session
from cs231n.checks.show.table import table
from cs231n.checks.style import style_of
from cs231n.checks.subject.process import SubjectProcess

__all__ = ["touched", "watch"]

INTERVAL = 0.2  # seconds between two looks at the files


def watch(root: Path, names: Sequence[str], seeds: int, hints: int = 1) -> int:
    """Check the exercises now, and those that a saved file touches from then on, until Ctrl-C. Returns 0."""
    style, rubric = style_of(sys.stdout), load_rubric()
    files = Files(root)
    changed: set[str] | None = None
    outcomes: dict[str, Outcome] = {}
    try:
        while True:
            affected = names
            if changed is not None:
                concerned = touched(changed, root)
                affected = [name for name in names if name in concerned]
            if affected:
                with SubjectProcess(root) as transport:
                    session = Session(Notebook(transport, framework_of(root)), seeds)
                    outcomes |= {name: session.outcome(name) for name in affected}
                print(f"\n{time.strftime('%H:%M:%S')}  {', '.join(sorted(changed)) if changed else 'everything'}")
                shown = [outcomes[name] for name in affected]
                print(table(shown, rubric, style, detail=len(shown) == 1, hints=hints), flush=True)
                print(style.paint("Waiting for a file to be saved; Ctrl-C ends.", "dim"), flush=True)
            changed = files.wait()
    except KeyboardInterrupt:
        print()
        return 0


class Files:
    """The Python files of the package, the notebooks with exercises, and when they were last written."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.times = self._look()

    def _look(self):
        times = {}
        notebooks = (self.root / framework.notebook for framework in FRAMEWORKS)
        for path in (*(self.root / "cs231n").rglob("*.py"), *notebooks):
            try:
                times[path.relative_to(self.root).as_posix()] = path.stat().st_mtime_ns
            except OSError:
                pass  # editors replace a file by a new one; it is back at the next look
        return times

    def changes(self) -> set[str]:
        """Return the files that were written, or are gone, since the last look."""
        before, self.times = self.times, self._look()
        return {name for name in before.keys() | self.times.keys() if before.get(name) != self.times.get(name)}

    def wait(self) -> set[str]:
        """Return the files that were written, once there are some."""
        while True:
            time.sleep(INTERVAL)
            if changed := self.changes():
                return changed


def touched(changed: Iterable[str | Path], root: str | Path) -> set[str]:
    """Return the names of the exercises whose modules are among the changed files, or import one of them."""
    imports: dict[str, list[str]] = {}  # file -> files that it imports: each is parsed once
    exercises = load_rubric().exercises.values()
    reached = {
        file: _reached(file, Path(root), imports) for file in {file for e in exercises for file, _ in e.functions}
    }
    return {e.name for e in exercises if any(reached[file] & set(changed) for file, _ in e.functions)}


def _reached(file, root, imports):
    """Return the files that importing a file of the package reads, itself included; of a notebook, itself."""
    reached, todo = {file} if file.endswith(".ipynb") else set(), [file]
    while todo:
        name = todo.pop()
        if name not in reached and name.endswith(".py") and (root / name).is_file():
            reached.add(name)
            if name not in imports:
                imports[name] = _imports(root / name)
            todo += imports[name]
    return reached


def _imports(path):
    """Return the files of the package that a file imports, and some that do not exist."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []  # until it can be read, it touches itself only
    modules = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return [f"{module.replace('.', '/')}.py" for module in modules if module.startswith("cs231n.")]
