"""An Explanation as text for a terminal."""

import math

import numpy as np

from cs231n.checks.explain.findings import Explanation, Finding
from cs231n.checks.style import Style, wrap

__all__ = ["as_text"]

_COLOURS = {"right": "green", "precision": "yellow", "kink": "yellow", "mistake": "red"}
_VERDICTS = {"right": "right", "precision": "a matter of precision", "kink": "a kink", "mistake": "a real mistake"}
_NO_PATTERN = "No constant factor, no reordering and no single term explains the difference."
CURVE_WIDTH = 4  # columns for a step size
MAP_ROWS, MAP_COLUMNS = 12, 40  # of the largest matrix that a map is drawn of


def as_text(explanation: Explanation, style: Style) -> str:
    """Return an Explanation as lines of text, in a style.Style."""
    colour = _COLOURS.get(explanation.verdict, "red")
    lines = wrap(
        f"{style.paint(explanation.exercise, 'bold')}: {style.paint(explanation.summary, colour)}", style, ""
    )
    if explanation.setting:
        lines += wrap(explanation.setting, style, "  ")
    if explanation.findings:
        lines.append("")
    wrong = [one for one in explanation.findings if one.verdict != "right"]
    for finding in explanation.findings:
        lines += _finding(finding, style)
        if wrong and finding is wrong[0] and finding.difference is not None:
            lines += _map(finding.difference, style)
    # Where the gradients are right and something else is not, their curve leads nowhere.
    drawn = wrong or (explanation.findings if explanation.verdict == "right" else ())
    for finding in [one for one in drawn if one.has_curve][:1]:
        lines += ["", *_curve(finding, style)]
    if explanation.notes:
        lines += [""]
    for note in explanation.notes:
        lines += wrap(f"{style.arrow} {note}", style, "  ", "    ")
    return "\n".join(lines)


def _finding(finding, style):
    """Return the lines on one array: verdict, places, pattern, map."""
    sign, _ = style.mark("passed" if finding.verdict == "right" else "failed")
    colour = _COLOURS[finding.verdict]
    error = "" if math.isnan(finding.error) else f", largest error {finding.error:.1e}"
    head = f"{sign} {finding.name} {finding.expected.shape}: {_VERDICTS[finding.verdict]}{error}"
    lines = [f"  {style.paint(head, colour)}"]
    why = finding.why or ((_NO_PATTERN,) if finding.verdict == "mistake" else ())
    for label, said in (("where", finding.where), ("what", why)):
        for line in said:
            lines += wrap(f"{label:6} {line}", style, "    ", " " * 11)
            label = ""
    return lines


# --- the difference, entry by entry -------------------------------------------------------------------------


def _map(difference, style):
    """Return signs and sizes of a difference as a map of characters, of the worst image if there are several."""
    shown, place = _slice(difference)
    if shown is None:
        return []
    largest = np.abs(shown[np.isfinite(shown)]).max(initial=0.0)
    rows = ["".join(_character(value, largest, style) for value in row) for row in shown]
    legend = "+ too large, - too small" if not style.signs else "▲ too large, ▼ too small"
    head = f"got - right{place}:  {legend}, {'.' if not style.signs else '·'} right"
    return [f"    {style.paint(head, 'dim')}", *(f"      {row}" for row in rows)]


def _slice(difference):
    """Return a matrix to draw, and words for its place in the array."""
    if difference.ndim == 0 or difference.size == 1:
        return None, ""
    if difference.ndim == 1:
        difference, place = difference[np.newaxis], ""
    elif difference.ndim == 2:
        place = ""
    else:
        size = np.where(np.isnan(difference), np.inf, np.abs(difference))
        worst = np.unravel_index(np.argmax(size), difference.shape)[:-2]
        difference, place = difference[worst], f" at [{', '.join(map(str, map(int, worst)))}, :, :]"
    if difference.shape[0] > MAP_ROWS or difference.shape[1] > MAP_COLUMNS:
        return None, ""
    return difference, place


def _character(value, largest, style):
    """Return two columns for an entry."""
    if not np.isfinite(value):
        return " ?"
    if abs(value) <= 1e-4 * largest or largest == 0:
        return " ·" if style.signs else " ."
    small = abs(value) < 0.3 * largest
    if style.signs:
        return " " + ("▵▿" if small else "▲▼")[int(value < 0)]
    return " " + ("'," if small else "+-")[int(value < 0)]


# --- error against step size --------------------------------------------------------------------------------


def _curve(finding, style):
    """Return a log-log plot of the error against the step size."""
    levels = range(0, -13, -2)
    mine, good = ("●", "○") if style.signs else ("*", "o")
    lines = [f"  {style.paint(f'{finding.name} against slopes taken with steps of h', 'bold')}"]
    lines.append(
        f"    {mine} error of yours"
        + (f"   {good} error of a right gradient" if finding.verdict != "right" else "")
    )
    for level in levels:
        row = "".join(_point(finding, k, level, mine, good) for k in range(len(finding.steps)))
        lines.append(f"    {f'1e{level:+d}':>6} {'│' if style.signs else '|'}{row}".rstrip())
    axis = (
        ("└" + "─" * (CURVE_WIDTH * len(finding.steps)))
        if style.signs
        else "+" + "-" * (CURVE_WIDTH * len(finding.steps))
    )
    lines.append(f"           {axis}")
    ticks = "".join(f"{round(math.log10(h)):>{CURVE_WIDTH}d}" for h in finding.steps)
    lines.append(f"    log10(h) {ticks[1:]}")
    return lines + [line for said in (reading(finding),) for line in wrap(said, style, "    ")]


def _point(finding, k, level, mine, good):
    """Return the column of a step size in the row of a level."""
    curves = (finding.errors,) if finding.verdict == "right" else (finding.errors, finding.best)
    here = [_level(values[k]) == level for values in curves]
    signs = "".join(sign for sign, hit in zip((mine, good), here) if hit)
    return f"{signs:>{CURVE_WIDTH - 1}} "


def _level(error):
    """Return the row that an error belongs to, or None."""
    if math.isnan(error):
        return None
    if error > 1:
        return 0
    return max(-12, 2 * round(math.log10(max(error, 1e-13)) / 2))


def reading(finding: Finding) -> str:
    """Return what the curve says, in a sentence or two."""
    if finding.verdict == "kink":
        return (
            "Central differences take the mean of the slopes to the left and to the right, for every h. At a "
            "kink this mean is neither of the two slopes, so no gradient agrees with it."
        )
    best = int(np.argmin(finding.best))
    valley = f"A right gradient agrees best at h = {finding.steps[best]:.0e}, up to {finding.best[best]:.0e}"
    if finding.best[best] > 1e-6:
        return (
            f"{valley}: no step gives clear slopes, as if the forward pass computed in single precision. Larger "
            "steps show its curvature, smaller steps its rounding."
        )
    if finding.verdict == "right":
        return f"{valley}. {_LINEAR if finding.best[0] < 1e-9 else _CURVED}"
    reason = _REASON[finding.verdict]
    return f"{valley}. Yours stays at {min(finding.errors):.0e} or above, whatever the step: {reason}"


_CURVED = "Larger steps show the curvature of the forward pass, smaller steps its rounding: a V."
_LINEAR = "The forward pass is linear here, so large steps do no harm; small steps show its rounding."
_REASON = {
    "mistake": "rounding and kinks cannot cause that, only a wrong formula.",
    "precision": "a small error that smaller steps do not remove.",
}
