"""cs231n.results: results come back in the promised dtype, and as they are in every other respect."""

import copy
import re

import numpy as np
import pytest

from cs231n import layers
from cs231n.results import as_given, like, own_random_numbers
from staff.misconceptions.subject import executed, source_of
from tests.oracles import FLOATS

WIDTHS = [np.float16, ">f4", np.float32, np.float64, np.longdouble]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_of_any_width_come_back_in_the_promised_one(width, dtype):
    found = like(np.array([[0.5, -3.0]], width), np.zeros(2, dtype))
    assert type(found) is np.ndarray and found.dtype == dtype and found.dtype.isnative
    assert np.array_equal(found, [[0.5, -3.0]])
    assert like(np.dtype(width).type(0.5), np.dtype(dtype)).dtype == dtype


def test_several_inputs_give_the_dtype_that_numpy_gives_them_together():
    assert like(np.zeros(2), np.float32(0), np.zeros(3, np.float32)).dtype == np.float32
    assert like(np.zeros(2, np.float32), np.zeros(3, np.float32), np.zeros(1)).dtype == np.float64


def test_an_array_in_the_promised_dtype_is_returned_itself():
    array = np.zeros((2, 3), np.float32)
    assert like(array, array) is array


def test_a_matrix_becomes_a_plain_array():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0]])
    assert type(like(matrix, np.float64)) is np.ndarray


def masked():
    return np.ma.masked_array([1.0, 2.0], [True, False])


@pytest.mark.parametrize(
    "value",
    [None, 3, 0.5, "text", (np.zeros(2),), [np.zeros(2)], np.arange(3), np.ones(2, bool), np.ones(2, complex)]
    + [np.array([None]), masked(), np.int64(2), np.complex64(2)],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_of_floats_is_returned_as_it_is(value):
    assert like(value, np.float32) is value


def test_nan_and_numbers_that_the_dtype_cannot_hold_pass_without_a_warning():
    found = like(np.array([np.nan, np.inf, 1e300, -1e300, 1e-300]), np.float32)
    assert np.array_equal(found, [np.nan, np.inf, np.inf, -np.inf, 0], equal_nan=True)


def test_a_dict_keeps_its_names_and_gets_its_arrays_replaced():
    given = {"m": np.ones((1, 2)), "t": 3, "learning_rate": 1e-3, "name": "adam", "rate": np.float64(0.1)}
    found = like(given, np.float32)
    assert found is given and list(found) == ["m", "t", "learning_rate", "name", "rate"]
    assert found["m"].dtype == np.float32 and found["m"].shape == (1, 2)
    assert found["rate"] == 0.1 and found["t"] == 3


def test_gradients_come_back_in_the_shapes_of_gamma_and_beta():
    seen = np.arange(3.0).reshape(1, 3, 1, 1)
    dgamma, dbeta = as_given(seen, seen, ((3,), (1, 3, 1, 1)))
    assert (dgamma.shape, dbeta.shape) == ((3,), (1, 3, 1, 1)) and np.array_equal(dgamma, [0, 1, 2])


@pytest.mark.parametrize("value", [None, 1.0, np.zeros((1, 3)), np.zeros(4), np.zeros((2, 3, 1, 1)), [0.0] * 3])
def test_gradients_of_another_shape_are_returned_as_they_are(value):
    assert all(found is value for found in as_given(value, value, ((3,), (1, 3, 1, 1))))


# --- random numbers -----------------------------------------------------------------------------------------


@own_random_numbers
def draw(x, dropout_param):
    return np.random.rand(len(x))


def test_with_a_seed_np_random_repeats_and_goes_on_afterwards_where_it_was():
    np.random.seed(5)
    expected = np.random.rand(2)
    np.random.seed(5)
    first, second = draw([0] * 3, {"seed": 7}), draw([0] * 3, {"seed": 7})
    assert np.array_equal(first, second) and np.array_equal(first, np.random.RandomState(7).rand(3))
    assert np.array_equal(np.random.rand(2), expected)


def test_without_a_seed_np_random_goes_on():
    np.random.seed(5)
    expected = np.random.rand(6)
    np.random.seed(5)
    assert np.array_equal([*draw([0] * 3, {}), *draw([0] * 3, None)], expected)


def test_after_an_error_np_random_is_where_it_was():
    np.random.seed(5)
    expected = np.random.rand(2)
    np.random.seed(5)
    with pytest.raises(TypeError):
        draw(None, {"seed": 7})
    assert np.array_equal(np.random.rand(2), expected)


def test_a_mask_drawn_from_np_random_is_that_of_the_seed():
    """What a student may write instead of our own mask."""
    out, _ = layers.dropout_forward(np.ones((4, 5)), {"mode": "train", "p": 0.5, "seed": 3})
    drawn = own_random_numbers(lambda x, param: (np.random.rand(*x.shape) < 0.5) / 0.5)
    assert np.array_equal(out, drawn(np.ones((4, 5)), {"seed": 3}))


# --- around the exercises -----------------------------------------------------------------------------------


BLOCK = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.MULTILINE | re.DOTALL)
RESULTS = "out = mask = cache = dx = dw = db = dgamma = dbeta = running_mean = running_var = next_w = WRONG"
WRONG = {"None": None, "integers": np.arange(3), "complex": np.ones(3) * 1j, "NaN": np.full(3, np.nan, np.float32)}
X, IMAGES = np.ones((3, 4), np.float32), np.ones((2, 3, 4, 4), np.float32)
W, CHANNELS = np.ones((4, 5), np.float32), np.ones(3, np.float32)
FORWARD = {
    "affine_forward": (X, W, W[0]),
    "relu_forward": (X,),
    "batchnorm_forward": (X, X[0], X[0], {"mode": "train"}),
    "layernorm_forward": (X, X[0], X[0], {}),
    "dropout_forward": (X, {"mode": "train", "p": 0.5, "seed": 1}),
    "conv_forward_naive": (IMAGES, IMAGES, IMAGES[:, 0, 0, 0], {"stride": 1, "pad": 0}),
    "max_pool_forward_naive": (IMAGES, {"pool_height": 2, "pool_width": 2, "stride": 2}),
    "spatial_batchnorm_forward": (IMAGES, CHANNELS, CHANNELS, {"mode": "train"}),
    "spatial_groupnorm_forward": (IMAGES, CHANNELS, CHANNELS, 3, {}),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", FORWARD)
def test_wrong_results_of_a_forward_pass_are_handed_on(name, wrong):
    broken = executed("layers", BLOCK.sub(rf"\1{RESULTS}", source_of("layers")))
    broken.WRONG = WRONG[wrong]
    out, _ = getattr(broken, name)(*copy.deepcopy(FORWARD[name]))
    assert out is WRONG[wrong]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("rule", ["sgd_momentum", "rmsprop", "adam"])
def test_wrong_results_of_an_update_rule_are_handed_on(rule, wrong):
    broken = executed("optim", BLOCK.sub(rf"\1{RESULTS}", source_of("optim")))
    broken.WRONG = WRONG[wrong]
    next_w, config = getattr(broken, rule)(X, X)
    assert next_w is WRONG[wrong] and config["learning_rate"] in (1e-2, 1e-3)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", FORWARD)
def test_wrong_results_of_a_backward_pass_are_handed_on(name, wrong):
    out, cache = getattr(layers, name)(*copy.deepcopy(FORWARD[name]))
    broken = executed("layers", BLOCK.sub(rf"\1{RESULTS}", source_of("layers")))
    broken.WRONG = WRONG[wrong]
    gradients = getattr(broken, name.replace("forward", "backward"))(out, cache)
    for gradient in gradients if isinstance(gradients, tuple) else (gradients,):
        assert gradient is WRONG[wrong]
