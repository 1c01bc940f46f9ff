"""Two misconceptions in one exercise at once: how often they are named, and as what."""

import ast
import itertools
from collections import Counter

from cs231n.checks.mistakes.recognise import mistakes
from cs231n.checks.rubric import load
from staff.misconceptions.catalogue import entries
from staff.misconceptions.subject import edited, executed, package, transport

__all__ = ["pairs", "report"]


def pairs(exercises=None):
    """Return (one, other, transport to the package with both) of the pairs whose edits do not meet.

    Args:
        exercises: names; default: all.
    """
    found = []
    for one, other in itertools.combinations(entries().values(), 2):
        if one.exercise == other.exercise and (exercises is None or one.exercise in exercises):
            forms = itertools.product(range(len(one.forms)), range(len(other.forms)))
            found += [(one, other, both) for form in forms if (both := _both(one, other, *form))]
    return found


def _both(one, other, form, other_form):
    """Return the edited text of the module, or None where the edits of the two meet."""
    edits = *one.forms[form], *other.forms[other_form]
    try:
        text = edited(one.module, *edits, within=load().exercises[one.exercise].blocks)
        ast.parse(text)
    except (ValueError, SyntaxError):
        return None
    return text


def names(one, text):
    """Return the mistakes that a package looks like in which a module has another text."""
    modules = package(one.module, executed(one.module, text))
    return mistakes(transport(modules), one.exercise)


def report(progress=iter, exercises=None):
    """Try every pair and return the figures as text; arguments as for `report.report` and `pairs`."""
    counts, others = Counter(), []
    for one, other, text in progress(pairs(exercises)):
        found = set(names(one, text))
        kind = _kind(found, {one.name, other.name})
        counts[kind] += 1
        if kind == "something else":
            others.append(f"{one.name} and {other.name}: {' and '.join(sorted(found))}")
    kinds = ("both", "one of them", "something else", "nothing")
    lines = [f"{'two at once':20} {counts.total():4}", *(f"named {kind:14} {counts[kind]:4}" for kind in kinds)]
    return "\n".join([*lines, *(f"  {line}" for line in others)])


def _kind(found, both):
    if not found:
        return "nothing"
    return "something else" if found - both else "both" if found == both else "one of them"
