"""Check exercises one by one: each stands alone, and what keeps one from working is named once."""

import dataclasses
import functools
import math
import time

from cs231n.checks import (
    exercises,  # noqa: F401 - registers the checks
    registry,
)
from cs231n.checks.mistakes import recognise
from cs231n.checks.rubric import Exercise, load
from cs231n.checks.run import Result, run_check
from cs231n.checks.subject.client import CALL_LIMIT, Subject
from cs231n.checks.verdicts import Message, Verdict

__all__ = ["Outcome", "Session"]

STUCK = (Verdict.TIMEOUT, Verdict.CRASHED)
NOTEBOOK_LIMIT = 10.0  # seconds that all checks of an exercise in a notebook may take


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of an exercise.

    Attributes:
        exercise: the Exercise.
        verdict: that of the first check that did not pass, else PASSED; NOT_CHECKED where its notebook is blank.
        results: a Result for each check that was run.
        needs: names of the exercises that have to work first, where the verdict is `blocked`.
        looks_like: the mistake that it looks like, a recognise.Known, where one is recognised.
    """

    exercise: Exercise
    verdict: Verdict
    results: tuple[Result, ...] = ()
    needs: tuple[str, ...] = ()
    looks_like: recognise.Known | None = None

    @property
    def earned(self):
        """Points: all of them if every check passed."""
        return self.exercise.points if self.verdict == Verdict.PASSED else 0

    @property
    def missed(self):
        """The results that are not `passed`."""
        return tuple(result for result in self.results if result.verdict != Verdict.PASSED)


class Session:
    """Checks exercises of one subject and remembers what came of them.

    Args:
        transport: to the code under check, see `subject.Subject`; a `frameworks.Notebook` leads to a notebook too.
        seeds: how many seeds each check runs with; it stops at the first that does not pass.
        limit: seconds a check may take with one seed.
        on_check: function without arguments, called before each check.
        diagnose: whether to look which mistake a failed exercise makes, which runs its checks once more.
        generator: `generator(check_id, seed)` returns the random numbers of a check.
    """

    def __init__(
        self, transport, seeds=1, limit=CALL_LIMIT, on_check=None, diagnose=True, generator=registry.generator
    ):
        self.transport, self.subject = transport, Subject(transport)
        self.seeds, self.limit, self.on_check, self.diagnose = seeds, limit, on_check, diagnose
        self.generator, self.framework = generator, getattr(transport, "framework", None)
        self.rubric = load()
        self._outcomes = {}

    def outcome(self, name):
        """Return the Outcome of an exercise, checking it if that has not happened yet."""
        if name not in self._outcomes:
            self._outcomes[name] = self._check(self.rubric.exercises[name])
        return self._outcomes[name]

    def _check(self, exercise):
        if exercise.in_notebook:
            return self._check_in_notebook(exercise)
        known = [self._outcomes[need] for need in exercise.needs if need in self._outcomes]
        if stuck := [
            other.exercise.name for other in known if other.verdict in (Verdict.TIMEOUT, Verdict.CRASHED)
        ]:
            return Outcome(exercise, Verdict.BLOCKED, needs=tuple(stuck))  # it would hang or crash too
        results = []
        for one in registry.checks_of(exercise.name):
            results.append(self._run(one))
            if results[-1].verdict in (Verdict.TIMEOUT, Verdict.IMPORT_ERROR):
                break  # the others would wait as long, or say the same
        if not results:
            raise LookupError(
                f"{exercise.name} has no checks: write them in cs231n/checks/exercises, and name their module in "
                "its __init__.py"
            )
        missed = [result for result in results if result.verdict != Verdict.PASSED]
        if broken := [result for result in missed if result.verdict == Verdict.GRADER_ERROR]:
            missed = broken
        if not missed:
            return Outcome(exercise, Verdict.PASSED, tuple(results))
        needs = self._in_the_way(exercise, missed[0])
        verdict = Verdict.BLOCKED if needs else missed[0].verdict
        looks_like = (
            self._looks_like(exercise.name, missed) if verdict in (Verdict.FAILED, Verdict.ERROR) else None
        )
        return Outcome(exercise, verdict, tuple(results), needs, looks_like)

    def _looks_like(self, name, missed):
        """Return the mistake that a failed exercise looks like, or None."""
        if not self.diagnose or all(result.seed != recognise.SEED for result in missed):
            return None
        mistake = recognise.diagnose(self.transport, name)
        return recognise.catalogue()[mistake] if mistake else None

    def _check_in_notebook(self, exercise):
        """Check an exercise that a notebook holds; it needs no other."""
        if self.framework is None:
            return Outcome(exercise, Verdict.NOT_CHECKED)
        self.transport.load_framework(exercise.name)  # which is not the student's time
        results, end = [], time.monotonic() + NOTEBOOK_LIMIT * self.seeds
        for one in self.framework.checks_of(exercise.name):
            results.append(self._run(one, max(end - time.monotonic(), 0.1)))
            if results[-1].verdict in (Verdict.TIMEOUT, Verdict.IMPORT_ERROR):
                break
        missed = [result.verdict for result in results if result.verdict != Verdict.PASSED]
        verdict = Verdict.GRADER_ERROR if Verdict.GRADER_ERROR in missed else [*missed, Verdict.PASSED][0]
        return Outcome(exercise, verdict, tuple(results))

    def _run(self, one, left=math.inf):
        """Run a check with each seed until one does not pass; none takes more than the `left` seconds."""
        for seed in range(self.seeds):
            if self.on_check:
                self.on_check()
            rng = self.generator(one.id, seed)
            result = run_check(one, self.subject, rng, seed, min(self.limit, left))
            if result.verdict != "passed":
                break
        return result

    def _in_the_way(self, exercise, result):
        """Return the exercises that have to work before this result says anything about `exercise`."""
        if result.verdict in (Verdict.IMPORT_ERROR, Verdict.GRADER_ERROR):
            return ()
        owners = self._owners(result.frames)
        if owners and exercise.name not in owners:
            broken = tuple(name for name in owners if self.outcome(name).verdict != Verdict.PASSED)
            if broken:
                return broken
        elif result.verdict == "not_implemented":
            return ()
        # A backward pass is judged by the slopes of the forward pass it belongs to, so a wrong one is no excuse.
        own_forward = {need for need in exercise.needs if _is_backward_of(exercise.name, need)}
        needs = exercise.needs if result.verdict == Verdict.BLOCKED else set(exercise.needs) - own_forward
        return tuple(n for n in exercise.needs if n in needs and self.outcome(n).verdict != Verdict.PASSED)

    def _owners(self, frames):
        """Return the exercises whose block is the innermost one that the frames went through."""
        for file, _, function, _ in reversed(frames):
            if owners := _exercises_by_function().get((file, function)):
                return owners
        return ()


def _is_backward_of(name, forward):
    return forward.endswith("_forward") and name.startswith(forward.removesuffix("_forward") + "_backward")


@functools.cache
def _exercises_by_function():
    """(file, function) -> names of the exercises that have a block there."""
    owners = {}
    for exercise in load().exercises.values():
        for place in exercise.functions:
            owners.setdefault(place, {})[exercise.name] = None
    return {place: tuple(names) for place, names in owners.items()}


def first_message(outcome):
    """Return the Message that says why an exercise did not pass, or None."""
    if outcome.needs:
        verb = "work" if len(outcome.needs) > 1 else "works"
        return Message(f"cannot be judged until {' and '.join(outcome.needs)} {verb}")
    return outcome.missed[0].message if outcome.missed else None
