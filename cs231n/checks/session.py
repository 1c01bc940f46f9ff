"""Check exercises one by one: each stands alone, and what keeps one from working is named once."""

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n.checks import (
    exercises,  # noqa: F401 - registers the checks
    points,
    registry,
)
from cs231n.checks.mistakes import recognise
from cs231n.checks.registry import Check
from cs231n.checks.rubric import Exercise, load_rubric
from cs231n.checks.run import Result, run_check
from cs231n.checks.subject.client import CALL_LIMIT, Subject
from cs231n.checks.verdicts import Message, Verdict

__all__ = ["NOT_REACHED", "Outcome", "Session", "first_message", "in_words"]

STUCK = (Verdict.TIMEOUT, Verdict.CRASHED)
NOT_REACHED = "not run: no time was left"
AFTER_TIMEOUT = 1.0  # seconds that a check may take where another has taken too long, and a decoy
DECOYS = 0.2  # probability of one more decoy before a check
NOTEBOOK_LIMIT = 10.0  # seconds that all checks of an exercise in a notebook may take


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The result of an exercise.

    Attributes:
        exercise: the Exercise.
        verdict: PASSED if every check held, CORE_PASSED if the core did, else that of the first core check that
            did not; NOT_IMPLEMENTED where its notebook is blank.
        results: a Result for each check that was run.
        needs: names of the exercises that have to work first, where the verdict is BLOCKED.
        looks_like: the mistake that it looks like, a recognise.Known, where one is recognised.
        checks: all its checks; default: those that were run.
    """

    exercise: Exercise
    verdict: Verdict
    results: tuple[Result, ...] = ()
    needs: tuple[str, ...] = ()
    looks_like: recognise.Known | None = None
    checks: tuple[Check, ...] = ()

    def points(self, scheme: str = points.SCHEMES[0]) -> float:
        """Return the points that the checks that held are worth under a scheme of `points`."""
        return points.earned(self.exercise, self._checks, self._held, scheme)

    @property
    def earned(self) -> float:
        """The points of the usual scheme."""
        return self.points()

    @property
    def up_to(self) -> float:
        """What it may earn once the exercises that it needs work; else what it earns."""
        if not self.needs:
            return self.earned
        open_ones = {check.name for check in self._checks if not check.alone}
        return points.earned(self.exercise, self._checks, self._held | open_ones)

    @property
    def works(self) -> bool:
        """Whether its core holds, so that others can build on it."""
        return bool(self._checks) and points.core_holds(self._checks, self._held)

    @property
    def missed(self) -> tuple[Result, ...]:
        """The results that are not PASSED, those of the core first."""
        missed = [result for result in self.results if result.verdict != Verdict.PASSED]
        return tuple(sorted(missed, key=lambda result: result.check.detail))

    @property
    def _held(self):
        return {result.check.name for result in self.results if result.verdict == Verdict.PASSED}

    @property
    def _checks(self):
        return self.checks or tuple(result.check for result in self.results)


class Session:
    """Checks exercises of one subject and remembers the results.

    Args:
        transport: to the code under check, see `subject.Subject`; a `frameworks.Notebook` leads to a notebook too.
        seeds: how many seeds each check runs with; it stops at the first that does not pass.
        limit: seconds a check may take with one seed.
        on_check: function without arguments, called before each check.
        diagnose: whether to look which mistake a failed exercise makes. That runs its checks once more where
            `generator` or `order` is given.
        generator: `generator(check_id, seed)` returns the random numbers of a check.
        is_sound: `is_sound(check, seed)` says whether a check that broke passes for a right solution; then the
            answers broke it, and it has failed. None: nobody knows, and it counts as broken.
        makes: `makes(mistake, exercise, answers)` says whether answers of a forward pass, as `Result.by_slopes`
            has them, are those of a known mistake. None: what it did with public inputs is enough.
        order: np.random.Generator that the order of checks is drawn from, and decoys: checks whose result does not
            count. So the code cannot know which check is running. None: in the order of the registry, no decoys.
    """

    def __init__(
        self,
        transport: Any,
        seeds: int = 1,
        limit: float = CALL_LIMIT,
        on_check: Callable[[], None] | None = None,
        diagnose: bool = True,
        generator: Callable[[str, int], np.random.Generator] = registry.public_generator,
        is_sound: Callable[..., bool] | None = None,
        makes: Callable[..., bool] | None = None,
        order: np.random.Generator | None = None,
    ) -> None:
        self._recorder = recognise.Recorder(transport)
        self.transport, self.subject = transport, Subject(self._recorder)
        self.seeds, self.limit, self.on_check, self.diagnose = seeds, limit, on_check, diagnose
        self.generator, self.framework = generator, getattr(transport, "framework", None)
        self.is_sound, self.makes, self.order = is_sound, makes, order
        self.rubric = load_rubric()
        self._outcomes: dict[str, Outcome] = {}
        self._public = generator is registry.public_generator and order is None
        self._answers: dict[str, recognise.Answer] = {}  # by id of the check, to its public inputs
        self._mistakes: dict[Any, str | None] = {}
        self._decoys_end = True

    def outcome(self, name: str) -> Outcome:
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
        checks = registry.checks_of(exercise.name)
        if not checks:
            raise LookupError(
                f"{exercise.name} has no checks: write them in cs231n/checks/exercises, and name their module in "
                "its __init__.py"
            )
        results, left = [], math.inf
        for check in self._arranged(checks):
            if left < math.inf and check.detail and self.limit > 0:
                break  # what hangs is mended first
            self._run_decoys(exercise)
            results.append(self._run(check, left))
            if results[-1].verdict == Verdict.IMPORT_ERROR:
                break  # the others would say the same
            if results[-1].verdict == Verdict.TIMEOUT:
                left = AFTER_TIMEOUT  # the others may wait as long
        results.sort(key=lambda result: checks.index(result.check))
        outcome = self._concluded(exercise, checks, self._by_forward(exercise, results))
        if outcome.verdict in (Verdict.PASSED, Verdict.GRADER_ERROR):
            return outcome
        if needs := self._in_the_way(exercise, outcome.missed[0]):
            return dataclasses.replace(outcome, verdict=Verdict.BLOCKED, needs=needs)
        if outcome.verdict in (Verdict.FAILED, Verdict.ERROR, Verdict.CORE_PASSED):
            return dataclasses.replace(outcome, looks_like=self._looks_like(exercise.name, outcome.missed))
        return outcome

    def _arranged(self, checks):
        """Return the checks in the order in which they run: those of the core before details."""
        core = [check for check in checks if not check.detail]
        if self.order is not None:
            core = [core[place] for place in self.order.permutation(len(core))]
        return [*core, *(check for check in checks if check.detail)]

    def _run_decoys(self, exercise):
        """Run checks of any exercise of the same module, for nothing, until one does not end by itself."""
        while self.order is not None and self.order.random() < DECOYS and self._decoys_end:
            module = [other for other in self.rubric.exercises.values() if other.module == exercise.module]
            checks = registry.checks_of(module[self.order.integers(len(module))].name)
            check, inputs = checks[self.order.integers(len(checks))], self.order.spawn(1)[0]
            if self.on_check:
                self.on_check()
            if self.limit <= 0:
                return
            result = run_check(check, self.subject, inputs, limit=min(self.limit, AFTER_TIMEOUT))
            self._decoys_end = result.verdict not in (Verdict.TIMEOUT, Verdict.CRASHED)

    def _concluded(self, exercise, checks, results):
        """Return the Outcome of some results, whatever other exercises do."""
        outcome = Outcome(exercise, Verdict.PASSED, tuple(results), checks=tuple(checks))
        if not outcome.missed:
            return outcome
        verdicts = [result.verdict for result in outcome.missed]
        if Verdict.GRADER_ERROR in verdicts:
            verdict = Verdict.GRADER_ERROR
        else:
            verdict = Verdict.CORE_PASSED if outcome.works else verdicts[0]
        return dataclasses.replace(outcome, verdict=verdict)

    def _by_forward(self, exercise, results):
        """Take back what held for the slopes of a forward pass that is wrong in a way that nobody knows.

        A mistake of the catalogue is charged once, where it is made. Of any other forward pass, nobody can say
        whether a backward pass that fits it has to do with the exercise.
        """
        if not any(result.by_slopes for result in results):
            return results
        [forward] = [need for need in exercise.needs if _is_backward_of(exercise.name, need)]
        works = self.outcome(forward).works
        mistake = None if works else self._mistake(forward)
        where = "is not right yet" if not works else "gives different values here than in its own checks"
        message = Message(
            f"it fits your {forward}, which {where}", hint=f"Fix {forward} first, then look at this one again."
        )
        verdict = Verdict.FAILED if works else Verdict.BLOCKED
        return [
            dataclasses.replace(result, verdict=verdict, message=message)
            if result.by_slopes and not self._made(mistake, forward, result.by_slopes)
            else result
            for result in results
        ]

    def _made(self, mistake, forward, answers):
        """Return whether answers of a forward pass are those of its known mistake, if it makes one."""
        return bool(mistake) and (self.makes is None or self.makes(mistake, forward, answers))

    def _mistake(self, name):
        """Return the name of the known mistake that an exercise makes, or None."""
        if name not in self._mistakes:
            self._mistakes[name] = recognise.diagnose(self.transport, name, self._answers)
        return self._mistakes[name]

    def _looks_like(self, name, missed):
        """Return the mistake that a failed exercise looks like, or None."""
        if not self.diagnose or all(result.seed != recognise.SEED for result in missed):
            return None
        mistake = self._mistake(name)
        return recognise.catalogue()[mistake] if mistake else None

    def _check_in_notebook(self, exercise):
        """Check an exercise that a notebook holds; it needs no other."""
        if self.framework is None:
            return Outcome(exercise, Verdict.NOT_IMPLEMENTED)
        self.transport.load_framework(exercise.name)  # which is not the student's time
        checks, results = self.framework.checks_of(exercise.name), []
        end = time.monotonic() + NOTEBOOK_LIMIT * self.seeds
        for check in checks:
            results.append(self._run(check, max(end - time.monotonic(), 0.1)))
            if results[-1].verdict in (Verdict.TIMEOUT, Verdict.IMPORT_ERROR):
                break
        return self._concluded(exercise, checks, results)

    def _run(self, check, left=math.inf):
        """Run a check with each seed until one does not pass; none takes more than the `left` seconds."""
        by_slopes = ()
        for seed in range(self.seeds):
            if self.on_check:
                self.on_check()
            if self.limit <= 0:
                return Result(check, Verdict.TIMEOUT, Message(NOT_REACHED), seed)
            rng = self.generator(check.id, seed)
            result = run_check(check, self.subject, rng, seed, min(self.limit, left))
            if self._public and seed == recognise.SEED:
                self._answers[check.id] = self._recorder.answer_to(result)
            if result.verdict == Verdict.GRADER_ERROR and self.is_sound and self.is_sound(check, seed):
                message = Message("what it returns cannot be compared with what is expected", hint=check.hint)
                result = dataclasses.replace(result, verdict=Verdict.FAILED, message=message)
            by_slopes += result.by_slopes
            if result.verdict != Verdict.PASSED:
                return result
        return dataclasses.replace(result, by_slopes=by_slopes)

    def _in_the_way(self, exercise, result):
        """Return the exercises that have to work before this result says anything about `exercise`."""
        if result.verdict in (Verdict.IMPORT_ERROR, Verdict.GRADER_ERROR):
            return ()
        owners = self._owners(result.frames)
        if owners and exercise.name not in owners:
            broken = tuple(name for name in owners if not self.outcome(name).works)
            if broken:
                return broken
        elif result.verdict == Verdict.NOT_IMPLEMENTED:
            return ()
        # A backward pass is judged by the slopes of the forward pass it belongs to, so a wrong one is no excuse.
        own_forward = {need for need in exercise.needs if _is_backward_of(exercise.name, need)}
        needs = exercise.needs if result.verdict == Verdict.BLOCKED else set(exercise.needs) - own_forward
        return tuple(n for n in exercise.needs if n in needs and not self.outcome(n).works)

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
    for exercise in load_rubric().exercises.values():
        for place in exercise.functions:
            owners.setdefault(place, {})[exercise.name] = None
    return {place: tuple(names) for place, names in owners.items()}


def first_message(outcome: Outcome) -> Message | None:
    """Return the Message that says why an exercise did not pass, or None."""
    if outcome.needs:
        verb = "work" if len(outcome.needs) > 1 else "works"
        return Message(f"cannot be judged until {' and '.join(outcome.needs)} {verb}")
    return outcome.missed[0].message if outcome.missed else None


def in_words(outcome: Outcome) -> str:
    """Return how the points of an exercise come about, or an empty text where nothing is right."""
    exercise, details = outcome.exercise, [result for result in outcome.results if result.check.detail]
    if outcome.needs and outcome.up_to > outcome.earned:
        needs = " and ".join(outcome.needs)
        return f"{outcome.earned:.1f}, up to {outcome.up_to:.1f} with a working {needs}"
    if outcome.verdict == Verdict.CORE_PASSED:
        held = sum(result.verdict == Verdict.PASSED for result in details)
        return (
            f"{outcome.earned:.1f} of {exercise.points}: right on ordinary input; {held} of {len(details)} details"
        )
    core = [result for result in outcome.results if not result.check.detail]
    held = sum(result.verdict == Verdict.PASSED for result in core)
    if outcome.earned:
        return f"{outcome.earned:.1f} of {exercise.points}: {held} of {len(core)} core checks pass"
    return ""
