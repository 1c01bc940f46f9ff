"""Check what you have written so far.

    python -m cs231n.checks                      everything
    python -m cs231n.checks batchnorm_backward   an exercise, with a line for each check
    python -m cs231n.checks q2                   a question
    python -m cs231n.checks --seeds 50           with more random inputs
    python -m cs231n.checks --watch              again whenever you save a file
    python -m cs231n.checks adam --hints 2       with a second hint, where your mistake is a known one
    python -m cs231n.checks NAME --explain       where its gradient is wrong, how much, and why

Exit status: 0 if all selected exercises passed, 1 if not, 2 for a wrong command line, 3 if a check itself broke.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence

from cs231n.checks import registry, rubric
from cs231n.checks.local import ROOT, checked, explanations
from cs231n.checks.session import Outcome
from cs231n.checks.show.as_json import as_data
from cs231n.checks.show.table import table
from cs231n.checks.style import Style, style_of
from cs231n.checks.verdicts import Verdict

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.checks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="exercises, or questions such as q2 (default: all)"
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="random inputs for each check (default: 1)"
    )
    parser.add_argument(
        "--hints",
        type=int,
        choices=(0, 1, 2, 3),
        default=1,
        metavar="N",
        help="hints to show where a known mistake is recognised, up to 3 (default: 1)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the report as JSON, see cs231n/checks/show/as_json.py"
    )
    parser.add_argument("--list", action="store_true", help="list questions, exercises and checks, and run none")
    parser.add_argument(
        "--watch", action="store_true", help="check again whenever a file is saved; Ctrl-C ends it"
    )
    parser.add_argument(
        "--explain", action="store_true", help="look closely at what exercises return, above all at gradients"
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}, expected at least 1")
    try:
        names = rubric.select(options.names)
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        print(listing(names))
        return 0
    if options.watch:
        from cs231n.checks.show.watch import watch

        return watch(ROOT, names, options.seeds, options.hints)
    if options.explain:
        return show_explanations(names, style_of(sys.stdout))
    outcomes = checked(names, options.seeds, sys.stderr)
    if options.json:
        questions = {outcome.exercise.question for outcome in outcomes}
        manual = [item for item in rubric.load_rubric().manual.values() if item.question in questions]
        print(json.dumps(as_data(outcomes, manual, options.seeds), indent=1))
    else:
        detail = len(names) == 1
        print(table(outcomes, rubric.load_rubric(), style_of(sys.stdout), detail, options.hints))
    return status(outcomes)


def show_explanations(names: Sequence[str], style: Style) -> int:
    """Print what there is to say about exercises; returns the exit status: 0 if nothing is wrong with any."""
    from cs231n.checks.explain import as_text

    verdicts = set()
    for explanation in explanations(names):
        print(as_text(explanation, style), end="\n\n")
        verdicts.add(explanation.verdict)
    return 0 if verdicts <= {"right", Verdict.NOT_CHECKED} else 1


def status(outcomes: Iterable[Outcome]) -> int:
    """Return the exit status for some outcomes."""
    verdicts = {outcome.verdict for outcome in outcomes}
    if Verdict.GRADER_ERROR in verdicts:
        return 3
    return 0 if verdicts <= {Verdict.PASSED} else 1


def listing(names: Sequence[str]) -> str:
    """Return questions, exercises and checks as text."""
    lines = []
    for question in rubric.load_rubric().questions.values():
        lines.append(f"{question.name}  {question.title}")
        for exercise in rubric.load_rubric().exercises.values():
            if exercise.question == question.name and exercise.name in names:
                lines.append(f"  {exercise.name} ({exercise.points})")
                lines += [
                    f"    {check.name}: {check.line}{' (a detail)' if check.detail else ''}"
                    for check in registry.checks_of(exercise.name)
                ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
