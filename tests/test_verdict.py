"""cs231n.verdict: what passes, what is shown, and what travels with a notebook's output."""

import json
import math

import numpy as np
import pytest

from cs231n import verdict
from tests.oracles import complains, parametrise


@pytest.fixture
def shown(monkeypatch):
    """The objects that were displayed."""
    objects = []
    monkeypatch.setattr(verdict, "display", objects.append)
    return objects


def _bundle(shown):
    """The one object shown, as Jupyter would receive it."""
    [shown_object] = shown
    bundle = shown_object._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", verdict.MIME}
    return bundle


KEPT = {
    "below": (1e-9, {"below": 1e-8}),
    "below, a negative bound": (-2, {"below": -1}),
    "below zero": (-1e-300, {"below": 0}),
    "below, a NumPy number": (np.float32(0.5), {"below": np.float64(1)}),
    "above": (3, {"above": 2.5}),
    "above zero": (1e-300, {"above": 0}),
    "infinity above": (math.inf, {"above": 1}),
    "equals": (4, {"equals": 4}),
    "equals zero": (0, {"equals": 0}),
    "equals False": (False, {"equals": False}),
    "equals a NumPy number": (np.int64(3), {"equals": 3}),
    "equal shapes": ((2, 3), {"equals": (2, 3)}),
    "equal words": ("float32", {"equals": "float32"}),
}
MISSED = {
    "below": (1e-7, {"below": 1e-8}),
    "below, the bound itself": (1, {"below": 1}),
    "above": (2, {"above": 2.5}),
    "above, the bound itself": (2.5, {"above": 2.5}),
    "equals": (4, {"equals": 5}),
    "equals zero": (1e-300, {"equals": 0}),
    "unequal shapes": ((2, 3), {"equals": (3, 2)}),
    "NaN below": (math.nan, {"below": 1e-8}),
    "NaN above": (np.float32("nan"), {"above": 0}),
    "NaN equals": (math.nan, {"equals": 1}),
    "NaN equals NaN": (math.nan, {"equals": math.nan}),
    "infinity below": (math.inf, {"below": 1}),
}
OUTCOMES = {f"kept: {name}": (*case, True) for name, case in KEPT.items()}
OUTCOMES |= {f"missed: {name}": (*case, False) for name, case in MISSED.items()}


@parametrise("value, bound, passed", OUTCOMES)
def test_check_tells_whether_the_bound_is_kept(shown, value, bound, passed):
    assert verdict.check("the error", value, **bound) is None  # or a notebook would echo it
    data = _bundle(shown)[verdict.MIME]
    assert data["kind"] == "check" and data["what"] == "the error"
    assert data["passed"] is passed


@parametrise("value, bound, passed", OUTCOMES)
def test_the_data_of_a_check_survives_the_way_through_a_notebook_file(shown, value, bound, passed):
    verdict.check("the error", value, **bound)
    bundle = _bundle(shown)
    assert json.loads(json.dumps(bundle, allow_nan=False)) == bundle


@pytest.mark.parametrize(
    "value, bound, parts",
    [
        (1.23456e-9, {"below": 1e-8}, ["dw", "1.23e-09", "< 1e-08"]),
        (0.25, {"above": 0.125}, ["dw", "0.25", "> 0.125"]),
        ((2, 3), {"equals": (2, 3)}, ["dw", "(2, 3)", "== (2, 3)"]),
        ("float32", {"equals": "float64"}, ["dw", "float32", "expected == float64"]),
        (math.nan, {"below": 1e-8}, ["dw", "nan", "expected < 1e-08"]),
    ],
)
def test_a_check_shows_what_came_and_what_was_expected(shown, value, bound, parts):
    verdict.check("dw", value, **bound)
    text = _bundle(shown)["text/plain"]
    for part in parts:
        assert part in text


def test_pass_and_fail_look_different_in_text_and_in_colour(shown):
    for error in (1e-10, 1e-2):
        verdict.check("dw", error, below=1e-8)
    good, bad = (one._repr_mimebundle_() for one in shown)
    assert good["text/plain"][0] == "✓" and bad["text/plain"][0] == "✗"
    colours = [bundle["text/html"].split("color: ")[1].split(";")[0] for bundle in (good, bad)]
    assert colours[0] != colours[1]


@pytest.mark.parametrize("bounds", [{}, {"below": 1, "above": 0}, {"below": 1, "above": 0, "equals": 0.5}])
def test_check_wants_exactly_one_bound(shown, bounds):
    with complains(ValueError, "dw", str(len(bounds)), "below", "above", "equals"):
        verdict.check("dw", 0.5, **bounds)
    assert shown == []


def test_bounds_have_to_be_named():
    with pytest.raises(TypeError):
        verdict.check("dw", 0.5, 1.0)


@pytest.mark.parametrize(
    "value, at_least, passed",
    [
        (0.56, 0.55, True),
        (0.55, 0.55, True),
        (0.5499, 0.55, False),
        (np.float64(0.6), 0.5, True),
        (np.float32(0.4), 0.5, False),
        (0, 0.1, False),
        (1, 1, True),
    ],
)
def test_check_accuracy_passes_from_its_bound_on(shown, value, at_least, passed):
    assert verdict.check_accuracy("net, validation", value, at_least) is None
    bundle = _bundle(shown)
    data = bundle[verdict.MIME]
    assert data["kind"] == "accuracy" and data["what"] == "net, validation"
    assert data["passed"] is passed
    assert data["value"] == float(value) and type(data["value"]) is float
    assert f"{at_least:.0%}" in data["detail"] and f"{value:.1%}" in data["detail"]
    assert json.loads(json.dumps(bundle, allow_nan=False)) == bundle


def test_what_has_no_number_fails_with_its_reason(shown):
    verdict.failed("adam", "not written yet")
    bundle = _bundle(shown)
    assert bundle["text/plain"] == "✗ adam: not written yet"
    assert (bundle[verdict.MIME]["kind"], bundle[verdict.MIME]["passed"]) == ("check", False)


def test_an_accuracy_of_nan_reaches_no_bound(shown):
    verdict.check_accuracy("net", math.nan, 0.0)
    assert _bundle(shown)[verdict.MIME]["passed"] is False


@parametrise(
    "show",
    {
        "check": lambda: verdict.check('<b>dw</b> & "x"', "<script>", equals="<i>"),
        "accuracy": lambda: verdict.check_accuracy('<b>dw</b> & "x"', 0.5, 0.4),
        "failed": lambda: verdict.failed('<b>dw</b> & "x"', "<script>"),
    },
)
def test_markup_is_shown_and_not_obeyed(shown, show):
    show()
    bundle = _bundle(shown)
    page = bundle["text/html"]
    assert page.startswith("<div ") and page.endswith("</div>")
    assert page.count("<") == 2, page
    assert "&lt;b&gt;dw&lt;/b&gt; &amp; &quot;x&quot;" in page
    assert '<b>dw</b> & "x"' in bundle["text/plain"]
    assert bundle[verdict.MIME]["what"] == '<b>dw</b> & "x"'


def test_outside_a_notebook_the_verdict_is_printed_as_text(capsys):
    verdict.check("dw", 1e-10, below=1e-8)
    verdict.check_accuracy("net", 0.25, 0.5)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:1] for line in lines] == ["✓", "✗"]
    assert "dw" in lines[0] and "1e-10" in lines[0]
    assert "net" in lines[1] and "25.0%" in lines[1] and "50%" in lines[1]
