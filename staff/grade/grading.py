"""Grade one submission: read it, run its exercises in a sandbox, and record the results."""

import ast
import contextlib
import dataclasses
import functools
import hashlib
import platform
import time
from pathlib import Path

import numpy as np

from cs231n.checks.points import SCHEMES
from cs231n.checks.rubric import Exercise, load_rubric
from cs231n.checks.verdicts import Verdict
from cs231n.submit.archive import MODULES
from staff.grade import hidden, limits
from staff.grade.alike.given import GivenCode
from staff.grade.alike.tokens import TokenHashes
from staff.grade.intake import cells
from staff.grade.intake.assemble import assemble
from staff.grade.intake.child_process import TooMuch, apart
from staff.grade.intake.contents import Contents, read_contents
from staff.grade.intake.exports import Submission
from staff.grade.intake.text import clean
from staff.grade.judge import seeds
from staff.grade.judge.budget import Budget
from staff.grade.judge.judge import Judge
from staff.grade.judge.q5 import grade_q5
from staff.grade.points import manual
from staff.grade.record import ExerciseRecord, Record
from staff.grade.sandbox.isolation import isolation, refusal
from staff.grade.sandbox.reference import Reference
from staff.grade.sandbox.sandbox import Sandbox
from staff.grade.sandbox.users import SandboxError

__all__ = ["Graded", "Setup", "broken", "checks_digest", "contents_of", "grade", "settled"]

CRASHED_ONCE = "Python ended in a first run and not in a second, alone: our machine's fault, so the second counts"


@dataclasses.dataclass(frozen=True)
class Setup:
    """What is the same for all submissions of a run.

    Attributes:
        secret: the course secret.
        release: the blank release, path -> bytes.
        checks: SHA-256 over what decides about scores, see `checks_digest`.
        limit: seconds of processor time that all processes of a submission may take together.
        exercises: names of those to grade; empty: all.
        token_hashes: takes what tells whether two submissions are alike, or None to leave that out.
        unsafe: whether to grade where nothing keeps a submission from the solution and the secret.
        scheme: how points come about, one of cs231n.checks.points.SCHEMES.
    """

    secret: bytes
    release: dict[str, bytes]
    checks: str
    limit: float = limits.SUBMISSION
    exercises: tuple[str, ...] = ()
    token_hashes: TokenHashes | None = None
    unsafe: bool = False
    scheme: str = SCHEMES[0]

    @property
    def chosen(self) -> list[Exercise]:
        """The Exercises to grade, in the order of the rubric."""
        exercises = load_rubric().exercises
        return [one for name, one in exercises.items() if not self.exercises or name in self.exercises]

    @functools.cached_property
    def given_code(self) -> GivenCode:
        """What knows given code under other names, made once."""
        return GivenCode(self.release)

    @functools.cached_property
    def notebooks(self) -> cells.Notebooks:
        """The release's Notebooks, read once."""
        return cells.Notebooks(self.release)


@dataclasses.dataclass(frozen=True)
class Graded:
    """The result of grading.

    Attributes:
        record: its Record.
        kept: whether that is an earlier run's.
        log: texts for the staff alone.
        token_hashes: as TokenHashes.of gives them.
        late: whether there was no time left by the clock alone, which may be the machine's fault.
    """

    record: Record
    kept: bool = False
    log: tuple[str, ...] = ()
    token_hashes: dict = dataclasses.field(default_factory=dict)
    late: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether it may be the machine's fault: then the submission is graded once more, alone.

        No stack comes out of the sandbox, so no line of the student's explains that Python ended there.
        """
        return not self.kept and (self.late or bool(_crashed(self.record)))


def checks_digest(root: Path) -> str:
    """Return SHA-256 over what decides about scores: checks, rubric, the solution, Python and NumPy."""
    paths = [path for kind in ("py", "toml", "json") for path in (root / "cs231n").rglob(f"*.{kind}")]
    paths += (root / "staff" / "grade" / "hidden").glob("*.py")
    digest = hashlib.sha256(repr((platform.python_version(), np.__version__)).encode())
    for path in sorted(paths):
        digest.update(repr((path.relative_to(root).as_posix(), _meaning(path))).encode())
    return digest.hexdigest()


def _meaning(path: Path) -> str | bytes:
    """Return what a file says: of Python its syntax tree, in which comments and line breaks are no more."""
    data = path.read_bytes()
    try:
        return ast.dump(ast.parse(data)) if path.suffix == ".py" else data
    except (SyntaxError, ValueError):
        return data


def grade(
    submission: Submission,
    setup: Setup,
    earlier: Record | None = None,
    reference: Reference | None = None,
    contents: Contents | None = None,
) -> Graded:
    """Return the Graded of a submission.

    Args:
        submission: which is graded.
        setup: Setup of the run.
        earlier: its Record from an earlier run, or None; it is kept if nothing has changed that it depends on.
        reference: Reference that answers for broken layers; None: one for this submission alone.
        contents: its Contents, where they have been read elsewhere.

    Raises:
        SandboxError: nothing keeps a submission from the solution here, and the setup does not allow that.
    """
    if not setup.unsafe and (why := refusal()):
        raise SandboxError(f"{why}. Install bubblewrap, or grade with --unsafe")
    start = time.monotonic()
    contents = contents or contents_of(submission)
    assembly = assemble(setup.release, contents.files)
    notebooks = cells.Notebooks(contents.files, contents.pictures)
    record = dataclasses.replace(
        _blank(submission, setup),
        digest=contents.digest,
        code=assembly.code,
        files=len(contents.files),
    )
    problems = (*submission.problems, *contents.problems, *assembly.problems)
    hashes, why = _token_hashes(contents.files, setup)
    given, lines = _given_code(contents.files, setup)
    problems += (*why, *lines)
    if earlier and _still_holds(earlier, record, setup):
        record = dataclasses.replace(record, exercises=earlier.exercises, seconds=earlier.seconds)
        return Graded(_read(record, notebooks, problems, setup), kept=True, token_hashes=hashes)
    hidden.load_hidden_checks()
    # hash of code -> generator
    seeded = functools.partial(functools.partial, seeds.secret_generator, setup.secret)
    budget = Budget(setup.limit)
    with contextlib.ExitStack() as stack:
        reference = reference or stack.enter_context(Reference())
        sandbox = stack.enter_context(Sandbox(assembly.files, setup.release, reference, given=given))
        judge = Judge(sandbox, seeded(assembly.code), budget, setup.scheme, reference)
        exercises = [judge.record(one) for one in setup.chosen if not one.in_notebook]
    in_notebook, log = grade_q5(contents.files, assembly.files, seeded, setup.chosen, budget, setup.scheme)
    seconds = round(time.monotonic() - start, 3)
    record = dataclasses.replace(record, exercises=(*exercises, *in_notebook), seconds=seconds)
    record = hidden.without_details(_read(record, notebooks, problems, setup))
    return Graded(record, log=(*judge.log, *log), token_hashes=hashes, late=budget.late())


def contents_of(submission: Submission) -> Contents:
    """Return the Contents of a submission, read in a child process; without files where that takes too much."""
    try:
        return apart(read_contents, *submission.paths)
    except TooMuch as error:
        return Contents({}, "not read", (f"not graded: it {error}",))


def _token_hashes(files, setup):
    """Return (hashes of the code, lines about why there are none)."""
    try:
        return (apart(setup.token_hashes.of, files) if setup.token_hashes else {}), ()
    except TooMuch as error:
        return {}, (f"not compared with other submissions: it {error}",)


def _given_code(files, setup):
    """Return (paths of given modules under other names, lines for staff)."""
    try:
        return apart(setup.given_code.of, files)
    except TooMuch as error:
        new = {name for name in files if name.endswith(".py") and name not in MODULES}
        line = (
            f"not compared with given code, as it {error}: everything but the modules of the assignment "
            "counts as given"
        )
        return new, (line,)


def _read(record, notebooks, problems, setup):
    """Return a record with what a human is to read, in the notebooks that it was graded in."""
    items = manual.items(notebooks, setup.notebooks, record.exercises)
    return dataclasses.replace(record, manual=items, problems=(*problems, *notebooks.problems))


def broken(submission: Submission, setup: Setup, why: str) -> Graded:
    """Return the Graded of a submission at which the grader itself broke: nothing is decided, nothing is lost.

    Args:
        why: text for the staff alone.
    """
    exercises = tuple(
        ExerciseRecord(one.name, one.question, one.points, 0, Verdict.GRADER_ERROR, Verdict.GRADER_ERROR.meaning)
        for one in setup.chosen
    )
    record = _blank(submission, setup)
    nothing = cells.Notebooks({})
    return Graded(
        dataclasses.replace(record, exercises=exercises, manual=manual.items(nothing, nothing)), log=(why,)
    )


def settled(first: Graded, second: Graded) -> Graded:
    """Return what counts of two gradings, of which the second ran alone: the second, which says what had crashed.

    What crashes again is the student's.
    """
    gone = _crashed(first.record) - _crashed(second.record)
    exercises = tuple(
        dataclasses.replace(one, remark=CRASHED_ONCE)
        if one.name in gone and one.verdict != Verdict.GRADER_ERROR
        else one
        for one in second.record.exercises
    )
    return dataclasses.replace(second, record=dataclasses.replace(second.record, exercises=exercises))


def _crashed(record):
    """Return the names of the exercises of a record of which a check crashed."""
    return {
        one.name
        for one in record.exercises
        if any(check.verdict == Verdict.CRASHED for check in one.checks) or one.verdict == Verdict.CRASHED
    }


def _blank(submission, setup):
    """Return a Record without results."""
    return Record(
        name=submission.name,
        student=submission.student,
        source=clean(str(submission.path)),
        digest="",
        code="",
        checks=setup.checks,
        secret=seeds.secret_id(setup.secret),
        submitted=submission.submitted,
        isolation=isolation(),
        scheme=setup.scheme,
        problems=submission.problems,
        marked_late=submission.marked_late,
        limit=setup.limit,
    )


def _still_holds(earlier, record, setup):
    """Return whether a record of an earlier run is complete, and of the same code, checks, scheme and the rest."""
    if [one.name for one in setup.chosen] != [one.name for one in earlier.exercises]:
        return False
    decides = ("digest", "code", "checks", "scheme", "secret", "isolation")
    same = all(getattr(earlier, name) == getattr(record, name) for name in decides)
    if earlier.limit != record.limit and any(one.verdict == "timeout" for one in earlier.exercises):
        return False
    return same and all(exercise.verdict != "grader_error" for exercise in earlier.exercises)
