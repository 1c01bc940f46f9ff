"""No formula of a solution block is said in the release."""

import pytest

from staff import ROOT
from tests.staff.release.formulas import found_in, gradients_in_tex, said, solution_formulas

# Code that is said -> why it may be.
_SIZE = "the size of an output is part of the promise: callers and the given fast layers need it"
EXCUSED = {
    "H + 2 * pad - HH": _SIZE,
    "(H + 2 * pad - HH) // stride": _SIZE,
    "1 + (H + 2 * pad - HH) // stride": _SIZE,
    "1 + (H - pool_height) // stride": _SIZE,
}


def test_no_formula_of_a_solution_block_is_in_docstrings_prose_and_hints(release):
    known = solution_formulas()
    assert len(known) > 80
    found = found_in(said(release), known)
    assert {entry for entry in found if entry[1] not in EXCUSED} == set()
    assert EXCUSED.keys() <= {code for _, code, _ in found}, "take out of EXCUSED what is not said any more"


# Gradients that are said in TeX -> why they may be.
EXCUSED_TEX = {
    ("BatchNormalization.ipynb:closed-form", "\\text{dx}_i"): "the chain rule, whose terms a student finds",
    ("PyTorch.ipynb:autograd", "\\partial L / \\partial w"): "an example that is no exercise",
    ("TensorFlow.ipynb:autograd", "\\partial L / \\partial w"): "an example that is no exercise",
}


def test_no_gradient_of_an_exercise_is_said_in_tex(release):
    assert gradients_in_tex(release) == EXCUSED_TEX.keys()
    solved = {name: (ROOT / name).read_bytes() for name in ("Dropout.ipynb", "ConvolutionalNetworks.ipynb")}
    places = {place for place, _ in gradients_in_tex(solved)}
    assert places == {"Dropout.ipynb:backward", "ConvolutionalNetworks.ipynb:conv-backward-note"}


@pytest.mark.parametrize(
    "text",
    [
        "dx = (dout @ w.T).reshape(x.shape)",
        "The gradient is `dx = (g @ weights.T).reshape(inputs.shape)`.",
        "dw = rows.T @ dout, and the rest follows",
        "db = sum(dout, axis=0)",
        "Take out = gamma * (x - mean) / sqrt(var + eps) + beta in mode 'test'.",
        "m = beta1 * m + (1 - beta1) * dw,     mhat = m / (1 - beta1**t)",
    ],
)
def test_the_hunt_finds_a_formula_whatever_its_variables_are_called(text):
    assert found_in([("here", text)], solution_formulas())


@pytest.mark.parametrize(
    "text", ["The bias is added to x @ w.", "dx has the shape of x", "x - mean", "y = x * mask"]
)
def test_the_hunt_lets_words_and_small_expressions_pass(text):
    assert not found_in([("here", text)], solution_formulas())


def test_the_solved_source_keeps_what_the_release_leaves_out(release):
    solved = {"cs231n/layers.py": (ROOT / "cs231n/layers.py").read_bytes()}
    found = {block for _, _, block in found_in(said(solved), solution_formulas())}
    assert "cs231n/layers.py:affine_backward" in found
    assert (
        b"ANSWER" not in release["cs231n/layers.py"] and b"BEGIN ANSWER" not in release["FullyConnectedNets.ipynb"]
    )
