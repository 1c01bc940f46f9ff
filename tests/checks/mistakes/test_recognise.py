"""Recognising a mistake: what counts as the same look, and what a look leaves out."""

import shutil

import numpy as np
import pytest

from cs231n import layers
from cs231n.checks import registry
from cs231n.checks.mistakes import recognise
from cs231n.checks.rubric import load_rubric
from cs231n.checks.show.as_json import as_data
from cs231n.checks.show.table import table
from cs231n.checks.style import Style
from cs231n.checks.subject.process import SubjectProcess
from tests.checks.subjects import ROOT, replaced, rewritten, session, transport

BIAS = ("out = rows @ w + b\n", "out = rows @ w\n")


def test_every_known_mistake_has_a_title_three_hints_and_a_look():
    for name, known in recognise.catalogue().items():
        assert known.name == name and known.title and len(known.hints) == 3
        assert known.looks and all(known.looks)


def test_a_right_solution_has_no_look_and_no_name():
    for exercise in ("affine_forward", "dropout_forward", "three_layer_conv_net"):
        assert recognise.look(transport(), exercise) == {}
        assert recognise.diagnose(transport(), exercise) is None


def test_code_that_is_not_written_has_no_name():
    def affine_forward(x, w, b):
        raise NotImplementedError("write me")

    assert (
        recognise.diagnose(transport(layers=replaced("layers", affine_forward=affine_forward)), "affine_forward")
        is None
    )


def test_a_mistake_is_recognised_in_a_worker_process(tmp_path):
    shutil.copytree(ROOT / "cs231n", tmp_path / "cs231n", ignore=shutil.ignore_patterns("__pycache__", "cifar*"))
    path = tmp_path / "cs231n" / "layers.py"
    path.write_text(path.read_text(encoding="utf-8").replace(*BIAS), encoding="utf-8")
    with SubjectProcess(tmp_path) as transport:
        assert recognise.diagnose(transport, "affine_forward") == "affine-bias-missing"


def test_a_mistake_that_nobody_knows_has_no_name():
    odd = rewritten("layers", ("out = rows @ w + b\n", "out = rows @ w + np.roll(b, 1)\n"))
    assert recognise.look(transport(layers=odd), "affine_forward")
    assert recognise.diagnose(transport(layers=odd), "affine_forward") is None


def test_a_check_that_only_the_grader_has_hides_no_mistake(monkeypatch):
    def hidden(subject, rng):
        """a check of staff.grade.hidden"""
        raise AssertionError("it was run")

    registered = {"affine_forward": [*registry.checks_of("affine_forward")]}
    monkeypatch.setattr(registry, "_REGISTRY", registered)
    registry.check("affine_forward")(hidden)
    wrong = transport(layers=rewritten("layers", BIAS))
    assert recognise.diagnose(wrong, "affine_forward") == "affine-bias-missing"


def test_two_mistakes_at_once_are_not_taken_for_one():
    def affine_forward(x, w, b):
        return 2 * (x.reshape(len(x), -1) @ w), None

    both = replaced("layers", affine_forward=affine_forward)
    assert recognise.diagnose(transport(layers=both), "affine_forward") is None


def test_a_side_effect_besides_does_not_hide_a_mistake():
    def affine_forward(x, w, b):
        out = x.reshape(len(x), -1) @ w
        w *= 0
        return out, None

    subject = transport(layers=replaced("layers", affine_forward=affine_forward))
    assert "inputs_kept" in recognise.look(subject, "affine_forward")
    assert recognise.diagnose(subject, "affine_forward") == "affine-bias-missing"


def test_a_mask_is_known_by_its_scale_and_not_by_its_places():
    def dropout_forward(x, dropout_param):
        if dropout_param["mode"] == "test":
            return x, None
        return x * (np.random.default_rng(dropout_param.get("seed")).random(x.shape) < dropout_param["p"]), None

    subject = transport(layers=replaced("layers", dropout_forward=dropout_forward))
    seen = recognise.look(subject, "dropout_forward")
    assert seen["values"][0][0] == "about dropout"


@pytest.mark.parametrize(
    "one, two, same",
    [
        (["3x4", 1.0, 2.0, 3.0], ["3x4", 1.0, 2.001, 3.0], True),
        (["3x4", 1.0, 2.0, 3.0], ["3x4", 1.0, 2.01, 3.0], False),
        (["3x4", 1.0], ["4x3", 1.0], False),
        (["3x4", 1.0], ["3x4", 1.0, 2.0], False),
        (["2", 0.0], ["2", 1e-7], True),
        (["about W1 40x50", -3.0, 0.0], ["about W1 40x50", -3.05, 0.05], True),
        (["about W1 40x50", -3.0, 0.0], ["about W1 40x50", -2.0, 0.0], False),
        (["raises ValueError", 3, 4], ["raises ValueError", 3, 5], False),
        (["raises KeyError"], ["raises KeyError"], True),
    ],
)
def test_leaves_agree_within_a_tolerance(one, two, same):
    assert recognise.agree({"values": [one]}, {"values": [two]}) is same


LEAF, OTHER, ZEROS, ERROR = ([["2", 1.0]], [["2", 2.0]], [["2", 0.0]], [["raises ValueError", 3]])


def name_of(seen, *looks):
    """Return the name of what was seen of batchnorm_forward, if one mistake with these looks is known."""
    known = recognise.Known("known", "batchnorm_forward", "", ("", "", ""), looks)
    return recognise.recognise(seen, "batchnorm_forward", {"known": known})


@pytest.mark.parametrize(
    "seen, looks",
    [
        ({"values": LEAF, "layout": LEAF}, [{"values": LEAF}]),
        ({"values": LEAF}, [{"values": LEAF, "layout": LEAF}]),
        ({"values": LEAF, "layout": OTHER}, [{"values": LEAF, "layout": LEAF}]),
        # running statistics may go wrong in a way of their own
        ({"values": LEAF, "running_statistics": OTHER}, [{"values": LEAF, "running_statistics": LEAF}]),
        # a second mistake
        ({"values": OTHER, "test_mode": LEAF}, [{"test_mode": LEAF}]),
        # the answers of two forms
        ({"values": LEAF, "test_mode": OTHER}, [{"values": LEAF, "test_mode": LEAF}, {"test_mode": OTHER}]),
    ],
)
def test_a_mistake_is_known_beside_others(seen, looks):
    assert name_of(seen, *looks) == "known"


@pytest.mark.parametrize(
    "seen, looks",
    [
        ({"values": LEAF}, [{"values": LEAF, "test_mode": LEAF}]),
        ({"values": LEAF, "test_mode": OTHER}, [{"values": LEAF, "test_mode": LEAF}]),
        # a mistake of details says nothing about a core that is wrong
        ({"values": LEAF, "layout": LEAF}, [{"layout": LEAF}]),
        # nor do zeros and exceptions beside something else
        ({"values": LEAF, "test_mode": ZEROS}, [{"test_mode": ZEROS}]),
        ({"values": LEAF, "test_mode": ERROR}, [{"test_mode": ERROR}]),
    ],
)
def test_what_misses_other_checks_is_another_mistake(seen, looks):
    assert name_of(seen, *looks) is None


def test_of_two_mistakes_the_one_that_explains_more_is_named():
    few = recognise.Known("few", "batchnorm_forward", "", ("", "", ""), ({"test_mode": LEAF},))
    more = recognise.Known("more", "batchnorm_forward", "", ("", "", ""), ({"values": LEAF, "test_mode": LEAF},))
    found = {"few": few, "more": more}
    assert recognise.recognise({"values": LEAF, "test_mode": LEAF}, "batchnorm_forward", found) == "more"
    assert recognise.recognise({"test_mode": LEAF}, "batchnorm_forward", found) == "few"


def test_nan_is_counted_and_infinity_does_not_break_a_look():
    def affine_forward(x, w, b):
        out = layers.affine_forward(x, w, b)[0]
        out[0] = np.nan
        out[-1] = np.inf
        return out, None

    seen = recognise.look(transport(layers=replaced("layers", affine_forward=affine_forward)), "affine_forward")
    assert np.isfinite(seen["values"][0][1:]).all()


@pytest.mark.parametrize("answer", [10**400, np.zeros(10**6), "text", None, [None] * 10**5, {"t": {"m": 1e400}}])
def test_answers_of_any_kind_have_a_look(answer):
    odd = {
        "affine_forward": lambda *args: (answer, None),
        "dropout_forward": lambda *args: (answer, None),
        "affine_backward": lambda *args: answer,
    }
    for exercise in odd:
        subject = transport(layers=replaced("layers", **odd))
        assert recognise.diagnose(subject, exercise) is None


def test_the_table_shows_as_many_hints_as_asked_for_and_the_report_the_name():
    outcome = session(layers=rewritten("layers", BIAS)).outcome("affine_forward")
    for hints in range(4):
        text = table([outcome], load_rubric(), Style(width=200), hints=hints)
        assert [hint in text for hint in outcome.looks_like.hints] == [k < hints for k in range(3)]
        assert (f"--hints {hints + 1}" in text) == (hints < 3)
    data = as_data([outcome], [], 1)["exercises"][0]
    assert data["looks_like"] == {"name": "affine-bias-missing", "title": "the bias is not added"}


def test_a_passing_exercise_is_not_diagnosed(monkeypatch):
    monkeypatch.setattr(recognise, "diagnose", None)
    assert session().outcome("affine_forward").verdict == "passed"
