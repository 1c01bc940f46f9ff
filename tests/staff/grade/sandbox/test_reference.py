"""Broken layers answered by the grader: what is built on them passes, and nothing else does."""

import numpy as np
import pytest

from cs231n.checks.session import Session
from cs231n.checks.subject.client import Subject
from staff.grade import limits
from staff.grade.sandbox.reference import Reference
from staff.grade.sandbox.sandbox import Sandbox
from staff.grade.sandbox.transport import paths_of
from tests.staff.grade.sandboxes import LIMIT, SMALL, need_bubblewrap, solved

LAYERS = "cs231n/layers.py"


@pytest.fixture(autouse=True)
def contained():
    need_bubblewrap()


@pytest.fixture(scope="module")
def reference():
    """The Reference that all sandboxes of this module ask."""
    with Reference() as reference:
        yield reference


def broken(*names):
    """Return text that replaces functions by ones that give zeros."""
    return "".join(
        f"\n_{name} = {name}\ndef {name}(*args, **kwargs): return np.zeros(3), None\n" for name in names
    )


def verdict(reference, files, exercise, trusted, **more):
    with Sandbox(files, reference=reference, resources=SMALL, import_limit=LIMIT, **more) as sandbox:
        return Session(sandbox.transport(trusted), limit=LIMIT).outcome(exercise)


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
def test_what_is_built_on_broken_parts_passes_when_the_grader_answers_them(reference, exercise):
    trusted = CASES[exercise]
    with Sandbox(solved(layers=broken(*trusted)), reference=reference, resources=SMALL) as sandbox:
        assert Session(sandbox.transport(), limit=LIMIT).outcome(exercise).verdict != "passed"
        outcome = Session(sandbox.transport(trusted), limit=LIMIT).outcome(exercise)
        assert (outcome.verdict, outcome.missed) == ("passed", ())


def test_a_net_that_is_wrong_itself_does_not_pass(reference):
    text = "\n_loss = TwoLayerNet.loss\nTwoLayerNet.loss = lambda *a: (0.0, {}) if a[2:] else _loss(*a)\n"
    files = solved(layers=broken("affine_forward"), fc_net=text)
    assert verdict(reference, files, "two_layer_net", ("affine_forward", "affine_backward")).verdict == "failed"


@pytest.mark.parametrize(
    "text, state", [("\n1 / 0\n", "import_error"), ("\nimport time; time.sleep(1000)\n", "timeout")]
)
def test_where_layers_cannot_be_imported_the_blank_release_stands_in(reference, text, state):
    files, blank = solved(layers=text), {LAYERS: solved(layers=broken("affine_forward", "relu_forward"))[LAYERS]}
    trusted = CASES["three_layer_conv_net"]
    with Sandbox(files, reference=reference, blank=blank, resources=SMALL, import_limit=LIMIT) as sandbox:
        assert Session(sandbox.transport(), limit=LIMIT).outcome("relu_forward").verdict == state
        assert Session(sandbox.transport(trusted), limit=LIMIT).outcome("two_layer_net").verdict == "passed"
    assert verdict(reference, files, "two_layer_net", trusted).verdict != "passed"


def test_what_the_solution_raises_is_an_error_of_the_call(reference):
    net = "\nTwoLayerNet.loss = lambda self, X, y=None: affine_forward(X, self.params['W1'].T, 1)\n"
    outcome = verdict(reference, solved(fc_net=net), "two_layer_net", ("affine_forward", "affine_backward"))
    [error] = [result for result in outcome.results if result.check.name == "scores"]
    assert error.verdict == "error" and error.message.summary.startswith("ValueError: ")


def test_dicts_and_the_random_stream_travel_along(reference):
    files = solved(layers=broken("dropout_forward", "batchnorm_forward"))
    with Sandbox(files, reference=reference, resources=SMALL) as sandbox:
        subject = Subject(
            sandbox.transport(CASES["spatial_batchnorm_forward"] + CASES["fully_connected_net_dropout"])
        )
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
    "much memory": "affine(2**17, 1, 2**17)",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_calls_to_the_grader_are_bounded(reference, monkeypatch, name):
    monkeypatch.setattr(limits, "CALLS_OF_A_CHECK", 500)  # a tenth: many more than a check of the nets makes
    text = f"""
import gc
def hostile(self, X, y=None):
    from cs231n.checks.subject.client import Subject
    stubs = next(one for one in gc.get_objects() if type(one).__name__ == "Stubs")
    subject, ask = Subject(stubs), stubs.request
    def affine(N, D, M): subject.call("layers.affine_forward", np.ones((N, D)), np.ones((D, M)), np.ones(M))
    CALL = dict(op="call", kwargs=dict(), hold=None, send_args=False)
    {HOSTILE[name]}
TwoLayerNet.loss = hostile
"""
    files, trusted = solved(fc_net=text), ("affine_forward", "affine_backward")
    with Sandbox(files, reference=reference, resources=SMALL) as sandbox:
        session = Session(sandbox.transport(trusted), limit=LIMIT)
        found = {result.check.name: result.verdict for result in session.outcome("two_layer_net").results}
        assert found["parameters"] == "passed"
        assert found["scores"] in ("protocol_violation", "timeout", "error")
        assert Session(sandbox.transport(trusted), limit=LIMIT).outcome("three_layer_conv_net").verdict == "passed"


def test_only_exercises_of_layers_and_optim_are_answered():
    assert paths_of(["adam", "affine_forward"]) == ("layers.affine_forward", "optim.adam")
    with pytest.raises(ValueError, match="two_layer_net"):
        paths_of(["two_layer_net"])


MISFITS = (
    "affine_forward(None, None, None)",
    "affine_forward(X, X, X)",
    "affine_backward(X, (X,))",
    "affine_backward(X, ('x', 'w', 'b'))",
    "relu_backward(X, {})",
    "relu_backward(X, None)",
)
LOOK = """
def look(self, X, y=None):
    told = []
    for call in {calls}:
        try:
            eval(call, globals(), dict(X=X))
        except Exception as error:
            told += [repr(error), repr(error.__context__), str(getattr(error.__context__, "frames", ""))]
    raise RuntimeError(" | ".join(told))
TwoLayerNet.loss = look
"""


def test_what_the_solution_raises_tells_nothing_of_its_lines(reference):
    trusted = ("affine_forward", "affine_backward", "relu_forward", "relu_backward")
    outcome = verdict(reference, solved(fc_net=LOOK.format(calls=MISFITS)), "two_layer_net", trusted)
    [error] = [result for result in outcome.results if result.check.name == "scores"]
    told = error.message.summary
    assert told.count("ValueError('these arguments do not fit this layer')") == told.count("[]") == len(MISFITS)
    lines = (solved()[LAYERS]).decode().splitlines()
    assert not [line for line in lines if len(line.strip()) > 12 and line.strip() in told]
    assert "layers.py" not in told
