"""The catalogue: enough of it, well described, caught by the checks of its own exercise, and named."""

import re

import pytest

from cs231n.checks.rubric import load_rubric
from staff.misconceptions import __main__ as misconceptions
from staff.misconceptions import catalogue
from staff.misconceptions.catalogue import CatalogueError, Misconception, entries, wrong
from staff.misconceptions.measure import EXERCISES, backward_passes, dependents, trial
from staff.misconceptions.subject import source_of
from staff.release.modules import named_blocks

FORMS = [(name, form) for name, one in entries().items() for form in range(len(one.forms))]


def test_there_are_150_misconceptions_and_four_for_each_exercise():
    assert len(entries()) >= 150
    exercises = [one.exercise for one in entries().values()]
    few = [name for name in EXERCISES if exercises.count(name) < 4]
    assert few == [], f"add misconceptions to staff/misconceptions/mistakes until each of {few} has four"


def test_names_are_in_kebab_case_and_titles_fit_in_a_line():
    for one in entries().values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.name)
        assert 0 < len(one.title) <= 90 and one.title[-1] not in ".!?"


def test_every_misconception_has_three_different_hints_that_are_sentences():
    for one in entries().values():
        assert len(set(one.hints)) == 3, one.name
        for hint in one.hints:
            assert hint[-1] in ".?!" and len(hint) <= 120, hint


def _lines(text):
    lines = (" ".join(line.split()) for line in text.splitlines())
    return {line for line in lines if len(line) >= 6 and not line.startswith("#")}


def _block_lines(exercise, module):
    file = f"cs231n/{module.replace('.', '/')}.py"
    found = named_blocks(file, source_of(module))
    return {line for name in load_rubric().exercises[exercise].blocks for line in _lines(found[name].text)}


def test_no_hint_or_title_holds_a_line_of_the_solution_or_of_the_wrong_code():
    for one in entries().values():
        lines = _block_lines(one.exercise, one.module)
        for form in one.forms:
            for old, new in form:
                lines |= _lines(old) | _lines(new)
        pieces = lines | {line.split(" = ", 1)[1] for line in lines if " = " in line and len(line) > 12}
        for text in (one.title, *one.hints):
            assert not [piece for piece in pieces if len(piece) >= 6 and piece in text], (one.name, text)


def test_no_hint_holds_a_call_of_numpy():
    for one in entries().values():
        assert not re.search(r"np\.\w+\(", " ".join(one.hints)), one.name


@pytest.mark.parametrize(
    "name, exercise, edits, problem",
    [
        ("affine-bias-missing", "affine_forward", [("a", "b")], "two misconceptions affine-bias-missing"),
        (
            "affine-other",
            "affine_froward",
            [("a", "b")],
            "affine-other is of exercise 'affine_froward', but .* none",
        ),
        ("affine-other", "affine_forward", [], "affine-other has no edits"),
    ],
)
def test_an_entry_that_does_not_fit_the_others_or_the_rubric_is_refused(name, exercise, edits, problem):
    entries()
    with pytest.raises(CatalogueError, match=problem):
        wrong(name, exercise, "again", ("A.", "B.", "C."), *edits)


def entry(*edits):
    """Return a misconception of the rectifier with these edits."""
    return Misconception("relu-new", "relu_forward", "new", ("A.", "B.", "C."), (edits,))


@pytest.mark.parametrize(
    "edit, problem",
    [
        (("np.minimum", "np.abs"), "'np.minimum' occurs 0 times in cs231n/layers.py:relu_forward, expected once"),
        (("np.maximum(x, 0)", "np.maximum(x, 0"), "was never closed"),
    ],
)
def test_edits_that_do_not_apply_are_refused_with_the_name_and_what_to_do(edit, problem):
    with pytest.raises(CatalogueError, match=f"relu-new: .*{problem}.*; bring its edits in .* up to date"):
        entry(edit).text()


@pytest.mark.parametrize(
    "edit, says",
    [
        (("np.minimum", "np.abs"), "relu-new: 'np.minimum' occurs 0 times"),
        (("np.maximum(x, 0)", "np.abs(x)"), "relu-new looks like relu-absolute-value: tell them apart"),
        (("np.maximum(x, 0)", "x * (x > 0)"), "relu-new is not caught: no check of relu_forward fails"),
    ],
)
def test_the_command_says_what_is_wrong_with_an_entry_and_writes_nothing(monkeypatch, capsys, edit, says):
    few = {"relu-absolute-value": entries()["relu-absolute-value"], "relu-new": entry(edit)}
    for module in (misconceptions.fingerprints, catalogue):
        monkeypatch.setattr(module, "entries", lambda: few)
    before = misconceptions.FINGERPRINTS.read_bytes()
    assert misconceptions.main([]) == 1
    printed = capsys.readouterr().err
    assert says in printed and "fingerprints.json is left as it was" in printed
    assert misconceptions.FINGERPRINTS.read_bytes() == before


# --- the checks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, form", FORMS)
def test_a_misconception_is_caught_and_named(name, form):
    one = entries()[name]
    found = trial(one, form, (one.exercise,))
    assert found.caught
    assert found.named, found.names


# One of four, as each is held against every exercise; all of them: python -m staff.misconceptions --report
@pytest.mark.slow
@pytest.mark.parametrize("name, form", FORMS[::4])
def test_a_misconception_spoils_no_exercise_that_it_does_not_touch_and_is_taken_for_no_other(name, form):
    found = trial(entries()[name], form)
    assert found.spoiled == []
    assert found.wrongly_named == []


@pytest.mark.parametrize(
    "name",
    [
        "affine-bias-missing",
        "batchnorm-eps-outside-root",
        "dropout-not-scaled",
        "batchnorm-net-shared-statistics",
        "layernorm-net-batchnorm-called",
        "conv-backward-db-averaged",
        "adam-betas-swapped",
    ],
)
def test_what_is_not_touched_passes_or_is_blocked(name):
    assert trial(entries()[name]).spoiled == []


def test_dependents_are_found_through_others():
    assert dependents("batchnorm_forward") >= {"spatial_batchnorm_forward", "spatial_batchnorm_backward"}
    assert dependents("adam") == set()
    assert backward_passes("batchnorm_forward") == {"batchnorm_backward", "batchnorm_backward_alt"}
    assert backward_passes("conv_forward_naive") == {"conv_backward_naive"}
    assert backward_passes("adam") == set()
