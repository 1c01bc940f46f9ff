"""Judging exercises: one mistake costs one exercise, and nothing of a secret seed is told."""

import dataclasses
import functools
import json
import time

import numpy as np

from cs231n import layers
from cs231n.checks import registry
from cs231n.checks.rubric import load_rubric
from cs231n.checks.run import run_check
from cs231n.checks.subject.client import Subject
from cs231n.checks.verdicts import Verdict
from staff.grade.judge import seeds
from staff.grade.judge.budget import Budget
from staff.grade.judge.judge import Judge
from tests.checks.subjects import rewritten
from tests.staff.grade.in_process import InProcess, not_written, wrong

EXERCISES = load_rubric().exercises
AFFINE = ("affine_forward", "affine_backward")
BATCHNORM = ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt")
generator = functools.partial(seeds.secret_generator, b"a secret of this test", "code")


def judge(sandbox, limit=300):
    """Return a Judge of a sandbox."""
    return Judge(sandbox, generator, Budget(limit))


def records(sandbox, *names):
    """Return name -> record of exercises of a sandbox."""
    one = judge(sandbox)
    return {name: one.record(EXERCISES[name]) for name in names}


def test_a_right_exercise_earns_its_points_and_nothing_is_said_about_it():
    sandbox = InProcess()
    record = judge(sandbox).record(EXERCISES["affine_backward"])
    assert (record.verdict, record.earned, record.message) == ("passed", EXERCISES["affine_backward"].points, "")
    assert (record.needs, record.trusted, record.misconception) == ((), (), None)
    assert [one.id for one in record.checks] == [one.id for one in registry.checks_of("affine_backward")]
    assert {(one.verdict, one.message) for one in record.checks} == {("passed", "")}
    assert sandbox.asked == [()]


def test_a_wrong_layer_costs_its_own_points_and_none_of_the_nets():
    names = ("affine_forward", "affine_backward", "two_layer_net", "fully_connected_net", "three_layer_conv_net")
    found = records(InProcess(affine_forward=wrong("affine_forward")), *names)
    assert (found["affine_forward"].verdict, found["affine_forward"].earned) == ("failed", 0)
    assert found["affine_backward"].earned == EXERCISES["affine_backward"].points
    for name in names[2:]:
        assert (found[name].verdict, found[name].earned) == ("passed", EXERCISES[name].points)
        assert found[name].trusted == AFFINE
        assert found[name].message == ""


def test_a_wrong_layer_deep_below_is_answered_too():
    found = records(InProcess(relu_backward=wrong("relu_backward")), "fully_connected_net_layernorm")
    assert found["fully_connected_net_layernorm"].trusted == ("relu_forward", "relu_backward")
    assert found["fully_connected_net_layernorm"].verdict == "passed"


def test_a_detail_that_a_layer_misses_is_charged_there_and_not_in_the_nets_again():
    same_mask = rewritten("layers", ("random.rand(*x.shape)", "np.random.RandomState(0).rand(*x.shape)"))
    sandbox = InProcess(dropout_forward=same_mask.dropout_forward)
    found = records(sandbox, "dropout_forward", "fully_connected_net_dropout")
    assert found["dropout_forward"].verdict == "core_passed"
    assert found["fully_connected_net_dropout"].verdict == "passed"
    assert found["fully_connected_net_dropout"].trusted == ("dropout_forward", "dropout_backward")


def test_forward_and_backward_passes_are_replaced_together():
    sandbox = InProcess(batchnorm_backward_alt=wrong("batchnorm_backward_alt"))
    names = (
        "batchnorm_forward",
        "batchnorm_backward",
        "fully_connected_net_batchnorm",
        "spatial_batchnorm_backward",
    )
    found = records(sandbox, *names)
    assert all(record.verdict == "passed" for record in found.values())
    assert found["fully_connected_net_batchnorm"].trusted == BATCHNORM
    assert found["spatial_batchnorm_backward"].trusted == BATCHNORM
    assert found["batchnorm_backward"].trusted == ()


def test_a_backward_pass_never_gets_another_forward_pass_than_its_own():
    sandbox = InProcess(
        spatial_batchnorm_forward=wrong("spatial_batchnorm_forward"), batchnorm_forward=wrong("batchnorm_forward")
    )
    records(sandbox, "spatial_batchnorm_backward", "batchnorm_backward")
    assert set(sandbox.asked) <= {(), BATCHNORM}


def test_a_mistake_of_its_own_is_named_although_a_part_is_broken_too():
    edits = {"fc_net": [('dhidden, grads["W2"], grads', 'dhidden, grads["W9"], grads')]}
    record = judge(InProcess(edits, affine_forward=wrong("affine_forward"))).record(EXERCISES["two_layer_net"])
    assert (record.verdict, record.earned, record.trusted, record.needs) == ("error", 1.2, (), ())
    assert record.message.endswith("raises KeyError")


def test_what_is_not_written_is_not_run_again_and_says_just_that():
    names = ("layernorm_forward", "layernorm_backward")
    sandbox = InProcess(**{name: not_written(name) for name in names})
    found = records(sandbox, "layernorm_forward", "fully_connected_net_layernorm")
    assert (found["layernorm_forward"].verdict, found["layernorm_forward"].message) == (
        "not_implemented",
        Verdict.NOT_IMPLEMENTED.meaning,
    )
    assert found["fully_connected_net_layernorm"].verdict == "passed"
    assert sandbox.asked == [(), names]


def test_a_backward_pass_without_its_forward_pass_is_blocked():
    record = judge(InProcess(layernorm_forward=not_written("layernorm_forward"))).record(
        EXERCISES["layernorm_backward"]
    )
    assert (record.verdict, record.needs) == ("blocked", ("layernorm_forward",))
    assert record.message == "cannot be judged until layernorm_forward works"


# --- what is told ---------------------------------------------------------------------------------------------


def test_a_failure_with_a_secret_seed_is_told_by_its_kind_and_with_the_numbers_of_a_public_seed():
    record = judge(InProcess(affine_forward=wrong("affine_forward"))).record(EXERCISES["affine_forward"])
    line = "the output matches PyTorch"
    assert record.message == f"{line}: the values are wrong"
    first, second = record.checks[:2]
    assert first.message.startswith("the values are wrong\nWith public seeds, as `python -m")
    assert "Everything is the right value plus 1" in first.message
    assert second.message == "the values are wrong"


def test_neither_texts_nor_types_of_exceptions_carry_secret_inputs_out(monkeypatch):
    monkeypatch.setattr("staff.grade.judge.judge.diagnose", lambda transport, name: None)
    seen = []

    def telling(x, w, b):
        seen.append(float(x.ravel()[0]))
        raise type(f"Saw{seen[-1]}".replace(".", "_").replace("-", "m"), (Exception,), {})(repr(seen[-1]))

    record = judge(InProcess(affine_forward=telling)).record(EXERCISES["affine_forward"])
    text = json.dumps(dataclasses.asdict(record))
    *secret, public = seen  # the last run is that with public seeds
    assert len(set(secret)) > 4
    assert not [value for value in secret if repr(value) in text or f"{abs(value):.4f}" in text]
    assert repr(public) in text
    assert record.message.endswith("raises an exception")


def test_a_failure_that_public_seeds_do_not_show_says_how_to_try_more():
    public = []
    listening = InProcess(
        relu_forward=lambda x: (public.append(x.tobytes()), layers.relu_forward(x))[1]
    ).transport()
    for one in registry.checks_of("relu_forward"):
        run_check(one, Subject(listening), registry.public_generator(one.id, 0))

    def right_for_public_inputs(x):
        out, cache = layers.relu_forward(x)
        return (out if x.tobytes() in public else out + 1), cache

    record = judge(InProcess(relu_forward=right_for_public_inputs)).record(EXERCISES["relu_forward"])
    assert record.verdict == "failed"
    again = (
        "It passes with the public seeds. To try more of them: `python -m cs231n.checks relu_forward --seeds 50`"
    )
    assert record.checks[0].message.endswith(again)


def test_a_failed_exercise_is_diagnosed_on_the_same_code(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "staff.grade.judge.judge.diagnose", lambda transport, name: asked.append(name) or "adds-one"
    )
    found = records(InProcess(affine_forward=wrong("affine_forward")), "affine_forward", "two_layer_net")
    assert found["affine_forward"].misconception == "adds-one"
    assert asked == ["affine_forward"]


# --- what goes wrong on the way -------------------------------------------------------------------------------


def test_a_check_that_breaks_decides_nothing_and_tells_the_staff(monkeypatch):
    def breaks(subject, rng):
        raise ZeroDivisionError("secret 0.123")

    broken = registry.Check("affine_forward", "breaks", "never broken", "", breaks)
    monkeypatch.setitem(registry._REGISTRY, "affine_forward", [broken])
    one = judge(InProcess())
    record = one.record(EXERCISES["affine_forward"])
    assert record.verdict == "grader_error"
    assert "secret 0.123" not in json.dumps(dataclasses.asdict(record))
    assert "secret 0.123" in one.log[0]


def test_a_submission_that_took_all_its_time_is_told_so_and_ends():
    def slow(*args):
        time.sleep(0.3)
        return layers.relu_forward(*args)

    one = judge(InProcess(relu_forward=slow), limit=0.2)
    start = time.monotonic()
    found = [one.record(EXERCISES[name]) for name in ("relu_forward", "affine_forward", "adam")]
    assert time.monotonic() - start < 5
    assert [record.verdict for record in found[1:]] == ["timeout", "timeout"]
    assert found[1].message == "no time left: a submission may take 0 seconds of processor time"
    assert sum(record.earned for record in found[1:]) == 0
    assert {check.message for check in found[1].checks} == {"not run: no time was left"}


def test_the_same_code_gets_the_same_seeds():
    drawn = []
    for _ in range(2):
        seen = []
        records(
            InProcess(relu_forward=lambda x, seen=seen: (seen.append(x), layers.relu_forward(x))[1]),
            "relu_forward",
        )
        drawn.append(seen)
    assert len(drawn[0]) == len(drawn[1]) > 3
    assert all(np.array_equal(one, two) for one, two in zip(*drawn))


def test_a_missing_detail_costs_a_detail_or_under_the_old_scheme_all():
    def max_pool_backward_naive(dout, cache):
        dx = layers.max_pool_backward_naive(dout, cache)
        dout *= 1.5
        return dx

    exercise = EXERCISES["max_pool_backward_naive"]
    record = judge(InProcess(max_pool_backward_naive=max_pool_backward_naive)).record(exercise)
    assert (record.verdict, record.earned) == ("core_passed", 2.9)
    assert record.message.startswith("2.9 of 3: right on ordinary input; 9 of 10 details")
    strict = judge(InProcess(max_pool_backward_naive=max_pool_backward_naive))
    strict.scheme = "all-or-nothing"
    assert strict.record(exercise).earned == 0
