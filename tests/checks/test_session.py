"""Verdicts of exercises: what is blocked by what, and how the backward pass of a wrong forward pass is judged."""

import shutil

import numpy as np
import pytest

from cs231n import layers
from cs231n.checks import registry, run, verdicts
from cs231n.checks.run import run_check
from cs231n.checks.session import Session, in_words
from cs231n.checks.subject.client import Subject, SubjectFailure
from cs231n.checks.subject.process import SubjectProcess
from tests.checks.subjects import ROOT, replaced, rewritten, session, transport


def not_written(*args, **kwargs):
    raise NotImplementedError("write me")


UNBIASED = ("var = (centred**2).mean(axis=0)", "var = (centred**2).sum(axis=0) / (len(x) - 1)")


def outside_the_root(roll=0):
    """Return layernorm functions with eps outside the root, a mistake of the catalogue, forward and backward.

    `roll` shifts gamma besides, which is no mistake that anybody knows.
    """

    def layernorm_forward(x, gamma, beta, ln_param):
        centred, gamma = x - x.mean(axis=1, keepdims=True), np.roll(gamma, roll)
        std = np.sqrt((centred**2).mean(axis=1, keepdims=True))
        divisor = std + ln_param.get("eps", 1e-5)
        return gamma * centred / divisor + beta, (centred, std, divisor, gamma)

    def layernorm_backward(dout, cache):
        centred, std, divisor, gamma = cache
        dxhat, dgamma = dout * gamma, np.roll((dout * centred / divisor).sum(axis=0), -roll)
        dstd = -(dxhat * centred).sum(axis=1, keepdims=True) / divisor**2
        dcentred = dxhat / divisor + dstd * centred / (std * centred.shape[1])
        return dcentred - dcentred.mean(axis=1, keepdims=True), dgamma, dout.sum(axis=0)

    return {"layernorm_forward": layernorm_forward, "layernorm_backward": layernorm_backward}


def test_a_backward_pass_of_a_known_wrong_forward_pass_is_judged_by_that():
    both = session(layers=replaced("layers", **outside_the_root()))
    forward = both.outcome("layernorm_forward")
    assert forward.verdict == "failed" and forward.looks_like
    backward = both.outcome("layernorm_backward")
    assert backward.works, backward.missed[0]


def test_a_backward_pass_of_a_wrong_forward_pass_that_nobody_knows_waits_for_it():
    both = session(layers=replaced("layers", **outside_the_root(roll=1)))
    assert both.outcome("layernorm_forward").looks_like is None
    outcome = both.outcome("layernorm_backward")
    assert (outcome.verdict, outcome.needs, outcome.earned) == ("blocked", ("layernorm_forward",), 0)
    assert outcome.up_to == outcome.exercise.points


UNBIASED = ("var = (centred**2).mean(axis=0)", "var = (centred**2).sum(axis=0) / (len(x) - 1)")


def test_a_right_backward_pass_of_a_forward_pass_that_gives_nan_waits_for_that():
    some = session(layers=rewritten("layers", UNBIASED))
    outcome = some.outcome("batchnorm_backward_alt")
    assert outcome.verdict != "failed" or "NaN" not in outcome.missed[0].message.summary
    waiting = [result for result in outcome.missed if result.check.name == "one_example"]
    assert waiting[0].verdict == "blocked" and "NaN or infinity" in waiting[0].message.summary


def test_a_wrong_backward_pass_of_a_wrong_forward_pass_is_told_which_to_mend_first():
    forgotten = ("dx = dcentred + dmean / N", "dx = dcentred")
    outside = ("np.sqrt(var + eps)", "np.sqrt(var) + eps")
    both = session(layers=rewritten("layers", outside, forgotten))
    message = both.outcome("batchnorm_backward").missed[0].message
    assert "batchnorm_forward is wrong here" in message.hint
    alone = session(layers=rewritten("layers", forgotten))
    assert "batchnorm_forward" not in alone.outcome("batchnorm_backward").missed[0].message.hint


@pytest.mark.parametrize(
    "wrong, hint",
    [
        ("    pass\n    return out, x", "your code has to assign out"),
        ("    breakpoint()\n    return x, x", "The checks have no keyboard input"),
        ("    return np.maximum(0, y), x", "that you wrote"),
        ("    return np.maximum(0, x)", "assign the names that it uses"),
        ("    return [max(0, one) for one in x.ravel()], x", "whole arrays"),
    ],
)
def test_what_newcomers_do_is_answered_with_the_next_step(tmp_path, wrong, hint):
    path = tmp_path / "cs231n" / "layers.py"
    shutil.copytree(ROOT / "cs231n", path.parent, ignore=shutil.ignore_patterns("__pycache__", "cifar*"))
    text = path.read_text(encoding="utf-8")
    text += f"\n\ndef relu_forward(x):\n{wrong}\n"
    path.write_text(text, encoding="utf-8")
    with SubjectProcess(tmp_path) as transport:
        outcome = Session(transport, diagnose=False).outcome("relu_forward")
    assert hint in outcome.missed[0].message.hint


def test_the_lines_shown_are_the_students_and_not_those_that_look_at_arguments():
    failure = SubjectFailure(
        "error",
        "ValueError: w has shape (3,)",
        [
            ["cs231n/layers.py", 9, "mine", "affine_forward(x, x, x)"],
            ["cs231n/validation.py", 1, "shape", "raise"],
        ],
    )
    assert run._explain(failure).where == ("cs231n/layers.py, line 9, in mine", "    affine_forward(x, x, x)")


def test_a_package_that_this_python_lacks_is_named(monkeypatch):
    def missing(subject, rng):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    one = registry.Check("relu_forward", "values", "a line", "", missing)
    result = run_check(one, Subject(transport()), registry.public_generator(one.id, 0))
    assert result.verdict == "grader_error" and result.message.summary.startswith("torch is not installed")


def test_a_backward_pass_that_is_right_for_another_forward_pass_fails():
    def layernorm_forward(x, gamma, beta, ln_param):  # forgets gamma
        _, cache = layers.layernorm_forward(x, gamma, beta, ln_param)
        return layers.layernorm_forward(x, np.ones_like(gamma), beta, ln_param)[0], cache

    wrong = session(layers=replaced("layers", layernorm_forward=layernorm_forward))
    outcome = wrong.outcome("layernorm_backward")
    assert (outcome.verdict, outcome.needs) == ("failed", ())


def test_backward_passes_with_a_cache_of_the_contract_need_no_forward_pass():
    names = ("affine", "relu")
    blank = session(layers=replaced("layers", **{f"{name}_forward": not_written for name in names}))
    for name in names:
        assert blank.outcome(f"{name}_forward").verdict == "not_implemented"
        assert blank.outcome(f"{name}_backward").verdict == "passed"


@pytest.mark.parametrize(
    "missing, exercise",
    [
        ("batchnorm_forward", "batchnorm_backward"),
        ("batchnorm_forward", "spatial_batchnorm_forward"),
        ("batchnorm_backward_alt", "spatial_batchnorm_backward"),
        ("dropout_forward", "dropout_backward"),
        ("spatial_groupnorm_forward", "spatial_groupnorm_backward"),
    ],
)
def test_what_calls_an_exercise_that_is_not_written_is_blocked_by_it(missing, exercise):
    blank = session(layers=_blanked(missing))
    assert blank.outcome(missing).verdict == "not_implemented"
    outcome = blank.outcome(exercise)
    assert (outcome.verdict, outcome.needs) == ("blocked", (missing,))


def _blanked(name):
    """Return layers with the block of one function replaced by what a student gets."""
    import inspect

    source = inspect.getsource(getattr(layers, name))
    begin, end = source.index("    ### BEGIN SOLUTION"), source.index("    ### END SOLUTION")
    block = source[begin:end]
    return rewritten("layers", (source, source.replace(block, '    raise NotImplementedError("write me")\n')))


def test_a_net_on_a_wrong_layer_is_blocked_and_on_right_layers_fails_by_itself():
    wrong = session(
        fc_net=replaced("classifiers.fc_net", batchnorm_forward=rewritten("layers", UNBIASED).batchnorm_forward),
        layers=rewritten("layers", UNBIASED),
    )
    outcome = wrong.outcome("fully_connected_net_batchnorm")
    assert (outcome.verdict, outcome.needs[0]) == ("blocked", "batchnorm_forward")
    assert wrong.outcome("fully_connected_net").verdict == "passed"
    lone = session(
        fc_net=rewritten("classifiers.fc_net", ('dh = relu_backward(dh, caches["relu", i])', "dh = dh"))
    )
    assert lone.outcome("fully_connected_net").verdict == "failed"
    assert lone.outcome("fully_connected_net_batchnorm").needs == ("fully_connected_net",)


def test_an_error_inside_a_layer_that_works_is_the_nets_own():
    edit = ('dh = relu_backward(dh, caches["relu", i])', 'dh = relu_backward(dh[:1], caches["relu", i])')
    outcome = session(fc_net=rewritten("classifiers.fc_net", edit)).outcome("fully_connected_net")
    assert (outcome.verdict, outcome.needs) == ("error", ())


def test_a_check_that_breaks_is_a_grader_error_and_comes_before_all_else(monkeypatch):
    def broken(subject, rng):
        """never finishes"""
        raise ZeroDivisionError("in the check")

    one = registry.Check("adam", "broken", "never finishes", "", broken)
    monkeypatch.setitem(registry._REGISTRY, "adam", [*registry.checks_of("adam"), one])
    outcome = session().outcome("adam")
    assert outcome.verdict == "grader_error"
    assert "ZeroDivisionError" in outcome.missed[0].message.summary


def test_points_are_earned_by_passing_every_check():
    outcome = session().outcome("batchnorm_forward")
    assert (outcome.verdict, outcome.earned, outcome.missed) == ("passed", 5, ())


def test_an_exercise_whose_core_holds_works_for_others_and_loses_its_details():
    def relu_backward(dout, cache):
        return dout * (cache >= 0)

    some = session(layers=replaced("layers", relu_backward=relu_backward))
    outcome = some.outcome("relu_backward")
    assert (outcome.verdict, outcome.works) == ("core_passed", True)
    assert [result.check.name for result in outcome.missed] == ["zero_at_the_kink"]
    assert in_words(outcome) == "1.0 of 1: right on ordinary input; 5 of 6 details"


def test_what_a_net_may_earn_with_a_working_layer_is_said():
    wrong = rewritten("layers", ("out = rows @ w + b\n", "out = rows @ w\n"))
    net = replaced("classifiers.fc_net", affine_forward=wrong.affine_forward)
    outcome = session(layers=wrong, fc_net=net).outcome("two_layer_net")
    assert outcome.verdict == "blocked"
    assert in_words(outcome) == f"{outcome.earned:.1f}, up to 3.0 with a working affine_forward"
    biases = ('self.params["b1"] = np.zeros(hidden_dim)', 'self.params["b1"] = np.ones(hidden_dim)')
    net = rewritten("classifiers.fc_net", biases)
    net.affine_forward = wrong.affine_forward
    outcome = session(layers=wrong, fc_net=net).outcome("two_layer_net")
    assert outcome.up_to < 3 and "parameters" in {result.check.name for result in outcome.missed}


def test_more_seeds_stop_at_the_first_that_does_not_pass(monkeypatch):
    seen = []

    def picky(subject, rng):
        """holds for two seeds"""
        seen.append(1)
        if len(seen) == 3:
            raise verdicts.Failure(verdicts.Message("the third"))

    monkeypatch.setitem(registry._REGISTRY, "adam", [registry.Check("adam", "picky", "holds", "", picky)])
    many = session()
    many.seeds = 50
    assert many.outcome("adam").results[0].seed == 2
    assert len(seen) == 3


def test_a_mistake_is_named_without_running_checks_again_that_had_public_inputs():
    wrong = rewritten("layers", ("out = rows @ w + b\n", "out = rows @ w\n"))
    checks = len(registry.checks_of("affine_forward"))

    def private(check_id, seed):
        return np.random.default_rng(7)

    for generator, times in ((registry.public_generator, 1), (private, 2)):
        subject, resets = transport(layers=wrong), []
        subject.reset = lambda limit, exercise, resets=resets: resets.append(exercise)
        outcome = Session(subject, generator=generator).outcome("affine_forward")
        assert outcome.looks_like.name == "affine-bias-missing"
        assert resets == ["affine_forward"] * checks * times
