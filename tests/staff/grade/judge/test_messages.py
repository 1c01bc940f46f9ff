"""What is told of failures."""

import pytest

from cs231n.checks import compare, registry
from cs231n.checks.registry import Check
from cs231n.checks.run import Result
from cs231n.checks.verdicts import Failure, Message, Verdict
from staff.grade.judge.messages import details, kind

CHECK = Check("affine_forward", "values", "the output matches PyTorch", "", None)


def failure(function, *args):
    """Return the Result of a comparison that fails."""
    with pytest.raises(Failure) as failed:
        function(*args)
    return Result(CHECK, Verdict.FAILED, failed.value.message, 0)


@pytest.mark.parametrize(
    "function, args, said",
    [
        (compare.close, ("dx", compare.np.ones(3), [1, 1, 1.5]), "the values are wrong"),
        (compare.close, ("dx", compare.np.ones(3), [1, 1]), "the shape is wrong"),
        (compare.array, ("dx", compare.np.ones(3) + 0j, (3,)), "it does not hold real numbers"),
        (compare.array, ("dx", None, (3,)), "it is not an array"),
        (compare.number, ("loss", "0.123", 0.5), "it is not a number"),
        (compare.number, ("loss", 0.123, 0.5), "a value is wrong"),
        (compare.same, ("mode", "0.123", "x"), "a value is wrong"),
        (compare.unchanged, ("x", compare.np.ones(2), compare.np.zeros(2)), "changed in place"),
        (compare.unchanged, ("config", {"a": 1}, {"b": 0.123}), "an argument was changed"),
        (compare.tuple_of, (2, "f", 0.123), "it returns the wrong kind of result"),
        (compare.fail, ("0.123 is what came",), "it does not hold"),
    ],
)
def test_the_kind_of_each_comparison_is_told_without_its_numbers(function, args, said):
    text = kind(failure(function, *args))
    assert said in text
    assert "0.123" not in text and "0.5" not in text


@pytest.mark.parametrize(
    "summary, said",
    [
        ("ValueError: x is 0.123", "raises ValueError"),
        ("ValueError", "raises ValueError"),
        ("Saw_0_123: ", "raises an exception"),
        ("print: 0.123", "raises an exception"),
        ("__import__: x", "raises an exception"),
    ],
)
def test_only_names_of_built_in_exceptions_are_told(summary, said):
    assert kind(Result(CHECK, Verdict.ERROR, Message(summary), 0)) == said


@pytest.mark.parametrize("verdict", [name for name in Verdict if name not in ("passed", "failed", "error")])
def test_every_other_verdict_has_a_text_of_its_own(verdict):
    assert "0.123" not in kind(Result(CHECK, verdict, Message("0.123"), 0))


def test_nothing_is_told_of_what_passed():
    assert kind(Result(CHECK, Verdict.PASSED)) == ""


def test_details_hold_all_of_a_public_run_line_by_line_that_can_be_shown():
    message = Message("dx has\nother values", "1, 2", "1, 3", ("1 of 2 entries", "    x = 1 \x1b"), "Look.")
    text = details(Result(CHECK, Verdict.FAILED, message, 0))
    again = "With public seeds, as `python -m cs231n.checks affine_forward` shows it:"
    assert text.split("\n") == [
        *(again, "dx has other values", "expected 1, 2", "got 1, 3", "1 of 2 entries", "x = 1 �", "Look.")
    ]


def test_every_hint_of_the_checks_fits():
    for exercise in ("affine_forward", "batchnorm_forward", "adam"):
        for one in registry.checks_of(exercise):
            assert one.hint in details(Result(one, Verdict.FAILED, Message("x", hint=one.hint), 0))
