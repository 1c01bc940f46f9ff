"""Late days that students have for the whole course, and what each assignment took of them.

The file has a line for each student and assignment that was late. A run computes the lines of its own assignment
anew from the roster and the times, and leaves those of others as they are: grading twice takes nothing twice.
"""

import csv
import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path

from staff.grade.intake import tables
from staff.grade.intake.roster import Person

__all__ = ["Bank", "read_bank"]

COLUMNS = ("student", "assignment", "days", "paid", "closed")


@dataclasses.dataclass(frozen=True)
class Bank:
    """What assignments took of the late days.

    Attributes:
        assignment: the one that is graded.
        lines: (student, assignment) -> (days late, days paid, whether the assignment is closed).
        reopen: whether a closed assignment is computed anew.
    """

    assignment: str = "a2"
    lines: dict[tuple[str, str], tuple[int, int, bool]] = dataclasses.field(default_factory=dict)
    reopen: bool = False

    @property
    def closed(self) -> bool:
        """Whether the assignment is closed: what was paid for it stays."""
        return not self.reopen and any(one[2] for key, one in self.lines.items() if key[1] == self.assignment)

    def left(self, person: Person) -> int:
        """Return how many late days can pay for a student's submission of this assignment."""
        if self.closed:
            return self.lines.get((person.key, self.assignment), (0, 0))[1]
        others = (one[1] for key, one in self.lines.items() if key[0] == person.key and key[1] != self.assignment)
        return max(person.bank - sum(others), 0)

    def table(self, paid: Mapping[str, tuple[int, int]], close: bool = False) -> str:
        """Return the file's text after a run.

        Args:
            paid: key of a student -> (days late, days paid).
            close: whether this assignment is closed from now on.
        """
        lines = {key: one for key, one in self.lines.items() if key[1] != self.assignment or self.closed}
        if not self.closed:
            lines |= {(student, self.assignment): (*days, close) for student, days in paid.items() if days[0]}
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        for (student, assignment), (days, used, closed) in sorted(lines.items()):
            table.writerow([student, assignment, days, used, "yes" if closed else ""])
        return text.getvalue()


def read_bank(path: Path, assignment: str, reopen: bool = False) -> Bank:
    """Return the Bank of a file, which need not be there.

    Raises:
        tables.TableError: a line is there twice, or holds no number of days.
    """
    found: dict[tuple[str, str], tuple[int, int, bool]] = {}

    def take(line):
        key = line["student"], line["assignment"]
        if not all(key):
            raise line.error("there is no student or no assignment, expected both")
        if key in found:
            raise line.error(f"{key[0]} has a line for {key[1]} already, expected one")
        days, paid = (tables.number_of(line[column]) for column in ("days", "paid"))
        if not (days == int(days or 0) and paid == int(paid or 0)) if days == days and paid == paid else True:
            raise line.error(f"days {line['days']!r} and paid {line['paid']!r}, expected whole numbers")
        found[key] = int(days), int(paid), line["closed"].casefold() in ("yes", "true", "x", "1")

    if Path(path).exists():
        names: dict[str, tuple[str, ...]] = {name: () for name in COLUMNS}
        tables.each_line(tables.read_table(Path(path), names, COLUMNS[:4]), take)
    return Bank(assignment, found, reopen)
