"""Broken layers answered by the grader: what is built on them passes, and nothing else does."""

import numpy as np
import pytest

from cs231n.checks.session import Session
from cs231n.checks.subject.client import Subject
from staff.grade.sandbox.outside import Sandbox
from staff.grade.sandbox.reference import functions
from tests.staff.grade.sandboxes import LIMIT, SLOT, SMALL, need_bubblewrap, solved

LAYERS = "cs231n/layers.py"


@pytest.fixture(autouse=True)
def contained():
    need_bubblewrap()


def broken(*names):
    """Return text that replaces functions by ones that give zeros."""
    return "".join(
        f"\n_{name} = {name}\ndef {name}(*args, **kwargs): return np.zeros(3), None\n" for name in names
    )


def verdict(files, exercise, trusted, **more):
    with Sandbox(files, SLOT, limits=SMALL, import_limit=LIMIT, **more) as box:
        return Session(box.transport(trusted), limit=LIMIT).outcome(exercise)


CASES = {
    "two_layer_net": ("affine_forward", "affine_backward"),
    "fully_connected_net": ("relu_forward", "relu_backward"),
    "fully_connected_net_batchnorm": ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"),
    "fully_connected_net_layernorm": ("layernorm_forward", "layernorm_backward"),
    "fully_connected_net_dropout": ("dropout_forward", "dropout_backward"),
    "three_layer_conv_net": ("affine_forward", "affine_backward", "relu_forward", "relu_backward"),
    "spatial_batchnorm_forward": ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"),
    "spatial_batchnorm_backward": ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"),
}


@pytest.mark.parametrize("exercise", CASES)
def test_what_is_built_on_broken_parts_passes_when_the_grader_answers_them(exercise):
    trusted = CASES[exercise]
    with Sandbox(solved(layers=broken(*trusted)), SLOT, limits=SMALL) as box:
        assert Session(box.transport(), limit=LIMIT).outcome(exercise).verdict != "passed"
        outcome = Session(box.transport(trusted), limit=LIMIT).outcome(exercise)
        assert (outcome.verdict, outcome.missed) == ("passed", ())


def test_a_net_that_is_wrong_itself_does_not_pass():
    text = "\n_loss = TwoLayerNet.loss\nTwoLayerNet.loss = lambda *a: (0.0, {}) if a[2:] else _loss(*a)\n"
    files = solved(layers=broken("affine_forward"), fc_net=text)
    assert verdict(files, "two_layer_net", ("affine_forward", "affine_backward")).verdict == "failed"


@pytest.mark.parametrize(
    "text, state", [("\nimport torch\n", "import_error"), ("\nwhile True: pass\n", "timeout")]
)
def test_where_layers_cannot_be_imported_the_blank_release_stands_in(text, state):
    files, blank = solved(layers=text), {LAYERS: solved(layers=broken("affine_forward", "relu_forward"))[LAYERS]}
    trusted = CASES["three_layer_conv_net"]
    with Sandbox(files, SLOT, blank=blank, limits=SMALL, import_limit=LIMIT) as box:
        assert Session(box.transport(), limit=LIMIT).outcome("relu_forward").verdict == state
        assert Session(box.transport(trusted), limit=LIMIT).outcome("two_layer_net").verdict == "passed"
    assert verdict(files, "two_layer_net", trusted).verdict != "passed"


def test_what_the_solution_raises_is_an_error_of_the_call():
    net = "\nTwoLayerNet.loss = lambda self, X, y=None: affine_forward(X, self.params['W1'].T, 1)\n"
    outcome = verdict(solved(fc_net=net), "two_layer_net", ("affine_forward", "affine_backward"))
    [error] = [result for result in outcome.results if result.check.name == "scores"]
    assert error.verdict == "error" and error.message.summary.startswith("ValueError: ")


def test_dicts_and_the_random_stream_travel_along():
    with Sandbox(solved(layers=broken("dropout_forward", "batchnorm_forward")), SLOT, limits=SMALL) as box:
        subject = Subject(box.transport(CASES["spatial_batchnorm_forward"] + CASES["fully_connected_net_dropout"]))
        subject.reset(5, LIMIT, "dropout_forward")
        found = [
            subject.call("layers.dropout_forward", np.ones((4, 5)), {"p": 0.5, "mode": "train"}) for _ in range(2)
        ]
        np.random.seed(5)
        expected = [(np.random.rand(4, 5) < 0.5) / 0.5 for _ in range(2)]
        np.testing.assert_array_equal([out for out, _ in found], expected)
        np.testing.assert_array_equal(found[0][1][1], expected[0])
        subject.reset(5, LIMIT, "batchnorm_forward")
        param = {"mode": "train"}
        subject.call("layers.batchnorm_forward", np.ones((4, 2)), np.ones(2), np.zeros(2), param, hold=1)
        np.testing.assert_allclose(param["running_mean"], 0.1)


HOSTILE = {
    "another function": "subject.call('layers.softmax_loss', np.ones((1, 2)), np.zeros(1, int))",
    "a function of Python": "ask(CALL | {'target': 'os:system', 'args': ['true']})",
    "another operation": "ask({'op': 'hold', 'value': 1})",
    "no dict": "ask([1])",
    "calls without end": "while True: subject.stream()",
    "much work": "while True: affine(2**11, 2**8, 2**11)",
    "much memory": "affine(2**20, 1, 2**20)",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_calls_to_the_grader_are_bounded(name):
    text = f"""
import gc
def hostile(self, X, y=None):
    from cs231n.checks.subject import Subject
    stubs = next(one for one in gc.get_objects() if type(one).__name__ == "Stubs")
    subject, ask = Subject(stubs), stubs.request
    def affine(N, D, M): subject.call("layers.affine_forward", np.ones((N, D)), np.ones((D, M)), np.ones(M))
    CALL = dict(op="call", kwargs=dict(), hold=None, send_args=False)
    {HOSTILE[name]}
TwoLayerNet.loss = hostile
"""
    files, trusted = solved(fc_net=text), ("affine_forward", "affine_backward")
    with Sandbox(files, SLOT, limits=SMALL) as box:
        session = Session(box.transport(trusted), limit=LIMIT)
        found = {result.check.name: result.verdict for result in session.outcome("two_layer_net").results}
        assert found["parameters"] == "passed"
        assert found["scores"] in ("protocol_violation", "timeout", "error")
        assert Session(box.transport(trusted), limit=LIMIT).outcome("three_layer_conv_net").verdict == "passed"


def test_only_exercises_of_layers_and_optim_are_answered():
    assert functions(["adam", "affine_forward"]) == ("layers.affine_forward", "optim.adam")
    with pytest.raises(ValueError, match="two_layer_net"):
        functions(["two_layer_net"])
