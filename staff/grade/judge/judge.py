"""Judge the exercises of a submission, so that one mistake costs the points of one exercise."""

import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from cs231n.checks import registry
from cs231n.checks.mistakes.recognise import diagnose
from cs231n.checks.points import SCHEMES
from cs231n.checks.rubric import Exercise, load_rubric
from cs231n.checks.run import Result, run_check
from cs231n.checks.session import NOT_REACHED, Outcome, Session, first_message, in_words
from cs231n.checks.subject.client import CALL_LIMIT, Subject
from cs231n.checks.verdicts import Message, Verdict
from staff.grade.judge import known, messages
from staff.grade.judge.budget import Budget
from staff.grade.record import CheckRecord, ExerciseRecord

__all__ = ["Judge"]

LAYERS = "cs231n/layers.py"  # the module whose functions the grader can answer in place of the student's
# Verdicts after which a run with public seeds says more; a timeout would only be waited for again.
_TOLD_MORE = (
    Verdict.CORE_PASSED,
    Verdict.FAILED,
    Verdict.ERROR,
    Verdict.CRASHED,
    Verdict.IMPORT_ERROR,
    Verdict.PROTOCOL_VIOLATION,
)

_SETTLED = (Verdict.PASSED, Verdict.NOT_IMPLEMENTED, Verdict.GRADER_ERROR)  # whatever the layers below do


class Judge:
    """Judges exercises by their checks.

    Args:
        sandbox: Sandbox of the submission.
        generator: `generator(check_id, seed)` returns secret random numbers.
        budget: budget.Budget of the submission.
        scheme: how points come about, one of points.SCHEMES.
        reference: reference.Reference that is asked whether a check that broke is sound; None: nobody is.

    Attributes:
        log: texts for the staff alone, about checks that broke.
    """

    def __init__(
        self,
        sandbox: Any,
        generator: Callable[[str, int], np.random.Generator],
        budget: Budget,
        scheme: str = SCHEMES[0],
        reference: Any = None,
    ) -> None:
        self.sandbox, self.generator, self.budget, self.scheme = sandbox, generator, budget, scheme
        self.reference = reference
        budget.add(sandbox)
        self.rubric = load_rubric()
        self.session = self._session()
        self.log: list[str] = []

    def _session(self, trusted=()):
        """Return a Session with secret seeds, in which a check takes no more time than the submission has left."""

        def allot():
            session.limit = self._allowed()

        session = Session(
            self.sandbox.transport(trusted),
            on_check=allot,
            diagnose=False,
            generator=self.generator,
            is_sound=self._is_sound if self.reference else None,
            makes=known.makes,
            order=None if trusted else self.generator("order", 0),
        )
        return session

    def _is_sound(self, check, seed):
        """Return whether a check that broke passes with the same inputs for our solution."""
        subject = Subject(self.reference.transport())
        return run_check(check, subject, self.generator(check.id, seed), seed).verdict == Verdict.PASSED

    def record(self, exercise: Exercise) -> ExerciseRecord:
        """Return the ExerciseRecord of an exercise."""
        start = time.monotonic()
        outcome, trusted = self._outcome(self.session, exercise), ()
        if outcome.verdict not in _SETTLED and (broken := self._broken(exercise)):
            other = self._outcome(self._session(broken), exercise)
            gained = other.points(self.scheme) - outcome.points(self.scheme)
            if gained > 0 or (gained == 0 and not outcome.works):
                outcome, trusted = other, broken
        misconception, detail = None, ""
        if outcome.verdict in _TOLD_MORE and self._left() > 0:
            transport = self.sandbox.transport(trusted, public=True)
            detail = self._public(transport, outcome)
            if outcome.verdict in (Verdict.FAILED, Verdict.ERROR, Verdict.CORE_PASSED):
                misconception = self._misconception(transport, exercise.name)
        self.log += [
            "\n".join([result.check.id, *result.message.where])
            for result in outcome.results
            if result.verdict == Verdict.GRADER_ERROR
        ]
        return ExerciseRecord(
            name=exercise.name,
            question=exercise.question,
            points=exercise.points,
            earned=outcome.points(self.scheme),
            verdict=outcome.verdict,
            message=self._message(outcome),
            needs=outcome.needs,
            trusted=trusted if outcome.works else (),
            misconception=misconception,
            checks=_checks(outcome, detail),
            seconds=round(time.monotonic() - start, 3),
        )

    def _left(self):
        return self.budget.left()

    def _allowed(self):
        return min(CALL_LIMIT, self._left())

    def _outcome(self, session, exercise):
        """Return the Outcome of an exercise, unless the submission has no time left."""
        return session.outcome(exercise.name) if self._left() > 0 else _not_reached(exercise)

    def _broken(self, exercise):
        """Return the functions that an exercise builds on and that miss a check: forward and backward together.

        Its own forward pass is not among them, whose cache only its own backward pass can read.
        """
        functions = [name for name, one in self.rubric.exercises.items() if one.blocks[0].startswith(LAYERS)]
        needed = {_family(name) for name in self._all_needs(exercise)} - {_family(exercise.name)}
        families = {}
        for name in functions:
            if _family(name) in needed:
                families.setdefault(_family(name), []).append(name)
        missed = {name for family in families.values() for name in family if not self._passes(name)}
        return tuple(name for family in families.values() if missed.intersection(family) for name in family)

    def _passes(self, name):
        return self._outcome(self.session, self.rubric.exercises[name]).verdict == Verdict.PASSED

    def _all_needs(self, exercise):
        """Return the exercises that an exercise needs, and what those need."""
        for need in exercise.needs:
            yield need
            yield from self._all_needs(self.rubric.exercises[need])

    def _public(self, transport, outcome):
        """Return what a run of the first missed check with a public seed tells."""
        one = outcome.missed[0].check
        rng = registry.public_generator(one.id, 0)
        return messages.details(run_check(one, Subject(transport), rng, 0, self._allowed()))

    def _misconception(self, transport, name):
        """Return the name of the mistake that an exercise makes, or None."""
        try:
            return diagnose(transport, name)
        except Exception:  # whatever answers break it, the verdict stands
            self.log.append(f"{name}: its mistake could not be looked up\n{traceback.format_exc()}")
            return None

    def _message(self, outcome):
        """Return in a line why an exercise did not pass."""
        if outcome.verdict == Verdict.PASSED:
            return ""
        if outcome.verdict == Verdict.CORE_PASSED:
            return f"{in_words(outcome)}; missing: {outcome.missed[0].check.line}"
        if outcome.needs:
            return first_message(outcome).summary
        if outcome.verdict == Verdict.TIMEOUT and self._left() <= 0:
            return self.budget.why()
        first = next(result for result in outcome.missed if result.verdict == outcome.verdict)
        if outcome.verdict in (Verdict.NOT_IMPLEMENTED, Verdict.IMPORT_ERROR):  # the same for any check
            return messages.kind(first)
        return f"{first.check.line}: {messages.kind(first)}"


def _family(name):
    """Return what the names of a forward pass and its backward passes have in common."""
    return name.replace("_backward_alt", "_forward").replace("_backward", "_forward")


def _not_reached(exercise):
    """Return the Outcome of an exercise for which no time is left."""
    checks, message = registry.checks_of(exercise.name), Message(NOT_REACHED)
    results = tuple(Result(check, Verdict.TIMEOUT, message) for check in checks)
    return Outcome(exercise, Verdict.TIMEOUT, results, checks=checks)


def _checks(outcome, detail):
    """Return the CheckRecords of an outcome; the first that did not pass gets the detail."""
    records = []
    for result in outcome.results:
        message = messages.kind(result)
        if detail and result is outcome.missed[0]:
            message, detail = f"{message}\n{detail}", ""
        records.append(
            CheckRecord(result.check.id, result.check.line, result.verdict, message, result.check.detail)
        )
    return tuple(records)
