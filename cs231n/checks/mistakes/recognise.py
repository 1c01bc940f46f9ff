"""Recognise a mistake that many make by what the code answers to the checks with public inputs.

The *look* of code that fails an exercise: for each check that it misses, the answer at which the check stopped. An
array stands there with its shape and three numbers, its projections on random directions; a random draw with its
share of zeros and its spread; an exception with its type and the numbers in its message. `fingerprints.json` holds
the looks of the known mistakes with their names and hints, and no code. Two looks are the same if they agree
within a tolerance that leaves room for other rounding and other caches, but not for another formula.
"""

import dataclasses
import functools
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from cs231n.checks import (
    exercises,  # noqa: F401 - registers the checks
    registry,
)
from cs231n.checks.run import Result, run_check
from cs231n.checks.subject.client import CALL_LIMIT, Subject
from cs231n.checks.subject.wire import Handle, Unknown
from cs231n.checks.verdicts import Verdict

__all__ = [
    "FINGERPRINTS",
    "SEED",
    "Answer",
    "Known",
    "Recorder",
    "agree",
    "catalogue",
    "diagnose",
    "look",
    "recognise",
]

FINGERPRINTS = Path(__file__).with_name("fingerprints.json")
SEED = 0  # the public seed whose inputs the looks belong to
DIRECTIONS = 3
TOLERANCE, FLOOR = 5e-4, 1e-5  # of projections: relative to the largest of an array, and at least
ABOUT = 0.1  # of what is known of a random draw
MANY = 500  # numbers that say enough about the draw that they came from
MOST = 10_000  # entries of an array that are looked at

NOTHING: Mapping[str, "Answer"] = MappingProxyType({})

# Entries of dicts that the contract names; what else somebody keeps in there is their own affair.
_ENTRIES = re.compile(r"(W|b|gamma|beta)\d+|running_mean|running_var|velocity|cache|m|v|t")


@dataclasses.dataclass(frozen=True)
class Known:
    """A mistake that is known by its looks.

    Attributes:
        name: unique.
        exercise: the exercise it is made in.
        title: what is wrong, in a line.
        hints: three steps that lead on, each further than the one before.
        looks: check -> leaves, for each form in which the mistake is known.
    """

    name: str
    exercise: str
    title: str
    hints: tuple[str, str, str]
    looks: tuple[dict, ...] = ()


@functools.cache
def catalogue(path: Path = FINGERPRINTS) -> dict[str, Known]:
    """Return name -> Known, of all known mistakes."""
    entries = json.loads(Path(path).read_text(encoding="utf-8"))
    return {
        name: Known(
            name,
            entry["exercise"],
            entry["title"],
            tuple(entry["hints"]),
            tuple(entry["looks"]),
        )
        for name, entry in entries.items()
    }


def diagnose(transport: Any, exercise: str, known: Mapping[str, "Answer"] = NOTHING) -> str | None:
    """Run the checks of an exercise on public inputs and return the name of the mistake it looks like, or None.

    Args:
        transport: to the code under check, see `subject.Subject`.
        exercise: name of an exercise; one that passes has no mistake.
        known: as for `look`.
    """
    seen = look(transport, exercise, known)
    return recognise(seen, exercise) if seen else None


def recognise(seen: dict[str, list], exercise: str, known: Mapping[str, Known] | None = None) -> str | None:
    """Return the name of the mistake that a look belongs to, or None.

    Args:
        seen: what `look` returned.
        exercise: name of the exercise.
        known: name -> Known; default: the catalogue.
    """
    known = catalogue() if known is None else known
    checks = registry.checks_of(exercise)
    details = {check.name for check in checks if check.detail}
    of_dicts = {check.name for check in checks if check.of_dict}
    found = []
    for entry in known.values():
        if entry.exercise == exercise:
            unlike = [_unlike(seen, look, entry.looks, details, of_dicts) for look in entry.looks]
            found += [(*min(known for known in unlike if known), entry.name)] if any(unlike) else []
    return min(found)[-1] if found else None


def _unlike(seen, look, looks, details, of_dicts):
    """Return how unlike a known mistake some code is, three numbers, or None if it is not that mistake.

    They say whether it is about dicts alone while something else is wrong too, and how many checks of the core,
    and of all, fail in another way, because of a second mistake.
    """
    core = look.keys() - details
    telling = core - of_dicts or core or look.keys()
    if not agree(seen, look, telling, looks):
        return None
    others = [name for name in seen.keys() - telling - details if not _same(seen[name], look.get(name))]
    if others and not (core and _says_something(seen, telling)):
        return None
    different = [name for name in {*seen, *look} if not _same(seen.get(name), look.get(name))]
    return bool(others) and telling <= of_dicts, len(others), len(different)


def _says_something(seen, names):
    """Return whether an answer to these checks is more than exceptions or zeros."""
    leaves = [leaf for name in names for leaf in seen[name] if not leaf[0].startswith("raises")]
    return any(leaf[0].startswith("random") or any(leaf[1:]) for leaf in leaves)


def look(transport: Any, exercise: str, known: Mapping[str, "Answer"] = NOTHING) -> dict[str, list]:
    """Return check -> leaves, for each check of an exercise that failed on its public inputs.

    It is empty where nothing failed, and where code did not answer: not written, too slow, not to be imported.

    Args:
        transport, exercise: as for `diagnose`.
        known: id of a check -> its Answer, of those that need not run again.
    """
    recorder = Recorder(transport)
    subject, answers = Subject(recorder), {}
    # only the grader has the others, and no known look holds them
    checks = [one for one in registry.checks_of(exercise) if one.function.__module__.startswith("cs231n.")]
    for one in sorted(checks, key=lambda one: one.id not in known):
        if one.id in known:
            answer = known[one.id]
        else:
            result = run_check(one, subject, registry.public_generator(one.id, SEED), SEED, CALL_LIMIT)
            answer = recorder.answer_to(result)
        if answer.verdict not in (Verdict.PASSED, Verdict.FAILED, Verdict.ERROR):
            return {}
        answers[one.name] = answer
    return {name: answer.leaves for name, answer in answers.items() if answer.verdict != Verdict.PASSED}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What code answered to a check with its public inputs: the verdict, and the leaves where it failed."""

    verdict: Verdict
    leaves: list = dataclasses.field(default_factory=list)


class Recorder:
    """A transport that remembers the last call it carried, and the answer."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._question: dict[str, Any] = {}
        self._answer: dict[str, Any] = {}

    def reset(self, limit: float, exercise: str | None = None) -> None:
        self._question, self._answer = {}, {}
        self._transport.reset(limit, exercise)

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        reply = self._transport.request(message)
        if message["op"] in ("call", "get"):
            self._question, self._answer = message, reply
        return reply

    def answer_to(self, result: Result) -> Answer:
        """Return the Answer to the check that was just run, with this result."""
        if result.verdict not in (Verdict.FAILED, Verdict.ERROR):
            return Answer(result.verdict)
        one = result.check
        return Answer(result.verdict, self.leaves(one.of_dict, ones=one.name.endswith("shapes")))

    def leaves(self, of_dict: bool = False, ones: bool = True) -> list[list]:
        """Return what the last answer says, as a list of [what, number, ...].

        Args:
            of_dict: whether what is left in dicts counts, and not the result.
            ones: whether axes of length 1 count.
        """
        question, answer = self._question, self._answer
        if "failure" in answer:
            numbers = re.findall(r"\d{1,9}", answer["failure"]["message"])
            return [[f"raises {answer['failure']['type']}", *sorted(map(int, numbers[:6]))]]
        if _is_dropout(question):
            x, param = question["args"][:2]
            return _kept_shares(answer.get("value"), x, param)
        found: list[list] = []
        drawn = question.get("op") == "get"
        if of_dict:
            _collect([changed for _, changed in sorted(answer.get("dicts", {}).items())], found, drawn)
        else:
            _collect(answer.get("value"), found, drawn, ones=ones)
        _collect(answer.get("args"), found, drawn, ones=ones)
        return found


def _is_dropout(question):
    if question.get("target") != "cs231n.layers:dropout_forward":
        return False
    return isinstance(question["args"][1], dict) and question["args"][1].get("mode") == "train"


def _kept_shares(value, x, param):
    """Return what is to know about dropout whatever the mask: zeros, scale, and axes along which it repeats."""
    out = value[0] if isinstance(value, (tuple, list)) and value else value
    if type(out) is not np.ndarray or out.shape != np.shape(x):
        found = []
        _collect(value, found, False)
        return found
    kept = out != 0
    with np.errstate(all="ignore"):
        scale = np.nan_to_num((out / x)[kept] * param["p"], nan=1e6, posinf=1e6, neginf=-1e6)
    repeats = [float((kept == kept.take([0], axis)).all()) for axis in range(kept.ndim)]
    drawn = np.prod([size for size, repeated in zip(kept.shape, repeats) if not repeated])
    zeros = np.mean(~kept) if drawn >= MANY else float(not kept.all())
    scale = scale if scale.size else np.zeros(1)
    return [["about dropout", *_rounded([zeros, scale.mean(), scale.std(), *repeats])]]


def _collect(value, found, drawn, key="", ones=True):
    """Append the leaves of a value: arrays, numbers, and the kinds of whatever else there is."""
    if isinstance(value, (tuple, list)):
        for part in value[:MANY]:
            _collect(part, found, drawn, key, ones)
    elif isinstance(value, dict):
        for name in sorted(filter(_ENTRIES.fullmatch, value)):
            _collect(value[name], found, drawn, name, ones)
    elif isinstance(value, (np.ndarray, np.generic, float, int)):
        array = _as_floats(value)
        what = "x".join(str(size) for size in array.shape if ones or size != 1) or "number"
        if drawn and key.startswith("W"):
            found.append([f"about {key} {what}", *_rounded(_spread(array))])
        elif drawn and np.unique(array).size > 1:
            found.append([f"random {key} {what}"])
        else:
            found.append([f"{key} {what}".strip(), *_rounded(_projections(array))])
    elif isinstance(value, Unknown):
        found.append([value.type])
    elif not isinstance(value, Handle) and value is not None:
        found.append([type(value).__name__])


def _as_floats(value):
    try:
        return np.asarray(value, np.float64)
    except OverflowError:  # an integer of hundreds of digits
        return np.array(np.inf)


def _spread(array):
    """Return the logarithm of a draw's standard deviation, and its mean in units of that; of many numbers only.

    The mean varies more from draw to draw than the first number does; it is scaled down to vary as much.
    """
    if array.size < MANY:
        return []
    spread = max(float(array.std()), 1e-12)
    return [np.log(spread), 0.4 * float(array.mean()) / spread]


def _projections(array):
    """Return the projections of an array on fixed random directions; NaN and infinity are counted apart."""
    flat = array.ravel()[:MOST]
    finite = np.isfinite(flat)
    numbers = list(_directions(flat.size) @ np.where(finite, flat, 0.0) / max(flat.size, 1) ** 0.5)
    return numbers if finite.all() else [*numbers, float(np.count_nonzero(~finite))]


@functools.lru_cache(maxsize=256)
def _directions(size):
    return np.random.default_rng([DIRECTIONS, size]).standard_normal((DIRECTIONS, size))


def _rounded(numbers):
    return [float(f"{number:.5g}") for number in numbers]


def agree(
    seen: dict[str, list], known: dict[str, list], telling: Collection[str] | None = None, looks: Any = ()
) -> bool:
    """Whether code looks like a known mistake: it misses the same checks in the same way.

    Details may be missed or not, in a way of their own, without the mistake being another one, unless the mistake
    is one of details alone; and so may what is left in dicts, unless it is one of these alone. Whoever makes a
    second mistake misses more.

    Args:
        seen: what `look` returned.
        known: a look of the mistake.
        telling: names of the checks that count; default: all that the mistake misses.
        looks: all looks of the mistake: at a check, the answer of any of them will do.
    """
    forms = (known, *looks)
    return all(
        any(_same(seen.get(name), form.get(name)) for form in forms if name in form)
        for name in (known if telling is None else telling)
    )


def _same(leaves, known):
    if leaves is None or known is None:
        return False
    return len(leaves) == len(known) and all(map(leaf_agrees, leaves, known))


def leaf_agrees(one: list, two: list) -> bool:
    """Whether two leaves are the same within the tolerance."""
    if one[0] != two[0] or len(one) != len(two):
        return False
    numbers = np.array([one[1:], two[1:]], np.float64)
    if one[0].startswith("about"):
        bound = ABOUT
    else:
        bound = max(TOLERANCE * np.abs(numbers).max(initial=0.0), FLOOR)
    return bool((np.abs(numbers[0] - numbers[1]) <= bound).all())
