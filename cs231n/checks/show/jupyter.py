"""The checks in a notebook: a line for each exercise, and what is wrong where one does not pass."""

import html

from IPython.display import Image, display

from cs231n import verdict
from cs231n.checks import registry, rubric
from cs231n.checks.explain import as_png, as_text
from cs231n.checks.local import checked, explanations
from cs231n.checks.rubric import select
from cs231n.checks.show.table import table
from cs231n.checks.style import IN_NOTEBOOK, Style
from cs231n.checks.verdicts import Verdict

__all__ = ["show_checks", "show_explanation"]


def show_checks(*names: str, hints: int = 1) -> None:
    """Check exercises and show the results.

    The checks run in a process of their own on the saved files, not on what the kernel holds. The line of each
    exercise counts as one check of the notebook.

    Args:
        names: exercises, or questions such as "q2"; at least one.
        hints: how many hints to show where a known mistake is recognised, up to 3.

    Raises:
        ValueError: unknown name, or none; another number of hints.
    """
    if hints not in range(4):
        raise ValueError(f"hints is {hints!r}, expected a number from 0 to 3")
    outcomes = checked(_selected("show_checks", names))
    for outcome in outcomes:
        name = outcome.exercise.name
        if outcome.verdict == Verdict.NOT_IMPLEMENTED:
            verdict.failed(name, outcome.verdict.word)
            continue
        held = sum(result.verdict == Verdict.PASSED for result in outcome.results)
        count = len(outcome.checks or registry.checks_of(name))
        verdict.check(f"{name}: checks passed", held, equals=count)
    if missed := [outcome for outcome in outcomes if outcome.verdict != Verdict.PASSED]:
        display(
            _Text(
                table(missed, rubric.load_rubric(), Style(width=100, typed=IN_NOTEBOOK), detail=True, hints=hints)
            )
        )


def show_explanation(*names: str) -> None:
    """Look closely at exercises and show what is wrong: where, how much, and what it looks like.

    The code runs in a process of its own, from the saved files, not as the kernel holds it.

    Args:
        names: exercises, or questions such as "q2"; at least one.

    Raises:
        ValueError: unknown name, or none.
    """
    for explanation in explanations(_selected("show_explanation", names)):
        display(_Text(as_text(explanation, Style(width=100))))
        if explanation.findings:
            display(Image(as_png(explanation), retina=True))


def _selected(function, names):
    if not names:
        raise ValueError(
            f'{function}() has no names, expected exercises, for instance {function}("affine_forward")'
        )
    return select(names)


class _Text:
    """Text that keeps its columns in a notebook."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        return f'<pre style="font-size: 90%; line-height: 1.35">{html.escape(self.text)}</pre>'
