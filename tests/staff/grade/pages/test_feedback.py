"""The student's page: what it says, what it keeps to itself, and that no text breaks out of it."""

import dataclasses

import numpy as np
import pytest

from cs231n.checks.rubric import load_rubric
from cs231n.checks.verdicts import Verdict
from staff.grade.pages.feedback import feedback
from staff.grade.pages.html import _environment
from staff.grade.points.lateness import assess, policy
from staff.grade.record import CheckRecord, Record
from tests.staff.grade.made_up import CATALOGUE, DEADLINE, HOSTILE, hostile_record, make_class, make_record
from tests.staff.grade.reading import check


@pytest.fixture
def record():
    return make_record(np.random.default_rng(5), "s1", "Ada Müller", 0.5)


def page_of(record, **more):
    return check(feedback(record, load_rubric(), CATALOGUE, **more))


def changed(record, name, **more):
    """The record with something else about an exercise."""
    exercises = (dataclasses.replace(one, **more) if one.name == name else one for one in record.exercises)
    return dataclasses.replace(record, exercises=tuple(exercises))


def test_every_exercise_and_item_has_its_place_with_verdict_and_points(record):
    page = page_of(record)
    for item in (*record.exercises, *record.manual):
        assert item.name in page.text
    assert f"{record.earned:g}".rstrip("0").rstrip(".") in page.text
    assert page.tags.count("article") == len(record.exercises) + len(record.manual)


def test_a_class_of_pages_is_well_formed():
    for record in make_class(10):
        page_of(record, late=assess(record, policy(DEADLINE.isoformat(), 15, 10)))


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_words_a_sign_and_a_meaning(record, verdict):
    page = page_of(changed(record, "adam", verdict=verdict, needs=("affine_forward",), message="because"))
    assert verdict.word in page.text
    assert verdict.meaning in page.text
    assert verdict.sign in page.text


def test_the_hints_open_one_after_another(record):
    name = "adam_0"
    text = feedback(changed(record, "adam", verdict="failed", misconception=name), load_rubric(), CATALOGUE)
    hints = CATALOGUE[name].hints
    start = text.index("This looks like: <strong>" + CATALOGUE[name].title)
    part = text[start : text.index("</article>", start)]
    depths = [
        part[: part.index(hint)].count("<details>") - part[: part.index(hint)].count("</details>")
        for hint in hints
    ]
    assert depths == [1, 2, 3]
    assert "open" not in part.split("<p>")[0]


def test_a_misconception_that_the_catalogue_does_not_know_is_left_out(record):
    page = page_of(changed(record, "adam", verdict="failed", misconception="gone"))
    assert "gone" not in page.text


def test_what_has_to_work_first_is_linked(record):
    page = page_of(changed(record, "adam", verdict="blocked", needs=("rmsprop", "sgd_momentum")))
    assert "Make rmsprop and sgd_momentum work first" in page.text
    assert {"exercise-rmsprop", "exercise-sgd-momentum"} <= page.targets


def test_what_fails_because_of_another_exercise_leads_there_and_is_not_the_next_to_write(record):
    passed = tuple(
        dataclasses.replace(one, verdict="passed", misconception=None, needs=()) for one in record.exercises
    )
    page = page_of(changed(dataclasses.replace(record, exercises=passed), "batchnorm_backward", verdict="failed"))
    assert "builds on" not in page.text and "Next: batchnorm_backward." in page.text
    both = changed(dataclasses.replace(record, exercises=passed), "batchnorm_forward", verdict="failed")
    page = page_of(changed(both, "batchnorm_backward", verdict="failed"))
    assert "It builds on batchnorm_forward, which does not work yet either: fix that first." in page.text
    assert "Next: batchnorm_forward." in page.text


def test_commands_in_messages_are_code_and_nothing_else_is(record):
    checks = (CheckRecord("adam.values", "the line", "failed", "see `python -m x`\ncame <b> **2**"),)
    text = feedback(changed(record, "adam", verdict="failed", checks=checks), load_rubric(), CATALOGUE)
    assert "see <code>python -m x</code>\ncame &lt;b&gt; **2**</span>" in text


def test_parts_that_the_grader_answered_are_named(record):
    page = page_of(changed(record, "adam", verdict="passed", trusted=("rmsprop",)))
    assert "Your own rmsprop is not right yet, so the grader answered in its place" in page.text


def test_pending_items_say_so_and_judged_ones_show_the_comment(record):
    first, second, *rest = record.manual
    manual = (
        dataclasses.replace(first, earned=None),
        dataclasses.replace(second, earned=1.5, comment="Label it."),
    )
    page = page_of(dataclasses.replace(record, manual=(*manual, *rest)))
    assert "… pending" in page.text
    assert "Label it." in page.text
    assert "1.5 of 2 points" in page.text


def test_a_penalty_is_shown_with_the_points_before_and_after(record):
    late = assess(
        dataclasses.replace(record, submitted="2026-04-25T12:00:00-07:00"), policy(DEADLINE.isoformat(), 0, 10)
    )
    page = page_of(record, late=late)
    assert "Saturday, 25 April 2026, 12:00:00 (UTC-07:00): 12 h late" in page.text
    assert f"{record.earned:g} points before" in page.text
    assert "after the penalty of 10 % for 1 day" in page.text


def test_nothing_that_is_not_the_students_is_shown(record):
    hidden = {
        "source": "/home/ta/incoming",
        "digest": "d1d1d1",
        "code": "c0c0c0",
        "checks": "e1e1e1",
        "secret": "5ec5ec",
    }
    text = feedback(dataclasses.replace(record, **hidden), load_rubric(), CATALOGUE)
    assert not [value for value in hidden.values() if value in text]


def test_reduced_isolation_is_said(record):
    page = page_of(dataclasses.replace(record, isolation="reduced: no bubblewrap"))
    assert "reduced isolation: no bubblewrap" in page.text


def test_a_submission_that_could_not_be_read_has_a_page():
    empty = Record("x", "Ada", "x.zip", "", "", "", "", None, "bubblewrap", ("not a zip archive",))
    assert "not a zip archive" in page_of(empty).text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_out_of_the_page(text):
    page = page_of(hostile_record(text))
    assert page.text.encode("utf-8")
    assert page.tags.count("b") == page.tags.count("i") == 0


def contrast(one, two):
    """The contrast of two colours, as the Web Content Accessibility Guidelines define it."""

    def luminance(colour):
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def colours_of_the_style(theme):
    """Name -> (red, green, blue) of a theme, 0 light, 1 dark, 2 print; and how deep the heat map goes."""
    parts = _environment().globals["style"].split(":root {")[1:][theme].split("}")[0]
    values = dict(pair.strip().removeprefix("--").split(": ") for pair in parts.split(";") if "--" in pair)
    depth = float(values.pop("shade").rstrip("%")) / 100
    full = {
        name: v if len(v) == 7 else "#" + "".join(2 * letter for letter in v[1:]) for name, v in values.items()
    }
    return {name: np.array([int(v[i : i + 2], 16) for i in (1, 3, 5)]) for name, v in full.items()}, depth


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_all_text_has_the_contrast_that_the_guidelines_ask_for(theme):
    colours, depth = colours_of_the_style(theme)
    pairs = [(text, on) for text in ("text", "quiet", "accent") for on in ("page", "card", "accent-soft")]
    pairs += [(verdict, "card") for verdict in ("good", "wrong", "broken")]
    pairs += [("alarm", "page"), ("alarm", "alarm-soft")]
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    for tone in {verdict.colour for verdict in Verdict}:
        deepest = depth * colours[tone] + (1 - depth) * colours["card"]
        low[tone] = contrast(colours["text"], deepest)
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}
