"""The folder of a run: a file is there whole or not at all, also after a kill."""

import contextlib
import fcntl
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cs231n.checks.points import SCHEMES
from staff.grade import record
from staff.grade.intake import exports
from staff.grade.points import gradebook, gradescope
from staff.grade.points.course import Course, Standing
from staff.grade.record import Record

__all__ = ["Output", "locked"]

_UNFINISHED = ".unfinished"
_KINDS = {"records": "json", "results": "json", "feedback": "html", "errors": "txt"}  # a file for each submission


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, which is made where it is not there.

    Raises:
        ValueError: another run is at work there.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    with Path(folder, ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(
                f"another run writes to {folder}: wait until it ends, or give another folder with --out"
            ) from None
        yield


class Output:
    """Writes what comes of a run, and knows what an earlier one left.

    What an earlier run left of a submission that is not among those of this one is kept under replaced/, where
    nothing counts it; should the submission come back, it does not have to be graded again.

    Args:
        folder: where; it may hold an earlier run.
        course: Course, by which points become those of students; None: one without rules.
        scheme: how points come about, which the gradebook's header says.
    """

    def __init__(self, folder: Path, course: Course | None = None, scheme: str = SCHEMES[0]) -> None:
        self.folder, self.course, self._scheme = Path(folder), course or Course(), scheme
        for name in ("records", "results", "feedback", "manual"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            for path in (self.folder / name).glob(f"*{_UNFINISHED}"):
                path.unlink()
        self._rows: dict[str, list[dict[str, Any]]] = {}

    @property
    def replaced(self) -> Path:
        """The folder of what does not count any more."""
        return self.folder / "replaced"

    def earlier(self, name: str) -> Record | None:
        """Return the Record of a submission that an earlier run left here, or None."""
        for folder in (self.folder, self.replaced):
            try:
                return record.load_record((folder / "records" / f"{name}.json").read_text(encoding="utf-8"))
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                continue  # none, or one of another version
        return None

    def write(self, graded: Any) -> None:
        """Write the results of a submission: its record last, by which the next run knows that all is there."""
        name = graded.record.name
        if graded.log:
            (self.folder / "errors").mkdir(exist_ok=True)
            self.put(self.folder / "errors" / f"{name}.txt", "\n\n".join(graded.log) + "\n")
        else:
            (self.folder / "errors" / f"{name}.txt").unlink(missing_ok=True)
        shared = self.course.shared(graded.record)
        self.put(self.folder / "results" / f"{name}.json", gradescope.results(shared.record, shared.late))
        self.put(self.folder / "records" / f"{name}.json", record.dump(graded.record))
        self._rows[name] = [gradebook.row(one) for one in self.course.standings(graded.record)]

    def write_gradebook(self, absent: Iterable[Standing] = ()) -> None:
        """Write the gradebook of all submissions written so far.

        Args:
            absent: course.Standings of students without a submission.
        """
        rows = [*(row for rows in self._rows.values() for row in rows), *map(gradebook.row, absent)]
        self.write_table("gradebook.csv", gradebook.gradebook(rows, self._scheme))

    def write_table(self, name: str, text: str) -> None:
        """Write a table of the whole run."""
        self.put(self.folder / name, text)

    def write_pages(self, feedback: Iterable[tuple[str, str]], report: str) -> None:
        """Write the students' pages, (name, HTML) one after the other, and the class report."""
        for name, page in feedback:
            self.put(self.folder / "feedback" / f"{name}.html", page)
        self.put(self.folder / "report.html", report)

    def write_manual(self, pages: Iterable[tuple[str, str]], tables: Mapping[str, str]) -> list[Path]:
        """Write the pages of answers and the tables to fill in. A table that is there is never written again.

        Args:
            pages: (file name, HTML) one after the other.
            tables: name of an item -> CSV text with rows that no table has yet.

        Returns:
            the paths of the new tables.
        """
        old = set((self.folder / "manual").glob("*.html"))
        for name, page in pages:
            self.put(self.folder / name, page)
            old.discard(self.folder / name)
        for path in old:
            path.unlink()
        return [self._new_table(item, text) for item, text in tables.items()]

    def _new_table(self, item, text):
        """Write a table of an item under a name that no file has; returns its path."""
        name = exports.safe_name(item)
        for number in itertools.count(1):
            path = self.folder / "manual" / f"{name}{f'-{number}' if number > 1 else ''}.csv"
            if not path.exists():
                self.put(path, text)
                return path

    def set_aside(self) -> list[str]:
        """Move what earlier runs left of submissions that this one did not write; returns their names, sorted."""
        moved = set()
        for kind, suffix in _KINDS.items():
            there, aside = self.folder / kind, self.replaced / kind
            for path in sorted(there.glob(f"*.{suffix}")):
                if path.stem not in self._rows:
                    aside.mkdir(parents=True, exist_ok=True)
                    os.replace(path, aside / path.name)
                    moved.add(path.stem)
            for name in self._rows:  # what has come back
                (aside / f"{name}.{suffix}").unlink(missing_ok=True)
        return sorted(moved)

    @staticmethod
    def put(path: Path, text: str) -> None:
        """Write a file in one step."""
        unfinished = path.with_name(path.name + _UNFINISHED)
        unfinished.write_text(text, encoding="utf-8", newline="")
        os.replace(unfinished, path)
