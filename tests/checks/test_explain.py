"""The microscope: what it says about right solutions, wrong ones, and code that gives no answer."""

import numpy as np
import pytest

from cs231n import layers
from cs231n.checks import __main__ as checks
from cs231n.checks import patterns, places, show_explanation
from cs231n.checks.explain import as_png, as_text, explain, layer_settings
from cs231n.checks.explain.plot import figure, laid_out
from cs231n.checks.patterns import Context
from cs231n.checks.rubric import load_rubric
from cs231n.checks.show import jupyter
from cs231n.checks.style import Style
from cs231n.checks.subject.process import SubjectProcess
from tests.checks.subject.test_process import rewrite
from tests.checks.subjects import answering, replaced, rewritten, transport
from tests.checks.test_exercises import GARBAGE

WRITTEN = [name for name, exercise in load_rubric().exercises.items() if not exercise.in_notebook]
STYLE = Style(width=110)


def explanation_of(exercise, module, *edits):
    """Explain an exercise of the solved package in which lines of a module are rewritten."""
    key = module.removeprefix("classifiers.")
    return explain(transport(**{key: rewritten(module, *edits)}), exercise)


def finding_of(explanation):
    """Return the first finding that is not right."""
    return next(one for one in explanation.findings if one.verdict != "right")


# --- right solutions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise", WRITTEN)
def test_the_solution_is_right_and_its_gradients_fall_with_the_step_until_rounding_takes_over(exercise):
    explanation = explain(transport(), exercise)
    assert explanation.verdict == "right", as_text(explanation, STYLE)
    assert any("checks of" in note and "pass" in note for note in explanation.notes)
    for finding in explanation.findings:
        assert not finding.steps or min(finding.errors) < 1e-9 < max(finding.errors)
        assert bool(finding.steps) == ("backward" in exercise or "net" in exercise)


def test_a_curved_forward_pass_gives_a_v_and_a_straight_one_a_slope():
    curved = explain(transport(), "batchnorm_backward")
    assert np.argmin(curved.findings[0].errors) in (3, 4, 5)
    assert ": a V." in as_text(curved, STYLE)
    straight = explain(transport(), "affine_backward")
    assert np.argmin(straight.findings[0].errors) in (0, 1, 2)
    assert "linear" in as_text(straight, STYLE)


@pytest.mark.parametrize("right", [True, False])
def test_an_exercise_that_nobody_set_up_a_closer_look_at_is_explained_by_its_checks(monkeypatch, right):
    monkeypatch.delitem(layer_settings.BY_EXERCISE, "relu_forward")
    wrong = rewritten("layers", ("np.maximum(x, 0)", "np.abs(x)"))
    explanation = explain(transport(**({} if right else {"layers": wrong})), "relu_forward")
    text = as_text(explanation, STYLE)
    assert "There is no closer look at this exercise" in text
    assert ("All 5 checks of relu_forward pass" if right else "out has wrong values") in text
    assert explanation.verdict == ("right" if right else "failed")


def test_an_exercise_in_a_notebook_is_left_to_the_notebook():
    name = next(name for name, exercise in load_rubric().exercises.items() if exercise.in_notebook)
    assert "written in a notebook" in explain(transport(), name).summary


# --- wrong solutions ----------------------------------------------------------------------------------------

PENALTY = "np.sum(W * W)\n            grads[name] += reg * W\n"
# exercise, module, edit, what is wrong, verdict, words that have to be said
WRONG = [
    ("affine_backward", "layers", ("dw = rows.T @ dout", "dw = (rows.T @ dout).T"), "dw", "mistake", "transposed"),
    (
        "affine_backward",
        "layers",
        ("dw = rows.T @ dout", "dw = rows.T @ dout / len(x)"),
        "dw",
        "mistake",
        "exactly N times too small",
    ),
    (
        "affine_backward",
        "layers",
        ("dw = rows.T @ dout", "dw = -2 * rows.T @ dout"),
        "dw",
        "mistake",
        "exactly 2 times too large, and has the wrong sign",
    ),
    (
        "affine_backward",
        "layers",
        ("db = dout.sum(axis=0)\n    ### END", "db = dout\n    ### END"),
        "db",
        "mistake",
        "A sum is missing: added up over axis 0",
    ),
    (
        "relu_backward",
        "layers",
        ("dout * (x > 0)", "dout * (x >= 0)"),
        "dx",
        "kink",
        "exactly where x is exactly 0",
    ),
    ("relu_backward", "layers", ("dout * (x > 0)", "1.0 * (x > 0)"), "dx", "mistake", "dout = 1 everywhere"),
    (
        "relu_backward",
        "layers",
        ("dout * (x > 0)", "dout * (dout > 0)"),
        "dx",
        "mistake",
        "exactly where x and dout differ in sign",
    ),
    ("relu_forward", "layers", ("np.maximum(x, 0)", "np.abs(x)"), "out", "mistake", "exactly where x < 0"),
    ("affine_forward", "layers", ("rows @ w + b\n", "rows @ w\n"), "out", "mistake", "the difference is -b"),
    (
        "batchnorm_backward",
        "layers",
        ("dx = dcentred + dmean / N", "dx = dcentred"),
        "dx",
        "mistake",
        "Within each feature, all entries are wrong by the same amount: the gradient through the mean",
    ),
    (
        "batchnorm_backward",
        "layers",
        ("dvar * 2 * centred / N", "dvar * centred / N"),
        "dx",
        "mistake",
        "the gradient through the variance",
    ),
    (
        "batchnorm_backward_alt",
        "layers",
        ("dx = gamma / std * (dout - dbeta", "dx = 1 / std * (dout - dbeta"),
        "dx",
        "mistake",
        "lacks the factor gamma",
    ),
    (
        "spatial_batchnorm_backward",
        "layers",
        ("rows = dout.transpose(0, 2, 3, 1).reshape(N * H * W, C)", "rows = dout.reshape(N * H * W, C)"),
        "dx",
        "mistake",
        "dout is reshaped without a transpose",
    ),
    (
        "conv_backward_naive",
        "layers",
        ("dx = dpadded[:, :, pad : pad + H, pad : pad + W]", "dx = dpadded[:, :, :H, :W]"),
        "dx",
        "mistake",
        "shifted by 1 down and 1 to the right",
    ),
    ("conv_backward_naive", "layers", ("dw[f] += dout", "dw[f] = dout"), "dw", "mistake", "last window"),
    (
        "max_pool_backward_naive",
        "layers",
        ("left + column] += dout", "left + column] = dout"),
        "dx",
        "mistake",
        "only where windows overlap",
    ),
    (
        "max_pool_backward_naive",
        "layers",
        ("window.argmax()", "(window.size - 1 - window.ravel()[::-1].argmax())"),
        "dx",
        "kink",
        "has a kink",
    ),
    (
        "dropout_backward",
        "layers",
        ("else dout * mask", "else dout * (mask > 0)"),
        "dx",
        "mistake",
        "exactly p times the right value",
    ),
    ("dropout_backward", "layers", ("else dout * mask", "else dout"), "dx", "mistake", "The mask is forgotten"),
    (
        "sgd_momentum",
        "optim",
        ('next_w = w + config["velocity"]', 'next_w = w - config["velocity"]'),
        "change of w in step 1",
        "mistake",
        "The sign is wrong",
    ),
    (
        "two_layer_net",
        "classifiers.fc_net",
        (PENALTY, PENALTY.replace("+= reg", "+= 2 * reg")),
        "grads['W2']",
        "mistake",
        "the difference is reg * W2",
    ),
    (
        "fully_connected_net",
        "classifiers.fc_net",
        ('            dh = relu_backward(dh, caches["relu", i])\n', ""),
        "grads['b2']",
        "mistake",
        "grads['W3'] is still right and grads['b2'] is the first wrong one",
    ),
]


@pytest.mark.parametrize("exercise, module, edit, name, verdict, words", WRONG)
def test_a_mistake_is_named_with_its_place_and_pattern(exercise, module, edit, name, verdict, words):
    explanation = explanation_of(exercise, module, edit)
    finding = finding_of(explanation)
    assert (finding.name, finding.verdict, explanation.verdict) == (name, verdict, verdict)
    said = as_text(explanation, Style(width=1000))
    assert words in said, said
    plain = as_text(explanation, Style(signs=False, width=80))
    assert plain.isascii() and max(map(len, plain.splitlines())) <= 80, plain
    assert as_png(explanation, dpi=40).startswith(b"\x89PNG")


def test_a_real_mistake_is_as_large_for_every_step_while_a_right_gradient_has_its_v():
    finding = finding_of(explanation_of("batchnorm_backward", "layers", ("dcentred + dmean / N", "dcentred")))
    assert np.ptp(finding.errors) < 0.1 * max(finding.errors)
    assert min(finding.best) < 1e-9


def test_a_wrong_forward_pass_is_no_excuse_and_no_charge_for_the_backward_pass():
    wrong = ("out = gamma * xhat + beta\n        running", "out = gamma * xhat + 2 * beta\n        running")
    explanation = explanation_of("batchnorm_backward", "layers", wrong)
    assert [one.verdict for one in explanation.findings] == ["right", "right", "mistake"]
    said = as_text(explanation, STYLE)
    assert "Your batchnorm_forward does not match PyTorch" in " ".join(said.split())
    assert "exactly 2 times too small" in said


def test_a_penalty_with_its_own_right_gradient_is_said_to_be_so_many_times_too_large_without_a_curve():
    explanation = explanation_of(
        "two_layer_net",
        "classifiers.fc_net",
        ("self.params[name]\n            loss += 0.5 * reg", "self.params[name]\n            loss += reg"),
        ("grads[name] += reg * W", "grads[name] += 2 * reg * W"),
    )
    assert explanation.verdict == "failed" and any("2 times as much" in note for note in explanation.notes)
    assert "log10(h)" not in as_text(explanation, Style())


def test_where_only_other_properties_fail_it_says_so():
    def overwriting(dout, cache):
        result = layers.relu_backward(dout, cache)
        dout *= 2
        return result

    explanation = explain(transport(layers=replaced("layers", relu_backward=overwriting)), "relu_backward")
    assert explanation.verdict == "core_passed"
    assert explanation.findings[0].verdict == "right"
    said = as_text(explanation, Style(width=1000))
    assert "its gradients match the slopes, but another check fails" in said
    assert "Failed check: the upstream gradient is not changed. dout was changed in place" in said


# --- code that gives no answer ------------------------------------------------------------------------------


@pytest.mark.parametrize("garbage", GARBAGE)
def test_whatever_comes_back_is_explained_without_a_traceback(garbage):
    modules = answering(GARBAGE[garbage])
    for exercise in WRITTEN:
        explanation = explain(transport(**modules), exercise)
        assert explanation.verdict != "right", as_text(explanation, STYLE)
        assert exercise in as_text(explanation, STYLE)


def test_nan_in_a_gradient_is_named_and_its_places_are_counted():
    def wrong(dout, cache):
        dx = layers.relu_backward(dout, cache)
        dx[0, 0] = np.nan
        return dx

    explanation = explain(transport(layers=replaced("layers", relu_backward=wrong)), "relu_backward")
    said = as_text(explanation, Style(width=1000))
    assert "NaN in" in said and "division by zero" in said
    assert figure(explanation)


def test_what_is_not_written_is_called_that():
    def empty(*args):
        raise NotImplementedError("relu_backward (Q1): cs231n/layers.py")

    explanation = explain(transport(layers=replaced("layers", relu_backward=empty)), "relu_backward")
    assert (explanation.verdict, explanation.findings) == ("not_implemented", ())
    assert "is not written yet" in as_text(explanation, STYLE)
    with pytest.raises(ValueError, match="no findings to draw"):
        figure(explanation)


def test_a_backward_pass_whose_forward_raises_is_blocked_or_judged_with_the_cache_of_the_contract():
    def broken(*args):
        raise ZeroDivisionError("oh")

    modules = {"layers": replaced("layers", relu_forward=broken, batchnorm_forward=broken)}
    relu = explain(transport(**modules), "relu_backward")
    assert relu.findings[0].verdict == "right" and "slopes are those of PyTorch's" in as_text(relu, STYLE)
    norm = explain(transport(**modules), "batchnorm_backward")
    assert norm.verdict == "blocked" and "needs batchnorm_forward first" in as_text(norm, STYLE)


@pytest.mark.parametrize("line", ["while True: pass", "import os; os._exit(3)"])
def test_a_hang_and_a_crash_cost_no_more_than_a_sentence(student, line, monkeypatch):
    monkeypatch.setattr("cs231n.checks.explain.explanation.CALL_LIMIT", 0.5)
    rewrite(student, "layers.py", "    dx = dout * (x > 0)\n", f"    {line}\n")
    with SubjectProcess(student) as transport:
        explanation = explain(transport, "relu_backward")
    assert explanation.verdict in ("timeout", "crashed")
    assert "relu_backward: returned nothing to look at" in as_text(explanation, STYLE)


# --- patterns and places ------------------------------------------------------------------------------------


def said_about(came, right, **context):
    axes = tuple("abcd"[: right.ndim])
    return patterns.explain_values(came, right, Context(axes=axes, **context))


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda a: -a, "sign is wrong"),
        (lambda a: a / 2, "exactly 2 times too small"),
        (lambda a: 0.37 * a, "0.37 times the right value"),
        (lambda a: 0 * a, "is zero"),
        (lambda a: a + 0.25, "plus 0.25"),
        (lambda a: a[:, ::-1], "runs backwards along axis 1"),
        (lambda a: a.transpose(0, 1, 3, 2).reshape(a.shape), "(a, b, d, c)"),
        (lambda a: a.reshape(a.shape[::-1]).T, "and transposed back"),
        (lambda a: np.random.default_rng(0).permutation(a.ravel()).reshape(a.shape), "in the wrong places"),
        (lambda a: a * np.array([1, 2, 3]).reshape(3, 1, 1), "Each b is wrong by a different factor"),
        (lambda a: a + np.arange(4.0)[:, np.newaxis], "Along axis 1, from b to b, all are wrong by the same"),
        (lambda a: a**3, ""),
    ],
)
def test_a_pattern_is_recognised(change, words):
    right = np.random.default_rng(7).standard_normal((2, 3, 4, 5))
    came = change(right)
    said = said_about(came, right)
    assert words in said if words else said == "", said


def test_a_factor_gets_the_name_that_fits_all_calls():
    few, many = Context(sizes={"N": 2, "H": 3}), Context(sizes={"N": 5, "H": 3})
    assert list(patterns.fitting_names(2.0, few)) == ["2", "N", "N/(N - 1)"]
    assert list(patterns.fitting_names(1 / 15, many)) == ["1/(N*H)"]
    assert "exactly N*H times too small (N*H is 15 here)" in patterns.factor_sentence(1 / 15, {"1/(N*H)": 1 / 15})


@pytest.mark.parametrize(
    "came, words",
    [
        (lambda a: a.T, "transposed"),
        (lambda a: a[:, np.newaxis] * np.array([0.25, 0.75])[:, np.newaxis], "added up over axis 1"),
        (lambda a: a.sum(axis=0), "summed over too many axes"),
        (lambda a: a.ravel(), "only a reshape is missing"),
    ],
)
def test_another_shape_is_explained(came, words):
    right = np.random.default_rng(3).standard_normal((3, 4))
    assert words in patterns.explain_shape(came(right), right, Context(axes=("a", "b")))


def test_places_are_the_border_an_index_or_a_condition():
    wrong = np.ones((2, 3, 5, 6), bool)
    assert places.places_of(wrong, "ncyx", {}) == ["all 180 entries"]
    wrong[:, :, 1:-1, 1:-1] = False
    assert "only at the border" in places.places_of(wrong, "ncyx", {})[1]
    wrong = np.zeros((2, 3, 5, 6), bool)
    wrong[1, :, 2] = True
    said = "; ".join(places.places_of(wrong, ("example", "channel", "row", "column"), {}))
    assert "only example 1 of 2 (axis 0); only row 2 of 5 (axis 2)" in said
    assert places.places_of(wrong, "ncyx", {"x < 0": wrong})[1] == "exactly where x < 0"
    one = np.zeros(4, bool)
    one[2] = True
    assert places.places_of(one, ("feature",), {})[-1] == "at [2]"


def test_a_picture_lays_images_out_side_by_side():
    array = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    sheet = laid_out(array)
    assert sheet.shape == (2 * 5 - 1, 3 * 6 - 1)
    np.testing.assert_array_equal(sheet[5:9, 6:11], array[1, 1])
    assert np.isnan(sheet[4]).all()
    assert laid_out(np.ones(3)).shape == (1, 3) and laid_out(np.ones((1, 3, 1, 1))).shape == (1, 3)


def test_colours_are_symmetric_around_zero():
    explanation = explanation_of("batchnorm_backward", "layers", ("dcentred + dmean / N", "dcentred"))
    image = figure(explanation).axes[1].images[0]
    low, high = image.get_clim()
    assert low == -high and high == np.abs(explanation.findings[0].difference).max()


# --- the doors ----------------------------------------------------------------------------------------------


def test_the_command_line_explains_and_its_status_says_whether_all_is_right(capsys, monkeypatch):
    assert checks.main(["relu_backward", "--explain"]) == 0
    assert "relu_backward: right" in capsys.readouterr().out
    wrong = explanation_of("relu_backward", "layers", ("dout * (x > 0)", "dout * (x >= 0)"))
    monkeypatch.setattr(checks, "explanations", lambda names: [wrong])
    assert checks.main(["relu_backward", "--explain"]) == 1


def test_a_notebook_shows_text_and_a_picture(monkeypatch):
    shown = []
    monkeypatch.setattr(jupyter, "display", shown.append)
    show_explanation("relu_backward")
    assert "relu_backward: right" in repr(shown[0])
    assert shown[1].data.startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"show_explanation\(\) has no names"):
        show_explanation()
