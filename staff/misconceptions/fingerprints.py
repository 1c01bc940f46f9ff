"""Make the fingerprints of the catalogue: what goes into the release."""

import functools
import json

from cs231n.checks import registry
from cs231n.checks.mistakes.recognise import SEED, Known, Recorder, close, recognise
from cs231n.checks.run import run_check
from cs231n.checks.subject.client import Subject
from staff.misconceptions.catalogue import entries
from staff.misconceptions.subject import transport

__all__ = ["known", "text", "twins"]


def known(progress=iter):
    """Return name -> Known, of all misconceptions; `progress` wraps the iteration."""
    return {one.name: _known(one) for one in progress(entries().values())}


def _known(one):
    found = [_answers(one.transport(form), one.exercise) for form in range(len(one.forms))]
    looks = tuple({check: said[-1] for check, (passed, said) in form.items() if not passed} for form in found)
    marks = tuple(_marks(one.exercise, form) for form in found)
    return Known(one.name, one.exercise, one.title, one.hints, looks, marks)


def _marks(exercise, found):
    """Return check -> (question that it stopped at, places that are not right), for `Known.marks`."""
    right, marks = _right_answers(exercise), {}
    for check, (passed, answers) in found.items():
        if not passed:
            marks[check] = len(answers), min((_unlike(answers[-1], one) for one in right[check][1]), key=len)
        elif places := {place for pair in zip(answers, right[check][1]) for place in _unlike(*pair)}:
            marks[check] = 0, tuple(sorted(places))
    return marks


def _unlike(leaves, right):
    """Return the places of the leaves that are not those of a right answer."""
    alike = len(leaves) == len(right)
    return tuple(k for k, leaf in enumerate(leaves) if not (alike and close(leaf, right[k])))


@functools.cache
def _right_answers(exercise):
    return _answers(transport({}), exercise)


def _answers(to, exercise):
    """Return check -> (whether it passes, the leaves of every answer), of the code that a transport leads to."""
    recorder, found = _Answers(to), {}
    for one in registry.checks_of(exercise):
        result = run_check(one, Subject(recorder), registry.generator(one.id, SEED), SEED)
        found[one.name] = result.verdict == "passed", recorder.answers
    return found


class _Answers(Recorder):
    """A recorder that keeps every answer."""

    def reset(self, limit, exercise=None):
        super().reset(limit, exercise)
        self.answers = []

    def request(self, message):
        before, reply = self.count, super().request(message)
        if self.count > before:
            self.answers.append(self.leaves())
        return reply


def twins(found):
    """Return (name, other) of the misconceptions that would be taken for another, or for right: other is None."""
    wrong = []
    for one in found.values():
        names = {recognise(seen, one.exercise, found) if seen else None for seen in one.looks}
        wrong += [(one.name, name) for name in sorted(names - {one.name}, key=str)]
    return wrong


def text(found):
    """Return the text of fingerprints.json: a line for each look."""
    parts = []
    for name, one in found.items():
        looks = ",\n   ".join(json.dumps(seen) for seen in one.looks)
        head = json.dumps({"exercise": one.exercise, "title": one.title, "hints": list(one.hints)}, indent=1)
        parts.append(
            f'{json.dumps(name)}: {head[:-2]},\n "looks": [\n   {looks}],\n "marks": {json.dumps(one.marks)}}}'
        )
    return "{\n" + ",\n".join(parts) + "\n}\n"
