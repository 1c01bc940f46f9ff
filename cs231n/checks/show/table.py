"""The table that a student reads."""

from collections.abc import Sequence

from cs231n.checks.rubric import Rubric
from cs231n.checks.session import Outcome, first_message, in_words
from cs231n.checks.show.as_json import totals
from cs231n.checks.style import Style, wrap
from cs231n.checks.verdicts import Verdict

__all__ = ["closing_line", "table"]


def table(outcomes: Sequence[Outcome], rubric: Rubric, style: Style, detail: bool = False, hints: int = 1) -> str:
    """Return the table of some outcomes.

    Args:
        outcomes: of the exercises, in the order of the rubric.
        rubric: the Rubric.
        style: the Style.
        detail: whether every check has a line.
        hints: how many steps of the hints to show where a known mistake is recognised.
    """
    lines: list[str] = []
    question = None
    for outcome in outcomes:
        exercise = outcome.exercise
        if exercise.question != question:
            question = exercise.question
            lines += _question(rubric.questions[question], outcomes, rubric, style, first=not lines)
        lines.append(_row(outcome, style))
        why = _details(outcome, style) if detail else _reason(outcome, style)
        why += _looks_like(outcome.looks_like, style, hints)
        if detail and outcome.verdict in (Verdict.FAILED, Verdict.CORE_PASSED):
            look = style.closer_look.format(name=exercise.name)
            why += wrap(style.paint(f"{style.arrow} a closer look: {look}", "dim"), style, "      ")
        lines += [*why, ""] if why and not detail else why
    return "\n".join([*lines, "", closing_line(outcomes, style)])


def _question(question, outcomes, rubric, style, first):
    """Return the heading of a question, with the points that a human gives."""
    heading = style.paint(f"{question.name}  {question.title}", "bold")
    human = sum(item.points for item in rubric.manual.values() if item.question == question.name)
    note = style.paint(f"   {question.notebook}", "dim")
    if human:
        note += style.paint(f", and {_points(human)} given by a human", "dim")
    return [*([] if first else [""]), heading + note]


def _row(outcome, style):
    """Return the line of an exercise: name, verdict, points."""
    exercise, verdict = outcome.exercise, outcome.verdict
    sign, colour = style.mark(verdict)
    word = verdict.word
    if verdict in (Verdict.FAILED, Verdict.ERROR) and len(outcome.results) > 1:
        word += f" {len(outcome.missed)} of {len(outcome.results)} checks"
    if outcome.needs:
        more = f" and {len(outcome.needs) - 1} more" if outcome.needs[1:] else ""
        word = f"needs {outcome.needs[0]}{more} first"
    line = f"  {style.paint(sign, colour)} {exercise.name:31} {style.paint(f'{word:38}', colour)}"
    return f"{line} {f'{outcome.earned:g} / {exercise.points}':>7}"


def _reason(outcome, style):
    """Return what is right and what is not: points, the first check that did not hold, the names of the others."""
    if outcome.verdict in (Verdict.PASSED, Verdict.NOT_IMPLEMENTED):
        return []
    lines = wrap(in_words(outcome), style, "      ") if in_words(outcome) else []
    missed = outcome.missed
    if outcome.verdict == Verdict.BLOCKED:  # its own failures; whatever else it says may follow from what it needs
        missed = [result for result in missed if result.verdict in (Verdict.FAILED, Verdict.ERROR)]
    if not missed:
        return lines
    lines += [f"      {missed[0].check.line}", *_message(missed[0].message, style)]
    if others := [result.check.name for result in missed[1:]]:
        lines += wrap(f"also failed: {', '.join(others)}", style, "      ")
    return lines


def _looks_like(known, style, hints):
    """Return what a failed exercise looks like, and the first steps that lead on from there."""
    if known is None:
        return []
    lines = wrap(style.paint(f"This looks like: {known.title}.", "bold"), style, "      ")
    for number, hint in enumerate(known.hints[:hints], start=1):
        lines += wrap(f"{number}. {hint}", style, "        ", "           ")
    if hints < len(known.hints):
        more = style.next_hint.format(name=known.exercise, count=hints + 1)
        lines += wrap(style.paint(f"{style.arrow} the next hint: {more}", "dim"), style, "        ")
    return lines


def _details(outcome, style):
    """Return a line for each check and the message of each that did not pass, once in full for the same thing."""
    lines, said = [], set()
    for result in outcome.results:
        sign, colour = style.mark(result.verdict)
        kind = " (a detail)" if result.check.detail else ""
        lines += wrap(f"{style.paint(sign, colour)} {result.check.line}{kind}", style, "      ", "        ")
        if result.verdict != Verdict.PASSED and result.message not in said:
            if result.seed:
                lines.append(style.paint(f"        with seed {result.seed}", "dim"))
            topic = _topic(result)
            lines += _summary(result.message, style) if topic in said else _message(result.message, style)
            said |= {topic, result.message}
    if outcome.needs:
        lines += wrap(f"{style.arrow} {first_message(outcome).summary}", style, "      ", "        ")
    if outcome.verdict != Verdict.PASSED and in_words(outcome):
        lines += wrap(f"{style.arrow} {in_words(outcome)}", style, "      ", "        ")
    return lines


def _topic(result):
    """Return what a message is about: of two about the same, the second says nothing new but its first line."""
    words = result.message.summary.split()
    if result.verdict == Verdict.FAILED:
        return words[0], *words[-2:]  # dx [for a batch of one] has other values
    return words[0], result.message.where  # the kind of an error, and its place


def _message(message, style):
    """Return the lines of a Message."""
    lines = _summary(message, style)
    for label, text in (("expected", message.expected), ("got", message.got)):
        if text:
            lines += wrap(f"{label:9} {text}", style, "          ", " " * 20)
    for text in message.where:
        lines += (
            wrap(text, style, "          ", "          ") if not text.startswith(" ") else [f"          {text}"]
        )
    if message.hint:
        lines += wrap(f"{style.arrow} {message.hint}", style, "        ", "          ")
    return lines


def _summary(message, style):
    """Return the first line of a Message; as many lines as it takes."""
    return wrap(style.paint(message.summary, "red"), style, "        ")


def closing_line(outcomes: Sequence[Outcome], style: Style) -> str:
    """Return the points reached of those that can be checked here, and what is next."""
    total = totals(outcomes)
    text = f"{total['earned']:g} of {total['points']} points that can be checked here"
    text += f", {total['passed']} of {total['exercises']} exercises."
    if broken := [outcome for outcome in outcomes if outcome.verdict == Verdict.GRADER_ERROR]:
        names = ", ".join(outcome.exercise.name for outcome in broken)
        return style.paint(f"{text} A check broke, which is not your fault: {names}.", "red")
    done = (Verdict.PASSED, Verdict.CORE_PASSED, Verdict.BLOCKED)
    todo = [outcome for outcome in outcomes if outcome.verdict not in done]
    for left in (Verdict.CORE_PASSED, Verdict.BLOCKED):
        todo = todo or [outcome for outcome in outcomes if outcome.verdict == left]
    if not todo:
        return style.paint(text, "green")
    nearest = todo[0].exercise
    name = todo[0].needs[0] if todo[0].needs else nearest.name
    return f"{style.paint(text, 'bold')} Next: {name} ({nearest.question}), {nearest.functions[0][0]}."


def _points(count):
    return f"{count} point" + ("" if count == 1 else "s")
