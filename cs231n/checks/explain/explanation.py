"""Explain an exercise: look at calls of several kinds, pick one that goes wrong, and say what is to be said."""

import dataclasses
from typing import Any

from cs231n.checks import patterns
from cs231n.checks.exercises import update_rules
from cs231n.checks.explain import dropout_settings, layer_settings, net_settings, rule_settings
from cs231n.checks.explain.findings import VERDICTS, Explanation
from cs231n.checks.explain.microscope import examine
from cs231n.checks.rubric import load_rubric
from cs231n.checks.session import Session
from cs231n.checks.subject.client import CALL_LIMIT, Subject, SubjectFailure
from cs231n.checks.verdicts import Failure, Verdict

__all__ = ["explain"]

NO_ANSWER = (Verdict.TIMEOUT, Verdict.CRASHED, Verdict.NOT_IMPLEMENTED, Verdict.IMPORT_ERROR)

SLOPES_LIMIT = 60.0  # seconds that the calls with moved inputs may take together


def explain(transport: Any, exercise: str) -> Explanation:
    """Return the Explanation of an exercise.

    Args:
        transport: to the code under check, see `subject.Subject`.
        exercise: its name.
    """
    if load_rubric().exercises[exercise].in_notebook:
        return Explanation(
            exercise, Verdict.NOT_CHECKED, "is written in a notebook, where its cells show whether it works"
        )
    outcome = Session(transport, limit=CALL_LIMIT, diagnose=False).outcome(exercise)
    if _module(exercise) is None:
        return _by_its_checks(outcome)
    subject = Subject(transport)
    looks, failures = _look(subject, exercise)
    if not looks:
        return _nothing_to_see(exercise, outcome, failures)
    kind, wrong = _choose(looks)
    try:
        subject.reset(0, SLOPES_LIMIT, exercise)
        setting = _make(subject, exercise, kind)  # again: the handles of the last look are gone
        findings = tuple(examine(setting, part) for part in setting.parts)
    except (Failure, SubjectFailure) as failure:
        return Explanation(exercise, _verdict_of(failure), f"stopped on the way: {failure}", looks[kind][0].words)
    findings = tuple(_with_named_factor(findings[k], k, kind, looks) for k in range(len(findings)))
    verdict = max((finding.verdict for finding in findings), key=VERDICTS.index)
    notes = [*setting.notes, *_order_note(exercise, findings)]
    notes += _kinds_note(exercise, looks, wrong, failures) + _checks_note(outcome, verdict)
    if verdict == "right" and outcome.verdict != Verdict.PASSED:
        verdict = outcome.verdict
    summary = _summary(verdict, findings, setting)
    return Explanation(exercise, verdict, summary, setting.words, findings, tuple(notes))


def _look(subject, exercise):
    """Return kind -> (Setting, findings without slopes), and kind -> failure for the calls that gave no answer."""
    looks, failures = {}, {}
    for kind in _module(exercise).kinds(exercise):
        try:
            subject.reset(0, SLOPES_LIMIT if looks else CALL_LIMIT, exercise)
            setting = _make(subject, exercise, kind)
            looks[kind] = setting, [examine(setting, part, curve=False) for part in setting.parts]
        except (Failure, SubjectFailure) as failure:
            failures[kind] = failure
            if _verdict_of(failure) in (
                Verdict.TIMEOUT,
                Verdict.CRASHED,
                Verdict.NOT_IMPLEMENTED,
                Verdict.IMPORT_ERROR,
            ):
                break  # the others would say the same, or wait as long
    return looks, failures


def _module(exercise):
    """Return the module that knows how to call an exercise, or None."""
    if exercise in net_settings.NETS:
        return net_settings
    if exercise in update_rules.RULES:
        return rule_settings
    if exercise.startswith("dropout"):
        return dropout_settings
    return layer_settings if exercise in layer_settings.BY_EXERCISE else None


def _make(subject, exercise, kind):
    return _module(exercise).setting(subject, exercise, kind)


def _choose(looks):
    """Return the kind to look at closely and the kinds that are wrong.

    Of those that are wrong it is the one of which most can be said; the first of several. Where none is, it is one
    with a note.
    """
    wrong = [kind for kind, (_, findings) in looks.items() if any(one.verdict != "right" for one in findings)]
    odd = [kind for kind, (setting, _) in looks.items() if setting.notes]  # right in itself, but for something
    return max(wrong, key=lambda kind: _telling(looks[kind][1]), default=next(iter([*odd, *looks]))), wrong


def _telling(findings):
    """Return how much the findings say: whether there is a mistake, explained differences, named places."""
    wrong = [one for one in findings if one.verdict != "right"]
    mistakes = any(one.verdict == "mistake" for one in wrong)
    return mistakes, sum(bool(one.why) for one in wrong), sum("where" in "".join(one.where) for one in wrong)


# --- what to say --------------------------------------------------------------------------------------------


def _nothing_to_see(exercise, outcome, failures):
    """Return the Explanation for code that gave no answer at all."""
    failure = next(iter(failures.values()))
    verdict = _verdict_of(failure)
    if verdict == Verdict.NOT_IMPLEMENTED:
        return Explanation(
            exercise, verdict, f"is not written yet, or calls something that is not written: {failure}"
        )
    summary = f"returned nothing to look at: {failure}"
    known = verdict == Verdict.BLOCKED or not outcome.missed or outcome.missed[0].message is None
    return Explanation(exercise, verdict, summary, notes=() if known else _said(outcome.missed[0].message))


def _by_its_checks(outcome):
    """Return the Explanation of an exercise that no module knows how to call: what its checks say."""
    verdict = "right" if outcome.verdict == Verdict.PASSED else outcome.verdict
    summary = f"its checks say: {verdict}. There is no closer look at this exercise"
    return Explanation(outcome.exercise.name, verdict, summary, notes=tuple(_checks_note(outcome, "right")))


def _said(message):
    """Return the lines of a check's Message."""
    values = [f"expected {message.expected}, got {message.got}"] if message.expected and message.got else []
    return (message.summary, *values, *(line.strip() for line in message.where), *filter(None, [message.hint]))


def _verdict_of(failure):
    return failure.verdict if isinstance(failure, SubjectFailure) else Verdict.FAILED


def _summary(verdict, findings, setting):
    """Return what it comes to, one line."""
    what = "its gradients match the slopes" if setting.value is not None else "the result here is right"
    if verdict == "right":
        return f"right: {what}"
    wrong = [one for one in findings if one.verdict != "right"]
    if not wrong:
        return f"{what}, but another check fails"
    words = {"mistake": "a real mistake", "kink": "a kink", "precision": "a matter of precision"}
    return f"{words[verdict]} in {', '.join(one.name for one in wrong)}"


def _with_named_factor(finding, place, kind, looks):
    """Return the finding with a constant factor named by what fits every kind of call: N, H*W, 1 - p, ..."""
    factor = patterns.constant_factor(finding.got, finding.expected) if finding.verdict == "mistake" else None
    if factor is None:
        return finding
    names = patterns.fitting_names(factor, looks[kind][0].parts[place].context)
    for setting, findings in looks.values():
        other = patterns.constant_factor(findings[place].got, findings[place].expected)
        if other is not None:
            fitting = patterns.fitting_names(other, setting.parts[place].context)
            names = {name: value for name, value in names.items() if name in fitting}
    return dataclasses.replace(finding, why=(patterns.factor_sentence(factor, names),))


def _order_note(exercise, findings):
    """Return where a net's gradient first goes wrong on the way back."""
    if exercise not in net_settings.NETS:
        return []
    wrong = [one.verdict == "mistake" for one in findings]
    if not any(wrong) or wrong[0]:
        return []
    first = wrong.index(True)
    return [
        f"On the way back, {findings[first - 1].name} is still right and {findings[first].name} is the first "
        "wrong one: look between the two. Later errors may only follow from that one."
    ]


def _kinds_note(exercise, looks, wrong, failures):
    """Return which other kinds of calls are right and which are not."""
    if not wrong and not failures:
        return []
    words = _module(exercise).kinds(exercise)
    right = [words[kind] for kind in looks if kind not in wrong]
    lines = [f"Wrong for: {', '.join(words[kind] for kind in wrong)}."] if wrong else []
    lines += [f"Right for: {', '.join(right)}."] if right else []
    return lines + [f"No answer for {words[kind]}: {failure}" for kind, failure in failures.items()]


def _checks_note(outcome, verdict):
    """Return what the checks say where this view has nothing to add."""
    if verdict != "right":
        return []
    if outcome.verdict == Verdict.PASSED:
        return [f"All {len(outcome.results)} checks of {outcome.exercise.name} pass."]
    first, others = outcome.missed[0], [result.check.line for result in outcome.missed[1:]]
    lines = [f"Failed check: {first.check.line}. {'; '.join(_said(first.message))}"]
    return lines + ([f"Also failed: {'; '.join(others)}."] if others else [])
