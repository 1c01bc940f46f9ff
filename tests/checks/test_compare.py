"""Comparison: shapes before dtypes before values, and what a difference looks like in words."""

import numpy as np
import pytest

from cs231n.checks import compare
from cs231n.checks.subject.wire import Unknown
from cs231n.checks.verdicts import Failure

RIGHT = np.random.default_rng(0).standard_normal((3, 4))


def failure(function, *args, **kwargs):
    with pytest.raises(Failure) as caught:
        function(*args, **kwargs)
    return caught.value.message


def test_shape_comes_before_values_and_dtypes_do_not_matter():
    message = failure(compare.close, "out", np.zeros((4, 3)), RIGHT)
    assert (message.expected, message.got) == ("(3, 4)", "(4, 3)")
    assert failure(compare.close, "out", np.zeros((3, 4)), RIGHT).summary == "out has wrong values"
    for dtype in (np.float32, np.longdouble):
        compare.close("out", RIGHT.astype(dtype), RIGHT)
    compare.close("counts", np.arange(3), [0.0, 1, 2])


def test_complex_numbers_and_text_are_no_real_numbers():
    for value in (RIGHT + 0j, RIGHT.astype(str)):
        assert failure(compare.close, "out", value, RIGHT).summary == "out does not hold real numbers"


def test_axes_of_length_one_are_passed_over_where_told_to():
    row = RIGHT[:1]
    compare.close("dgamma", row, row[0], ones=True)
    assert failure(compare.close, "dgamma", row, row[0]).summary == "dgamma has the wrong shape"
    assert failure(compare.close, "dgamma", RIGHT, row[0], ones=True).summary == "dgamma has the wrong shape"


def test_a_failure_says_in_which_case_it_happened():
    def compared():
        with compare.during("x (3, 4), stride 2"):
            compare.close("out", RIGHT + 1, RIGHT)

    assert failure(compared).where[0] == "for x (3, 4), stride 2"


@pytest.mark.parametrize(
    "value, words",
    [
        (2 * RIGHT, "Everything is exactly 2 times too large."),
        (-RIGHT, "The sign is wrong: everything is -1 times the right value."),
        (RIGHT + 0.5, "Everything is the right value plus 0.5."),
        (RIGHT * np.nan, "NaN everywhere"),
        (np.zeros_like(RIGHT), "Everything is zero."),
        (RIGHT + np.array([1.0, 2, 3, 4]), "Along axis 0, all are wrong by the same amount."),
        (np.where(np.arange(3)[:, None] == 1, RIGHT + RIGHT**2, RIGHT), "only index 1 of 3 (axis 0)"),
    ],
)
def test_a_difference_with_a_pattern_is_put_into_words(value, words):
    assert any(words in line for line in failure(compare.close, "out", value, RIGHT).where)


def test_the_largest_difference_is_named():
    value = RIGHT.copy()
    value[1, 2] += 5
    assert failure(compare.close, "out", value, RIGHT).where[1].startswith("most at [1, 2]: expected ")


@pytest.mark.parametrize("value", [None, "text", 3.0, [1.0], Unknown("Thing"), {}, RIGHT.tolist()])
def test_what_is_no_array_is_described(value):
    assert failure(compare.close, "out", value, RIGHT).summary == "out is not an array"


def test_rounding_is_no_difference():
    compare.close("out", (RIGHT * (1 + 1e-7)).astype(np.float32), RIGHT)
    failure(compare.close, "out", RIGHT * (1 + 1e-4), RIGHT)


@pytest.mark.parametrize("value", [1.0, np.float32(1), np.float64(1), np.array(1.0), 1])
def test_a_number_may_be_of_any_type(value):
    compare.number("the loss", value, 1.0)


@pytest.mark.parametrize("value", [None, True, "1", np.ones(1), 1.1, float("nan")])
def test_what_is_another_number_or_none_is_not(value):
    failure(compare.number, "the loss", value, 1.0)


def test_a_change_in_place_is_found_in_arrays_and_dicts():
    compare.unchanged("x", {"a": RIGHT, "b": np.nan * RIGHT, "c": 1}, {"a": RIGHT, "b": np.nan * RIGHT, "c": 1})
    assert failure(compare.unchanged, "x", RIGHT, RIGHT + (RIGHT > 1)).summary == "x was changed in place"
    assert failure(compare.unchanged, "x", {"a": 1}, {"a": 1, "b": 2}).summary == "x was changed"
    assert failure(compare.unchanged, "x", {"a": RIGHT}, {"a": RIGHT + 1}).summary == "x['a'] was changed in place"
