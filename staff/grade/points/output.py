"""The folder of a run: a file is there whole or not at all, also after a kill."""

import os
from pathlib import Path

from cs231n.checks.points import SCHEMES
from staff.grade import record
from staff.grade.points import gradebook, gradescope, lateness, manual

__all__ = ["Output"]

_UNFINISHED = ".unfinished"
_KINDS = {"records": "json", "results": "json", "feedback": "html", "errors": "txt"}  # a file for each submission


class Output:
    """Writes what comes of a run, and knows what an earlier one left.

    What an earlier run left of a submission that is not among those of this one is kept under replaced/, where
    nothing counts it; should the submission come back, it does not have to be graded again.

    Args:
        folder: where; it may hold an earlier run.
        policy: lateness.Policy of the gradebook, or None.
        scheme: how points come about, which the gradebook's header says.

    Attributes:
        unread: whether manual.csv has points or comments in it that this run has not, and so was left as it is.
    """

    def __init__(self, folder, policy=None, scheme=SCHEMES[0]):
        self.folder, self._policy, self._scheme = Path(folder), policy, scheme
        for name in ("records", "results", "feedback", "manual"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            for path in (self.folder / name).glob(f"*{_UNFINISHED}"):
                path.unlink()
        self._rows, self.unread = {}, False

    @property
    def replaced(self):
        """The folder of what does not count any more."""
        return self.folder / "replaced"

    def earlier(self, name):
        """Return the Record of a submission that an earlier run left here, or None."""
        for folder in (self.folder, self.replaced):
            try:
                return record.load_record((folder / "records" / f"{name}.json").read_text(encoding="utf-8"))
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                continue  # none, or one of another version
        return None

    def write(self, graded):
        """Write what came of a submission: its record last, by which the next run knows that all is there."""
        name = graded.record.name
        if graded.log:
            (self.folder / "errors").mkdir(exist_ok=True)
            self._put(self.folder / "errors" / f"{name}.txt", "\n\n".join(graded.log) + "\n")
        else:
            (self.folder / "errors" / f"{name}.txt").unlink(missing_ok=True)
        late = lateness.assess(graded.record, self._policy) if self._policy else None
        self._put(self.folder / "results" / f"{name}.json", gradescope.results(graded.record, late))
        self._put(self.folder / "records" / f"{name}.json", record.dump(graded.record))
        self._rows[name] = gradebook.row(graded.record, self._policy)

    def write_gradebook(self):
        """Write the gradebook of all submissions written so far."""
        self._put(self.folder / "gradebook.csv", gradebook.gradebook(self._rows.values(), self._scheme))

    def write_pages(self, feedback, report):
        """Write the students' pages, (name, HTML) one after the other, and the class report."""
        for name, page in feedback:
            self._put(self.folder / "feedback" / f"{name}.html", page)
        self._put(self.folder / "report.html", report)

    def write_manual(self, pages, table):
        """Write the pages of answers, (file name, HTML) one after the other, and the table of points.

        A table that somebody has filled in with other points than this run was given stays as it is.
        """
        old = set((self.folder / "manual").glob("*.html"))
        for name, page in pages:
            self._put(self.folder / name, page)
            old.discard(self.folder / name)
        for path in old:
            path.unlink()
        path = self.folder / "manual.csv"
        self.unread = path.exists() and not manual.holds(table, path)
        if not self.unread:
            self._put(path, table)

    def set_aside(self):
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

    def _put(self, path, text):
        """Write a file in one step."""
        unfinished = path.with_name(path.name + _UNFINISHED)
        unfinished.write_text(text, encoding="utf-8", newline="")
        os.replace(unfinished, path)
