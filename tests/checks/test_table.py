"""The table: golden text, colours, signs, and what a student is told."""

import io
import re

import numpy as np
import pytest

from cs231n import layers
from cs231n.checks.rubric import load
from cs231n.checks.session import NOT_CHECKED, Outcome
from cs231n.checks.table import Style, closing_line, style_of, table
from tests.checks.subjects import replaced, rewritten, session

GOLDEN = """\
Q1  Fully connected nets   FullyConnectedNets.ipynb, and 4 points for a human to give
  ✗ affine_forward                  failed 4 of 5 checks                   0 / 1
      the output is that of torch, for inputs of many shapes
        out has other values
          expected  -9.79643, 0.787463, 3.6163, 8.14438, ...
          came      -8.32568, -0.0306206, 3.82053, 7.87297, ...
          15 of 15 entries differ by more than 1.5e-06; most at [0, 0]: -9.79643 expected, -8.32568 came
        → The next step
      also missed: awkward, dtype, layout

  · affine_backward                 not written yet                        0 / 2
  ✓ relu_forward                    passed                                 1 / 1
  · two_layer_net                   needs affine_forward, affine_backward first   0 / 3

1 of 7 points that can be checked here, 1 of 4 exercises. Next: affine_forward (Q1), cs231n/layers.py."""


@pytest.fixture(scope="module")
def outcomes():
    def affine_backward(dout, cache):
        raise NotImplementedError("affine_backward (Q1): cs231n/layers.py")

    wrong = rewritten("layers", ("out = rows @ w + b\n", "out = rows @ w\n"))
    wrong.affine_backward = affine_backward
    net = replaced("classifiers.fc_net", affine_forward=wrong.affine_forward, affine_backward=affine_backward)
    some = session(layers=wrong, fc_net=net)
    return [some.outcome(name) for name in ("affine_forward", "affine_backward", "relu_forward", "two_layer_net")]


def shape_of(text):
    """The text with its numbers, which depend on the generator, replaced."""
    return re.sub(r"-?\d+\.\d+(e-\d+)?", "#", re.sub(r"→ .*", "→ hint", text))


def test_the_table_is_the_one_we_know(outcomes):
    came = table(outcomes, load(), Style())
    assert shape_of(came).splitlines() == shape_of(GOLDEN).splitlines()
