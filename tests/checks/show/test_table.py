"""The table: golden text, colours, signs, and what a student is told."""

import io
import re

import pytest

from cs231n.checks.registry import Check
from cs231n.checks.rubric import Exercise, load_rubric
from cs231n.checks.run import Result
from cs231n.checks.session import Outcome
from cs231n.checks.show.table import closing_line, table
from cs231n.checks.style import IN_NOTEBOOK, Style, style_of
from cs231n.checks.verdicts import Message, Verdict
from tests.checks.subjects import replaced, rewritten, session

SHOWN = ("affine_forward", "affine_backward", "relu_forward", "two_layer_net")
POINTS = [load_rubric().exercises[name].points for name in SHOWN]
MANUAL = sum(item.points for item in load_rubric().manual.values() if item.question == "Q1")
EARNED = f"{POINTS[2]} of {sum(POINTS)}"
GOLDEN = f"""\
Q1  Fully connected nets   FullyConnectedNets.ipynb, and {MANUAL} points given by a human
  ✗ affine_forward                  failed 4 of 5 checks                     0 / {POINTS[0]}
      the output matches PyTorch
        out has wrong values
          expected  #, #, #, #, ...
          got       #, #, #, #, ...
          for x (3, 2, 3, 4), w (24, 5), b (5,)
          15 of 15 entries differ by more than #
          most at [#]: expected #, got #
          Along axis 0, all are wrong by the same amount.
        → Take a batch of one with two or three numbers and follow each line on paper.
      also failed: one_example, one_output, layout
      This looks like: the bias is not added.
        1. Which of the three inputs does your result not depend on?
        → the next hint: python -m cs231n.checks affine_forward --hints 2

  ○ affine_backward                 not written yet                          0 / {POINTS[1]}
  ✓ relu_forward                    passed                                   {POINTS[2]} / {POINTS[2]}
  ↳ two_layer_net                   needs affine_forward and 1 more first    0 / {POINTS[3]}
      #, up to # with a working affine_forward and affine_backward
      without labels, loss returns the scores of every class
        scores has wrong values
          expected  #, #, #, #, ...
          got       #, #, #, #, ...
          for X (4, 2, 3, 2), W1 (12, 5), W2 (5, 4)
          16 of 16 entries differ by more than #
          most at [#]: expected #, got #
          Along axis 0, all are wrong by the same amount.
      also failed: one_example


{EARNED} points that can be checked here, 1 of 4 exercises. Next: affine_forward (Q1), cs231n/layers.py."""


@pytest.fixture(scope="module")
def outcomes():
    def affine_backward(dout, cache):
        raise NotImplementedError("affine_backward (Q1): cs231n/layers.py")

    wrong = rewritten("layers", ("out = rows @ w + b\n", "out = rows @ w\n"))
    wrong.affine_backward = affine_backward
    net = replaced("classifiers.fc_net", affine_forward=wrong.affine_forward, affine_backward=affine_backward)
    some = session(layers=wrong, fc_net=net)
    return [some.outcome(name) for name in SHOWN]


def without_numbers(text):
    """The text with the numbers that depend on random inputs replaced."""
    return re.sub(r"\[\d, \d\]", "[#]", re.sub(r"-?\d+\.\d+(e-\d+)?", "#", text))


def test_the_table_is_the_one_we_know(outcomes):
    assert without_numbers(table(outcomes, load_rubric(), Style())).splitlines() == GOLDEN.splitlines()


def test_one_exercise_in_detail_has_a_line_for_each_check(outcomes):
    text = table(outcomes[:1], load_rubric(), Style(), detail=True)
    lines = [line.strip() for line in text.splitlines()]
    assert "✗ right for a batch of one too (a detail)" in lines
    assert "✓ the arguments are not changed (a detail)" in lines
    assert text.count("out has wrong values") == text.count("out for a batch of one has wrong values") == 1
    assert text.count("most at") == 1  # the same again is not spelled out again


def test_what_fails_is_followed_by_what_to_type_for_a_closer_look_where_one_types(outcomes):
    assert "a closer look: python -m cs231n.checks affine_forward --explain" in table(
        outcomes[:1], load_rubric(), Style(), detail=True
    )
    notebook = " ".join(table(outcomes[:1], load_rubric(), Style(typed=IN_NOTEBOOK), detail=True, hints=2).split())
    assert 'the next hint: show_checks("affine_forward", hints=3)' in notebook
    assert (
        'a closer look: from cs231n.checks import show_explanation; show_explanation("affine_forward")' in notebook
    )
    assert "python -m" not in notebook


def test_the_same_message_is_shown_once(outcomes):
    assert table(outcomes[1:2], load_rubric(), Style(), detail=True).count("NotImplementedError") == 1


def test_colours_add_nothing_but_colours(outcomes):
    coloured = table(outcomes, load_rubric(), Style(colour=True))
    assert re.sub(r"\033\[\d+m", "", coloured).split() == table(outcomes, load_rubric(), Style()).split()
    assert "\033[32m✓\033[0m" in coloured and "\033[31m✗\033[0m" in coloured


def test_without_signs_the_table_is_ascii(outcomes):
    table(outcomes, load_rubric(), Style(signs=False)).encode("ascii")
    table(outcomes, load_rubric(), Style(signs=False), detail=True).encode("ascii")


class Stream(io.TextIOWrapper):
    def __init__(self, encoding, terminal):
        super().__init__(io.BytesIO(), encoding)
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(
    "encoding, terminal, environment, colour, signs",
    [
        ("utf-8", True, {}, True, True),
        ("utf-8", False, {}, False, True),
        ("utf-8", True, {"NO_COLOR": "1"}, False, True),
        ("utf-8", True, {"TERM": "dumb"}, False, True),
        ("cp1252", True, {}, True, False),
        ("cp437", False, {}, False, False),
        ("ascii", False, {}, False, False),
    ],
)
def test_the_style_fits_the_stream(monkeypatch, encoding, terminal, environment, colour, signs):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    style = style_of(Stream(encoding, terminal))
    assert (style.colour, style.signs) == (colour, signs)


def outcome(verdict, name="adam", message=None, **more):
    verdict = Verdict(verdict)
    exercise = Exercise(name, "Q1", 3, (more.pop("block", "cs231n/optim.py:adam"),), ())
    result = Result(Check(name, "steps", "a line", "", None), verdict, message or Message("summary"), **more)
    return Outcome(exercise, verdict, (result,))


def test_an_exercise_in_a_blank_notebook_is_not_written_yet_and_is_what_comes_next():
    notebook = Outcome(Exercise("barebones", "Q5", 2, ("PyTorch.ipynb:barebones",), ()), Verdict.NOT_IMPLEMENTED)
    text = table([notebook, outcome("passed")], load_rubric(), Style())
    assert re.search(r"○ barebones +not written yet +0 / 2", text)
    assert "3 of 5 points that can be checked here, 1 of 2 exercises. Next: barebones (Q5), PyTorch.ipynb" in text


def test_the_closing_line_names_a_check_that_broke():
    line = closing_line([outcome("grader_error"), outcome("failed", "rmsprop")], Style())
    assert "A check broke, which is not your fault: adam." in line


def test_the_closing_line_names_what_is_next():
    assert closing_line([outcome("passed"), outcome("failed", "rmsprop")], Style()).endswith(
        "Next: rmsprop (Q1), cs231n/optim.py."
    )


def test_the_seed_that_failed_is_named():
    assert "with seed 7" in table([outcome("failed", seed=7)], load_rubric(), Style(), detail=True)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(outcomes, width):
    message = Message("word " * 50, "word " * 50, "word " * 50, ("word " * 50,), "word " * 50)
    text = table([outcome("failed", message=message)], load_rubric(), Style(width=width), detail=True)
    long = [line for line in text.splitlines() if "word" in line and len(line) > width]
    assert long == []
