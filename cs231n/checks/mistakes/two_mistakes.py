"""Recognise two known mistakes in one exercise, where each of them shows in a place of its own.

A look of two mistakes is no known one, but pieces of it are. Where a check stopped at an answer that only one of
them changes, it looks as with that one alone; what neither changes is right; an array that both change may hold
anything. For each of the two there has to be an array that shows it alone.
"""

import itertools

__all__ = ["recognise_two"]


def recognise_two(seen, known, side_checks, close):
    """Return the names of the two mistakes that explain what was seen, in the order of `known`, or ().

    It is () as well where several pairs do.

    Args:
        seen: check -> (question at which it stopped, leaves of the answer).
        known: iterable of diagnosis.Known, all of one exercise.
        side_checks: names of checks that may fail besides.
        close: `close(leaf, leaf)`, whether two leaves are the same.
    """
    parts = [
        (one.name, {check: (*mark, look.get(check)) for check, mark in marks.items()})
        for one in known
        for look, marks in zip(one.looks, one.marks)
        if set(look) <= set(seen)
    ]
    found = {
        (name, other)
        for (name, one), (other, two) in itertools.combinations(parts, 2)
        if name != other and _explain(seen, one, two, side_checks, close)
    }
    return found.pop() if len(found) == 1 else ()


def _explain(seen, one, two, side_checks, close):
    """Return whether two mistakes explain all that was seen, and each of them something."""
    checks = {check for part in (one, two) for check, (question, *_) in part.items() if question}
    if not checks <= seen.keys() or not seen.keys() - checks <= side_checks:
        return False
    shown = set()
    for check in checks:
        said = _compare(*seen[check], [one.get(check), two.get(check)], close)
        if said is None:
            return False
        shown |= said
    return shown == {0, 1}


def _compare(question, leaves, parts, close):
    """Return which of two mistakes an answer shows, as a set of 0 and 1, or None where they do not explain it.

    Args:
        question: number of the call at which the check stopped.
        leaves: of the answer.
        parts: for each mistake (question, places of the leaves that it changes, leaves), or None.
    """
    here = [part if part and part[0] == question else None for part in parts]
    alike = all(len(part[2]) == len(leaves) for part in here if part)
    if not alike or question != min(part[0] for part in parts if part and part[0]):
        return None
    unlooked = {place for part in parts if part and not part[0] for place in part[1]}
    shown = set()
    for place, leaf in enumerate(leaves):
        changed_by = [k for k in (0, 1) if here[k] and place in here[k][1]]
        if len(changed_by) == 2 or place in unlooked:
            continue
        source = here[changed_by[0]] if changed_by else here[0] or here[1]
        if not close(leaf, source[2][place]):
            return None
        if changed_by and _tells(leaf):
            shown.add(changed_by[0])
    return shown


def _tells(leaf):
    """Return whether a leaf is an array of numbers, not all zero: no two mistakes share that by chance."""
    what, *numbers = leaf
    return not what.startswith(("about", "raises")) and any(abs(number) > 1e-3 for number in numbers)
