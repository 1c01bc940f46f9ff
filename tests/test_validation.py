"""cs231n.validation: what each check lets pass, in which form, and what it says about the rest."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n import validation
from tests.oracles import FLOATS, ILLEGAL, MEMORY, complains, illegal_inputs, lay_out, parametrise


def test_every_check_is_public_and_says_what_it_raises():
    functions = {
        name: value
        for name, value in vars(validation).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    assert sorted(functions) == list(validation.__all__)
    assert [name for name, function in functions.items() if "Raises:" not in inspect.getdoc(function)] == []


# --- arrays -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_float_array_is_returned_itself(dtype):
    array = np.ones((2, 3), dtype)
    assert validation.float_array("x", array) is array


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_float_array_in_any_memory_layout_becomes_native_and_keeps_its_values(dtype, memory):
    plain = np.random.default_rng(0).standard_normal((3, 4)).astype(dtype)
    [odd] = lay_out([plain], memory)
    array = validation.float_array("x", odd)
    assert array.dtype == dtype and array.dtype.isnative
    assert np.array_equal(array, plain)


@pytest.mark.parametrize("name", ["x", "dout"])
@pytest.mark.parametrize("illegal", ILLEGAL)
def test_an_array_of_another_dtype_is_refused_by_name(illegal, name):
    with complains(ValueError, rf"\b{name}\b", f"(?i){illegal}"):
        validation.float_array(name, illegal_inputs((2,))[illegal])


@pytest.mark.parametrize("illegal", ["bool", "complex128", "object"])
def test_numbers_are_integers_and_floats_only(illegal):
    with complains(ValueError, r"\bX\b", f"(?i){illegal}"):
        validation.numbers("X", illegal_inputs((2,))[illegal])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float32, np.float64])
def test_numbers_come_back_as_they_are(dtype):
    array = np.arange(4).astype(dtype)
    assert validation.numbers("X", array) is array


@pytest.mark.parametrize("integer", [np.int64, np.uint8])
@pytest.mark.parametrize("dtype", FLOATS)
def test_integer_parameters_are_cast(dtype, integer):
    array = validation.parameter("w", np.array([3, 4], integer), (2,), dtype)
    assert array.dtype == dtype and array.tolist() == [3, 4]


@pytest.mark.parametrize("own, of_x", [FLOATS, FLOATS[::-1]])
def test_float_parameters_keep_their_own_dtype(own, of_x):
    assert validation.parameter("w", np.ones(2, own), (2,), of_x).dtype == own


@pytest.mark.parametrize(
    "make",
    [lambda array: array.view(np.matrix), lambda array: np.ma.masked_array(array, mask=array > 0)],
    ids=["matrix", "masked"],
)
def test_subclasses_of_arrays_are_read_as_plain_ones(make):
    for kind in (float, int):
        plain = np.ones((2, 3), kind)
        array = validation.parameter("w", make(plain), (2, 3), np.float64)
        assert type(array) is np.ndarray and np.array_equal(array, plain)


@given(
    st.lists(st.integers(0, 3), max_size=4), st.lists(st.integers(0, 3) | st.sampled_from(["N", "D"]), max_size=4)
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_shape_fits_if_every_length_does(lengths, expected):
    fits = len(lengths) == len(expected) and all(want in ("N", "D", have) for have, want in zip(lengths, expected))
    array = np.empty(lengths)
    if fits:
        assert validation.shape("x", array, expected) is None
    else:
        with pytest.raises(ValueError) as caught:
            validation.shape("x", array, expected)
        assert str(array.shape) in str(caught.value)


def test_a_shape_error_shows_both_shapes():
    with complains(ValueError, r"\bgamma\b", r"\(3, 1\)", r"\(3,\)"):
        validation.shape("gamma", np.ones((3, 1)), (3,))
    with complains(ValueError, r"\bx\b", r"\(5,\)", r"\(N, C, H, W\)"):
        validation.shape("x", np.ones(5), ("N", "C", "H", "W"))


# --- dtypes, options, keys ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given_dtype", [np.float32, "float32", np.dtype("float32"), "f4", ">f4", np.ones(1, "f4").dtype]
)
def test_every_spelling_of_a_dtype_gives_its_type(given_dtype):
    assert validation.float_dtype("dtype", given_dtype) is np.float32


@pytest.mark.parametrize("given_dtype", [float, np.float64, "double", np.dtype(float)])
def test_a_python_float_is_float64(given_dtype):
    assert validation.float_dtype("dtype", given_dtype) is np.float64


@pytest.mark.parametrize(
    "given_dtype", [None, int, "float16", np.float16, complex, bool, "float23", 32, object, "O"]
)
def test_another_dtype_is_refused(given_dtype):
    with complains(ValueError, r"\bdtype\b", "float32", "float64"):
        validation.float_dtype("dtype", given_dtype)


@pytest.mark.parametrize("value", ["train", None, np.float32])
def test_an_option_comes_back(value):
    assert validation.option("mode", value, ("train", None, np.float32)) is value


@pytest.mark.parametrize(
    "value", ["Train", "trian", "", None, 1, b"train", ["train"], np.array(["train", "test"])], ids=repr
)
def test_anything_but_an_option_is_refused_with_the_options(value):
    with complains(ValueError, r"\bmode\b", "'train'", "'test'"):
        validation.option("mode", value, ("train", "test"))


def test_a_key_gives_its_value_even_if_that_is_none():
    assert validation.key("conv_param", {"pad": None}, "pad") is None


def test_a_missing_key_is_a_key_error_that_lists_what_is_there():
    with complains(KeyError, "conv_param", "'pad'", "'padding'", "'stride'"):
        validation.key("conv_param", {"stride": 1, "padding": 0}, "pad")


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)], ids=repr)
def test_an_integer_of_any_kind_becomes_an_int(value):
    assert type(validation.integer("stride", value, 1)) is int
    assert validation.integer("stride", value, 3, 3) == 3


@pytest.mark.parametrize("value", [2.0, 1.5, np.float64(2), "2", None, [2], math.nan, 1 + 0j], ids=repr)
def test_what_is_no_integer_is_refused(value):
    with complains(ValueError, r"\bstride\b", "integer", r"\b1\b"):
        validation.integer("stride", value, 1)


@pytest.mark.parametrize("value, low, high, fits", [(0, 1, None, False), (1, 1, None, True), (-3, 0, 5, False)])
@pytest.mark.parametrize("make", [int, np.int64])
def test_an_integer_has_to_be_in_range(make, value, low, high, fits):
    if fits:
        assert validation.integer("G", make(value), low, high) == value
    else:
        with complains(ValueError, r"\bG\b", str(value), str(low)):
            validation.integer("G", make(value), low, high)


def test_an_integer_above_its_range_is_refused():
    with complains(ValueError, "seed", "6", "5"):
        validation.integer("seed", 6, 0, 5)


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.float64(0.5), np.longdouble(0.5), np.array(0.5)], ids=repr
)
def test_a_real_number_of_any_kind_becomes_a_python_float(value):
    """A NumPy scalar would turn float32 arrays into float64 ones."""
    assert type(validation.real("reg", value)) is float
    assert validation.real("reg", value, 0.5, 0.5) == 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "fast", [1, 2], 1j, np.ones(2)], ids=repr)
def test_what_is_no_finite_number_is_refused(value):
    with complains(ValueError, r"\breg\b", "finite"):
        validation.real("reg", value)


@pytest.mark.parametrize("value", [-1e-9, 1.0000001, 5])
def test_a_real_number_out_of_range_is_refused_with_the_range(value):
    with complains(ValueError, "momentum", "0 to 1"):
        validation.real("momentum", value, low=0, high=1)


# --- gradients and caches -----------------------------------------------------------------------------------


def test_an_upstream_gradient_of_the_right_shape_comes_back():
    dout = np.ones((2, 3), np.float32)
    assert validation.upstream(dout, (2, 3)) is dout


@pytest.mark.parametrize("shape", [(3, 2), (2,), (1, 3), (2, 3, 1), ()])
def test_an_upstream_gradient_of_another_shape_is_refused(shape):
    with complains(ValueError, r"\bdout\b", r"\(2, 3\)", "output"):
        validation.upstream(np.ones(shape), (2, 3))


def test_a_cache_is_unwrapped_and_one_from_test_mode_is_refused():
    dout = np.ones((2, 3))
    returned, cache = validation.backward("batchnorm", dout, ((2, 3), "inner"))
    assert returned is dout and cache == "inner"
    with complains(ValueError, "cache", "batchnorm_backward", "batchnorm_forward", "'train'"):
        validation.backward("batchnorm", dout, ((2, 3), None))


# --- the checks of layers, as far as layers themselves do not show it ----------------------------------------


def test_defaults_of_batchnorm_are_filled_in():
    x = np.ones((4, 3), np.float32)
    mode, eps, momentum, mean, var = validation.batchnorm(x, {"mode": "test"})
    assert (mode, eps, momentum) == ("test", 1e-5, 0.9)
    for array in (mean, var):
        assert array.dtype == np.float32 and array.tolist() == [0, 0, 0]


def test_batchnorm_does_not_write_to_its_settings():
    settings = {"mode": "train"}
    validation.batchnorm(np.ones((4, 3)), settings)
    assert settings == {"mode": "train"}


@pytest.mark.parametrize("p", [1e-300, 0.5, 1, np.float64(0.5)])
def test_the_probability_to_keep_is_above_zero_and_at_most_one(p):
    x, probability, mode, random = validation.dropout(np.ones(3), {"p": p, "mode": "test"})
    assert probability == p and type(probability) is float
    assert mode == "test" and random is np.random and x.tolist() == [1, 1, 1]


@pytest.mark.parametrize("p", [0, -0.5, 1.0000001, math.nan, None, "half"])
def test_another_probability_to_keep_is_refused(p):
    with complains(ValueError, r"dropout_param\['p'\]", str(p)):
        validation.dropout(np.ones(3), {"p": p, "mode": "train"})


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1"])
def test_a_seed_that_numpy_does_not_take_is_refused(seed):
    with complains(ValueError, r"dropout_param\['seed'\]", str(seed)):
        validation.dropout(np.ones(3), {"p": 0.5, "mode": "train", "seed": seed})


@given(
    size=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    window=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    pad=st.integers(0, 3),
    stride=st.integers(1, 4),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_window_counts_the_windows_that_fit_and_returns_ints(size, window, pad, stride):
    counts = tuple(
        sum(1 for start in range(0, length + 2 * pad, stride) if start + side <= length + 2 * pad)
        for length, side in zip(size, window)
    )
    if 0 in counts:
        with complains(ValueError, "window", "at most"):
            validation.window((2, 3, *size), *window, pad, stride)
    else:
        small = [np.uint8(number) for number in (*window, pad, stride)]
        found = validation.window((2, 3, *size), *small)
        assert found == (*window, pad, stride, *counts)
        assert {type(number) for number in found} == {int}


@pytest.mark.parametrize("shape", [(3, 5, 5), (1, -3, 5, 5), 7, None, (1, 3.0, 5, 5)])
def test_an_image_shape_that_is_not_four_lengths_is_refused(shape):
    with complains(ValueError, "x_shape"):
        validation.image_shape(shape)


@parametrise(
    "arguments, patterns",
    {
        "height 0": (((1, 3, 5, 5), 0, 2, 0, 1), ["height", r"\b0\b"]),
        "width 1.5": (((1, 3, 5, 5), 2, 1.5, 0, 1), ["width", r"1\.5"]),
        "pad -1": (((1, 3, 5, 5), 2, 2, -1, 1), ["pad", "-1"]),
        "stride 0": (((1, 3, 5, 5), 2, 2, 0, 0), ["stride", r"\b0\b"]),
        "too high": (((1, 3, 5, 6), 8, 2, 1, 1), ["height is 8", "at most 7"]),
        "too wide": (((1, 3, 5, 6), 2, 9, 1, 1), ["width is 9", "at most 8"]),
    },
)
def test_windows_that_do_not_fit_are_explained(arguments, patterns):
    with complains(ValueError, *patterns):
        validation.window(*arguments)


@parametrise(
    "x, y, patterns",
    {
        "no rows": (np.ones((0, 3)), np.ones(0, int), [r"\(0, 3\)", "row"]),
        "no classes": (np.ones((2, 0)), np.zeros(2, int), [r"\(2, 0\)", "class"]),
        "float labels": (np.ones((2, 3)), np.array([0.0, 1.0]), [r"\by\b", "float64", "integer"]),
        "bool labels": (np.ones((2, 3)), np.array([True, False]), [r"\by\b", "bool", "integer"]),
        "negative label": (np.ones((2, 3)), np.array([-1, 0]), [r"\by\b", "-1", "0 to 2"]),
        "label 3 of 3": (np.ones((2, 3)), np.array([3, 0]), [r"\by\b", "3", "0 to 2"]),
        "one label too many": (np.ones((2, 3)), np.array([0, 0, 0]), [r"\by\b", r"\(3,\)", r"\(2,\)"]),
        "column of labels": (np.ones((2, 3)), np.array([[0], [0]]), [r"\by\b", r"\(2, 1\)", r"\(2,\)"]),
        "scores of rank 1": (np.ones(3), np.array([0]), [r"\bx\b", r"\(3,\)"]),
    },
)
def test_bad_scores_and_labels_are_named(x, y, patterns):
    with complains(ValueError, *patterns):
        validation.scores(x, y)


# --- update rules -------------------------------------------------------------------------------------------


def test_update_completes_the_config_and_makes_its_numbers_python_floats():
    config = {"learning_rate": np.float64(0.5)}
    w, dw, returned = validation.update(np.ones(2), np.ones(2), config, learning_rate=1e-2, momentum=0.9)
    assert returned is config == {"learning_rate": 0.5, "momentum": 0.9}
    assert {type(value) for value in config.values()} == {float}


def test_update_without_config_makes_a_new_one_each_time():
    first, second = (validation.update(np.ones(2), np.ones(2), None, momentum=0.9)[2] for _ in range(2))
    assert first == second == {"momentum": 0.9}
    assert first is not second


def test_state_starts_at_zeros_and_then_stays():
    config, w = {}, np.ones((2, 3), np.float32)
    validation.state(config, "velocity", w)
    assert config["velocity"].dtype == np.float32 and not config["velocity"].any()
    kept = config["velocity"] = np.ones((2, 3), np.float32)
    validation.state(config, "velocity", w)
    assert config["velocity"] is kept


@pytest.mark.parametrize("value", [True, "0.5", b"1", 1j, np.complex128(1), np.bool_(True), np.ones(1), 10**400])
def test_text_truth_and_what_loses_a_part_are_no_real_numbers(value):
    with complains(ValueError, r"\brate\b", "finite number"):
        validation.real("rate", value)


@pytest.mark.parametrize("value", [True, 2**64, np.bool_(True)])
def test_truth_and_what_no_machine_can_count_are_no_sizes(value):
    with complains(ValueError, r"\bstride\b", "an integer (of at least|from) 1"):
        validation.integer("stride", value, 1)


def test_lists_of_unequal_length_are_named():
    with complains(ValueError, "x is not an array"):
        validation.float_array("x", [[1.0], [1.0, 2.0]])


def test_a_pad_beyond_all_memory_is_refused_before_anything_is_made():
    with complains(ValueError, "pad", "no memory"):
        validation.window((1, 1, 3, 3), 2, 2, 2**40, 1)
