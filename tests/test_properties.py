"""The whole contract, on inputs that nobody thought of.

For every public function: any legal input agrees with an oracle, anything else raises an error that names the
argument, and nothing, however odd, ends the interpreter. Each property is tried on a few cases, always the same
ones, and by `make test-all` on many more, each time others.
"""

import inspect
import io
import math
import pickle
import re
import tempfile
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from cs231n import data_utils, fast_layers, gradient_check, im2col, layer_utils, layers, optim, solver, vis_utils
from cs231n.classifiers import cnn, fc_net
from tests import oracles
from tests.oracles import Case

FEW, MANY = 20, 150

PROPERTIES = {}  # sentence -> (strategy, check)
CASES = Counter()  # sentence -> how often it was checked


def holds(sentence, strategy):
    """Decorate a check of one drawn value, and make it a property."""

    def add(check):
        assert sentence not in PROPERTIES
        PROPERTIES[sentence] = strategy, check
        return check

    return add


def _run(sentence, examples):
    strategy, check = PROPERTIES[sentence]
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    # The same cases in every run, so that none fails by luck; another seed finds others.
    options = settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=health
    )

    @options
    @given(strategy)
    def run(value):
        CASES[sentence] += 1
        with np.errstate(all="ignore"):
            check(value)

    run()


# --- arrays -------------------------------------------------------------------------------------------------


class Labelled(np.ndarray):
    """A subclass that would rather stay one."""

    __array_priority__ = 100


def _memory_mapped(array):
    if array.size == 0:
        return array
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, array.dtype, "w+", shape=array.shape)
    mapped[...] = array
    return mapped


LAYOUTS = {
    "plain": lambda array: array,
    "memory-mapped": _memory_mapped,
    "subclass": lambda array: array.view(Labelled),
    "matrix": lambda array: array.view(np.matrix) if array.ndim == 2 else array,
    "broadcast": lambda array: np.broadcast_to(array, array.shape),
    **{name: lambda array, name=name: oracles.awkward(array)[name] for name in oracles.MEMORY if name != "mixed"},
}
VALUES = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "few": lambda rng, shape: rng.integers(-1, 2, shape).astype(float),
    "equal": lambda rng, shape: np.full(shape, 1.5),
    "far apart": lambda rng, shape: rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape),
}
SIZES = st.integers(0, 4)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def floats(draw, shape, dtypes=(np.float32, np.float64), values=tuple(VALUES)):
    """Arrays of a shape: any legal dtype, values and memory."""
    rng = np.random.default_rng(draw(SEEDS))
    array = np.asarray(VALUES[draw(st.sampled_from(values))](rng, shape), draw(st.sampled_from(dtypes)))
    return LAYOUTS[draw(st.sampled_from([*LAYOUTS]))](array) if array.ndim else array


def _is_wide(arrays):
    return all(np.asarray(array).dtype.itemsize == 8 for array in arrays)


def _agree(actual, expected, arrays, scale=1.0):
    """`actual` is a new native array of floats, as exact as the least exact of the arrays it was made from."""
    assert type(actual) is np.ndarray and actual.dtype.isnative
    itemsizes = {np.asarray(array).dtype.itemsize for array in arrays}
    assert actual.dtype.itemsize in itemsizes, f"{actual.dtype} from arrays of {itemsizes} bytes"
    assert actual.shape == expected.shape
    finite = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    bound = (1e-12 if _is_wide(arrays) else 3e-5) * max(1.0, scale, finite)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)


# --- layers -------------------------------------------------------------------------------------------------
# Each strategy draws a Case: shapes, parameters, and the oracle for them.

NAIVE = (layers.conv_forward_naive, layers.conv_backward_naive)
FAST = (fast_layers.conv_forward_fast, fast_layers.conv_backward_fast)
NAIVE_POOL = (layers.max_pool_forward_naive, layers.max_pool_backward_naive)
FAST_POOL = (fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast)


@st.composite
def _windows(draw, height, width, pad=None):
    """Draw pad, stride and the size of a window that fits into padded images."""
    pad = draw(st.integers(0, 3)) if pad is None else pad
    window = (draw(st.integers(1, min(5, height + 2 * pad))), draw(st.integers(1, min(5, width + 2 * pad))))
    return pad, draw(st.integers(1, 5)), *window


@st.composite
def affine(draw, forward=layers.affine_forward, backward=layers.affine_backward, wrap=lambda f: f):
    x = (draw(SIZES), *draw(st.lists(SIZES, min_size=1, max_size=3)))
    w = (math.prod(x[1:]), draw(SIZES))
    return Case(forward, backward, wrap(lambda x, w, b: x.reshape(len(x), len(w)) @ w + b), (x, w, w[1:]))


@st.composite
def relu(draw):
    shape = tuple(draw(st.lists(SIZES, min_size=1, max_size=4)))
    return Case(layers.relu_forward, layers.relu_backward, torch.relu, (shape,))


def _norm_settings(draw):
    return draw(st.dictionaries(st.just("eps"), st.sampled_from([1e-5, 1e-3, 0.5, np.float64(1e-4)])))


@st.composite
def batchnorm(draw, backward=layers.batchnorm_backward):
    N, D = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    param = {"mode": "train", **_norm_settings(draw)}
    oracle = oracles.torch_batchnorm(param.get("eps", 1e-5))
    return Case(layers.batchnorm_forward, backward, oracle, ((N, D), (D,), (D,)), (param,))


@st.composite
def spatial_batchnorm(draw):
    N, C, H, W = (draw(st.integers(1, 3)) for _ in range(4))
    param = {"mode": "train", **_norm_settings(draw)}
    oracle = oracles.torch_batchnorm(param.get("eps", 1e-5))
    functions = layers.spatial_batchnorm_forward, layers.spatial_batchnorm_backward
    return Case(*functions, oracle, ((N, C, H, W), (C,), (C,)), (param,))


@st.composite
def layernorm(draw):
    N, D = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    param = _norm_settings(draw) | draw(st.sampled_from([{}, {"mode": "train"}, {"mode": "test"}]))
    oracle = oracles.torch_layernorm(param.get("eps", 1e-5))
    return Case(layers.layernorm_forward, layers.layernorm_backward, oracle, ((N, D), (D,), (D,)), (param,))


@st.composite
def groupnorm(draw):
    N, G, H, W = (draw(st.integers(1, 3)) for _ in range(4))
    C = G * draw(st.integers(1, 2))
    shape = draw(st.sampled_from([(C,), (1, C, 1, 1)]))
    param = _norm_settings(draw)
    oracle = oracles.torch_groupnorm(G, param.get("eps", 1e-5))
    functions = layers.spatial_groupnorm_forward, layers.spatial_groupnorm_backward
    return Case(*functions, oracle, ((N, C, H, W), shape, shape), (G, param))


@st.composite
def convolution(draw, functions, wrap=lambda f: f):
    N, C, F_ = draw(SIZES), draw(SIZES), draw(SIZES)
    H, W = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    pad, stride, height, width = draw(_windows(H, W))
    shapes = ((N, C, H, W), (F_, C, height, width), (F_,))
    return Case(*functions, wrap(oracles.torch_conv(stride, pad)), shapes, ({"stride": stride, "pad": pad},))


@st.composite
def pooling(draw, functions):
    shape = (draw(SIZES), draw(SIZES), draw(st.integers(1, 8)), draw(st.integers(1, 8)))
    _, stride, height, width = draw(_windows(*shape[2:], pad=0))
    return Case(
        *functions,
        oracles.torch_pool(height, width, stride),
        (shape,),
        (oracles.pool_param(height, width, stride),),
    )


@st.composite
def conv_bn_relu(draw):
    case = draw(convolution((layer_utils.conv_bn_relu_forward, layer_utils.conv_bn_relu_backward)))
    assume(all(map(math.prod, case.shapes)))
    param, filters = {"mode": "train"}, case.shapes[2]
    norm = oracles.torch_batchnorm(1e-5)
    oracle = lambda x, w, b, gamma, beta: torch.relu(norm(case.oracle(x, w, b), gamma, beta))  # noqa: E731
    return Case(case.forward, case.backward, oracle, (*case.shapes, filters, filters), (*case.rest, param))


@st.composite
def conv_relu_pool(draw):
    case = draw(convolution((layer_utils.conv_relu_pool_forward, layer_utils.conv_relu_pool_backward)))
    (_, _, H, W), (_, _, height, width), _ = case.shapes
    stride, pad = case.rest[0]["stride"], case.rest[0]["pad"]
    out = [1 + (n + 2 * pad - k) // stride for n, k in ((H, height), (W, width))]
    _, stride, height, width = draw(_windows(*out, pad=0))
    pool = oracles.torch_pool(height, width, stride)
    oracle = lambda x, w, b: pool(torch.relu(case.oracle(x, w, b)))  # noqa: E731
    return Case(
        case.forward, case.backward, oracle, case.shapes, (*case.rest, oracles.pool_param(height, width, stride))
    )


def _then_relu(function):
    return lambda *tensors: torch.relu(function(*tensors))


LAYERS = {
    "affine": affine(),
    "relu": relu(),
    "batchnorm": batchnorm(),
    "batchnorm, closed form": batchnorm(layers.batchnorm_backward_alt),
    "layernorm": layernorm(),
    "spatial_batchnorm": spatial_batchnorm(),
    "spatial_groupnorm": groupnorm(),
    "conv_naive": convolution(NAIVE),
    "conv_fast": convolution(FAST),
    "max_pool_naive": pooling(NAIVE_POOL),
    "max_pool_fast": pooling(FAST_POOL),
    "affine_relu": affine(layer_utils.affine_relu_forward, layer_utils.affine_relu_backward, _then_relu),
    "conv_relu": convolution((layer_utils.conv_relu_forward, layer_utils.conv_relu_backward), _then_relu),
    "conv_bn_relu": conv_bn_relu(),
    "conv_relu_pool": conv_relu_pool(),
}


@st.composite
def _calls(draw, cases):
    """Draw a case, its arrays, and the array that goes backward."""
    case = draw(cases)
    values = VALUES.keys()
    if case.forward.__name__.startswith(("max_pool", "conv_relu", "conv_bn", "affine_relu")):
        values = ["normal"]  # where maxima tie or a sum is nearly zero, torch may decide otherwise
    if "norm" in case.forward.__name__:
        values = ["normal", "equal"]
    arrays = [draw(floats(shape, values=tuple(values))) for shape in case.shapes]
    return case, arrays, draw(floats(draw(st.just(case.out(arrays)[0].shape)), values=("normal",)))


def _check_layer(call):
    case, arrays, dout = call
    kept = [np.array(array, copy=True) for array in (*arrays, dout)]
    out, cache = case.out(arrays)
    scale = 1.0
    if "norm" in case.forward.__name__ or "bn" in case.forward.__name__:
        eps = next((param["eps"] for param in case.rest if isinstance(param, dict) and "eps" in param), 1e-5)
        sizes = [np.abs(array).max(initial=1.0) for array in kept]
        scale = math.prod(map(float, sizes)) / float(eps)
    expected, gradients = oracles.torch_gradients(case.oracle, arrays, dout)
    _agree(out, expected, arrays, scale)
    for gradient, wanted in zip(case.gradients(dout, cache), gradients, strict=True):
        _agree(gradient, wanted, [*arrays, dout], scale)
    for array, before in zip((*arrays, dout), kept):
        assert np.array_equal(array, before), "an argument was changed"


for _name, _cases in LAYERS.items():
    holds(f"{_name} agrees with torch", _calls(_cases))(_check_layer)


# --- Solver -------------------------------------------------------------------------------------------------


@st.composite
def _trainings(draw):
    N, D = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    data = {"X_train": draw(floats((N, D))), "X_val": draw(floats((3, D)))}
    rng = np.random.default_rng(draw(SEEDS))
    data |= {"y_train": rng.integers(0, 3, N), "y_val": rng.integers(0, 3, 3)}
    options = {
        "update_rule": draw(st.sampled_from(["sgd", "sgd_momentum", "rmsprop", "adam"])),
        "batch_size": draw(st.integers(1, 14)),
        "num_epochs": draw(st.integers(0, 4)),
        "lr_decay": draw(st.floats(0.1, 1)),
        "num_train_samples": draw(st.none() | st.integers(1, 15)),
        "num_val_samples": draw(st.none() | st.integers(1, 4)),
        "keep_checkpoints": draw(st.none() | st.integers(1, 3)),
    }
    return data, options, draw(st.sampled_from([None, "batchnorm", "layernorm"])), draw(st.integers(0, 4))


@holds("a training has the agreed length and can be resumed anywhere", _trainings())
def _check_training(drawn):
    data, options, norm, pick = drawn
    D, folder = data["X_train"].shape[1], tempfile.TemporaryDirectory()
    with folder:
        np.random.seed(3)
        net = fc_net.FullyConnectedNet([3], D, 3, 0.8, norm)
        trained = solver.Solver(net, data, **options, checkpoint_name=f"{folder.name}/run", verbose=False)
        trained.train()
        end = np.random.rand()
        iterations = max(len(data["X_train"]) // options["batch_size"], 1)
        epochs = options["num_epochs"]
        assert len(trained.loss_history) == epochs * iterations
        expected = 0 if epochs == 0 else epochs + (iterations > 1)
        assert len(trained.val_acc_history) == len(trained.train_acc_history) == expected
        if epochs:
            paths = sorted(__import__("pathlib").Path(folder.name).iterdir())
            again = fc_net.FullyConnectedNet([3], D, 3, 0.8, norm)
            resumed = solver.Solver.resume(paths[pick % len(paths)], again, data)
            resumed.train()
            assert np.random.rand() == end
            assert resumed.loss_history == trained.loss_history
            assert resumed.val_acc_history == trained.val_acc_history
            assert all(w.tobytes() == again.params[name].tobytes() for name, w in net.params.items())


# --- pictures, pickles --------------------------------------------------------------------------------------


@st.composite
def _pictures(draw):
    shape = tuple(draw(st.integers(1, 4)) for _ in range(4))
    Xs = np.random.default_rng(draw(SEEDS)).integers(0, draw(st.sampled_from([1, 256])), shape)
    dtype = draw(st.sampled_from([np.uint8, np.int16, np.float16, np.float32, ">f8", np.bool_, np.longdouble]))
    return LAYOUTS[draw(st.sampled_from([*LAYOUTS]))](Xs.astype(dtype)), draw(st.integers(0, 3))


@holds("every picture has its place in the grid, stretched to the range", _pictures())
def _check_grid(drawn):
    Xs, padding = drawn
    N, H, W, C = Xs.shape
    side = math.ceil(math.sqrt(N))
    plain = np.asarray(Xs, np.float64)
    alone = vis_utils.visualize_grid(Xs, 200.0, padding)
    together, nested = vis_utils.vis_grid(Xs), vis_utils.vis_nn([list(Xs)])
    assert alone.shape == (side * (H + padding) - padding, side * (W + padding) - padding, C)
    for n, image in enumerate(plain):
        span, whole = np.ptp(image) or 1, np.ptp(plain) or 1
        place = np.s_[n // side * (H + padding) :, n % side * (W + padding) :]
        np.testing.assert_allclose(alone[place][:H, :W], 200 * (image - image.min()) / span, atol=1e-3)
        place = np.s_[n // side * (H + 1) :, n % side * (W + 1) :]
        np.testing.assert_allclose(together[place][:H, :W], (image - plain.min()) / whole, atol=1e-3)
        np.testing.assert_allclose(nested[:, n * (W + 1) :][:H, :W], (image - plain.min()) / whole, atol=1e-3)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


@holds(
    "load_pickle reads plain data in every protocol", st.tuples(_PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
)
def _check_pickle(drawn):
    value, protocol = drawn
    assert data_utils.load_pickle(io.BytesIO(pickle.dumps(value, protocol))) == value


@holds("load_pickle refuses what is no pickle, or reads it", st.binary(max_size=60))
def _check_no_pickle(data):
    try:
        data_utils.load_pickle(io.BytesIO(data))
    except ValueError as error:
        assert "damaged or is not a CIFAR-10 file" in str(error)


# --- what is illegal ----------------------------------------------------------------------------------------

_DTYPES = ("e", "g", "F", "D", "O", "?", "S3", "U3", "M8[s]", "m8[s]", "i4,f8")


def _of_dtype(code):
    def make(array):
        with np.errstate(all="ignore"):
            return np.zeros(array.shape, code)

    return make


BAD_ARRAYS = {
    **{f"dtype {np.dtype(code)}": _of_dtype(code) for code in _DTYPES},
    "one axis more": lambda array: array[..., None, None, None],
    "no axis": lambda array: np.array(1.0),
    "None": lambda array: None,
    "text": lambda array: "array",
    "lists of unequal length": lambda array: [[1.0], [1.0, 2.0]],
    "a set": lambda array: {1.0},
    "a dict": lambda array: {"x": array},
}
NO_DICTS = [None, 3, "stride", [("stride", 1)], np.ones(2), ("p", 0.5)]
_NUMBERS = [
    "1",
    b"1",
    None,
    True,
    math.nan,
    math.inf,
    -math.inf,
    1j,
    np.complex128(1),
    [1],
    np.ones(2),
    10**400,
    {},
]
_INTEGERS = [*_NUMBERS, 1.5, np.float64(2), -1, -(2**70), 2**64, np.int8(-3)]
BAD_VALUES = {
    "stride": [*_INTEGERS, 0],
    "pad": [*_INTEGERS, 2**62, 2**31],
    "pool_height": [*_INTEGERS, 0, 99],
    "pool_width": [*_INTEGERS, 0, 99],
    "eps": [*_NUMBERS, -1e-9],
    "momentum": [*_NUMBERS, -0.1, 1.1],
    "mode": ["Train", "", None, 0, True, b"train", ["train"], np.ones(2)],
    "running_mean": [None, "x", np.ones((1, 9)), np.array(1.0), [[1.0], []], np.ones(3, complex), {}],
    "running_var": [None, "x", np.ones((1, 9)), np.array(1.0), [[1.0], []], np.ones(3, bool), {}],
    "p": [*_NUMBERS, 0, -0.5, 1.5],
    "seed": [*[value for value in _INTEGERS if value is not None], 2**32],
}
REQUIRED = {"mode", "stride", "pad", "pool_height", "pool_width", "p"}


def _names(function):
    return list(inspect.signature(function).parameters)


def _complaint(name, function, *arguments):
    """The call raises ValueError or KeyError and names the argument."""
    kinds = ValueError, KeyError
    with pytest.raises(kinds) as caught:
        result = function(*arguments)
        note(f"it returned {result!r}")
    assert type(caught.value) in kinds, f"{caught.value!r} is not one of the named errors"
    assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", str(caught.value)), f"{caught.value} does not name {name}"


@st.composite
def _illegal_arrays(draw, cases):
    case, arrays, dout = draw(_calls(cases))
    position = draw(st.integers(0, len(arrays)))
    takes_any_rank = position == 0 and case.forward.__name__.startswith(("relu", "affine", "dropout"))
    kinds = [kind for kind in BAD_ARRAYS if not (takes_any_rank and kind in ("one axis more", "no axis"))]
    return case, arrays, dout, position, draw(st.sampled_from(kinds))


def _check_illegal_array(drawn):
    case, arrays, dout, position, kind = drawn
    if position == len(arrays):
        _complaint("dout", case.backward, BAD_ARRAYS[kind](np.asarray(dout)), case.out(arrays)[1])
        return
    name = _names(case.forward)[position]
    arrays[position] = BAD_ARRAYS[kind](np.asarray(arrays[position]))
    _complaint(name, case.out, arrays)


@st.composite
def _illegal_settings(draw, cases, more=()):
    """Draw a call whose last argument is no dict, or one that lacks a key or has a bad value."""
    case = draw(cases)
    arrays = [np.ones(shape) for shape in case.shapes]
    assume(all(array.size for array in arrays))
    rest, name = list(case.rest), _names(case.forward)[-1]
    settings_ = dict(rest[-1])
    change = draw(st.sampled_from(["no dict", "missing", "bad value"]))
    required = sorted(REQUIRED & settings_.keys() if name != "ln_param" else ())
    if change == "missing" and required:
        key = draw(st.sampled_from(required))
        del settings_[key]
        rest[-1], name = settings_, key
    elif change == "bad value" and (settings_ or more):
        keys = sorted({*settings_, *more} - ({"mode"} if name == "ln_param" else set()))
        assume(keys)
        key = draw(st.sampled_from(keys))
        rest[-1], name = settings_ | {key: draw(st.sampled_from(BAD_VALUES[key]))}, key
    else:
        rest[-1] = draw(st.sampled_from(NO_DICTS))
    return case, arrays, tuple(rest), name


def _check_illegal_settings(drawn):
    case, arrays, rest, name = drawn
    _complaint(name, case.forward, *arrays, *rest)


_MORE = dict.fromkeys(
    ("batchnorm", "spatial_batchnorm", "conv_bn_relu"), ("eps", "momentum", "running_mean", "running_var")
)
_MORE |= {"layernorm": ("eps",), "spatial_groupnorm": ("eps",)}
for _name, _cases in LAYERS.items():
    holds(f"{_name} refuses an illegal array by name", _illegal_arrays(_cases))(_check_illegal_array)
    if _name not in ("affine", "relu", "affine_relu"):
        _strategy = _illegal_settings(_cases, _MORE.get(_name, ()))
        holds(f"{_name} refuses an illegal setting by name", _strategy)(_check_illegal_settings)


@st.composite
def _illegal_dropout(draw):
    key = draw(st.sampled_from(["p", "mode", "seed", "", "x"]))
    x, param, name = np.ones((2, 3)), {"p": 0.5, "mode": "train"}, key
    if key == "x":
        x = BAD_ARRAYS[draw(st.sampled_from([kind for kind in BAD_ARRAYS if kind != "one axis more"]))](x)
    elif not key:
        param, name = draw(st.sampled_from(NO_DICTS)), "dropout_param"
    elif key != "seed" and draw(st.booleans()):
        del param[key]
    else:
        param[key] = draw(st.sampled_from(BAD_VALUES[key]))
    return x, param, name


@holds("dropout refuses what is illegal by name", _illegal_dropout())
def _check_illegal_dropout(drawn):
    x, param, name = drawn
    _complaint(name, layers.dropout_forward, x, param)


@st.composite
def _illegal_scores(draw):
    name = draw(st.sampled_from("xy"))
    bad = [
        np.array([0, 3]),
        np.array([-1, 0]),
        np.array([0.0, 1.0]),
        np.array([0]),
        np.zeros((2, 1), int),
        None,
        "01",
        3,
    ]
    bad += [
        np.zeros(2, bool),
        np.array([0, 2**40]),
        np.array([0, None]),
        [[0], [0, 1]],
    ]
    x = BAD_ARRAYS[draw(st.sampled_from([*BAD_ARRAYS]))](np.ones((2, 3))) if name == "x" else np.ones((2, 3))
    y = draw(st.sampled_from(bad)) if name == "y" else np.array([0, 2])
    return draw(st.sampled_from([layers.svm_loss, layers.softmax_loss])), x, y, name


@holds("the losses refuse what is illegal by name", _illegal_scores())
def _check_illegal_scores(drawn):
    loss, x, y, name = drawn
    _complaint(name, loss, x, y)


_SIZES = [*_INTEGERS, 0, "three"]
_REALS = [value for value in _NUMBERS]
BAD_ARGUMENTS = {
    fc_net.TwoLayerNet: {
        "input_dim": _SIZES,
        "hidden_dim": _SIZES,
        "num_classes": _SIZES,
        "weight_scale": [*_REALS, -1],
    },
    fc_net.FullyConnectedNet: {
        "hidden_dims": [None, 3, "34", [0], [1.5], [3, -1], [[3]], [True]],
        "input_dim": _SIZES,
        "num_classes": _SIZES,
        "dropout": [*_REALS, 0, -0.5, 1.5],
        "normalization": ["batch", 3, True, ["batchnorm"]],
        "weight_scale": [*_REALS, -1],
        "dtype": [np.float16, int, "half", "?", complex, np.longdouble, 3, object],
    },
    cnn.ThreeLayerConvNet: {
        "input_dim": [None, 3, (3, 8), (3, 8, 8, 8), "388", (0, 8, 8), (3, 8.0, 8), (3, 1, 8)],
        "num_filters": _SIZES,
        "filter_size": [*_SIZES, 99],
        "hidden_dim": _SIZES,
        "num_classes": _SIZES,
        "weight_scale": [*_REALS, -1],
        "dtype": [np.float16, int, "?", complex, np.longdouble, 3, object],
    },
    solver.Solver: {
        "optim_config": NO_DICTS[1:],
        "lr_decay": _REALS,
        "batch_size": _SIZES,
        "num_epochs": _INTEGERS,
        "num_train_samples": [value for value in _SIZES if value is not None],
        "num_val_samples": [value for value in _SIZES if value is not None],
        "print_every": _SIZES,
        "keep_checkpoints": [value for value in _SIZES if value is not None],
        "on_divergence": [None, "Stop", 3, ["stop"]],
        "update_rule": [None, "SGD", "np", "", 3, [], optim.sgd],
    },
}


@st.composite
def _illegal_arguments(draw):
    function = draw(st.sampled_from([*BAD_ARGUMENTS]))
    name = draw(st.sampled_from([*BAD_ARGUMENTS[function]]))
    return function, name, draw(st.sampled_from(BAD_ARGUMENTS[function][name]))


@holds("models and Solver refuse an illegal argument by name", _illegal_arguments())
def _check_illegal_argument(drawn):
    function, name, value = drawn
    given_ = {fc_net.FullyConnectedNet: {"hidden_dims": [3]}, cnn.ThreeLayerConvNet: {"input_dim": (3, 8, 8)}}
    arguments = given_.get(function, {})
    if function is solver.Solver:
        data = {"X_train": np.ones((4, 2)), "y_train": np.zeros(4, int)}
        data |= {"X_val": np.ones((4, 2)), "y_val": np.zeros(4, int)}
        arguments = {"model": fc_net.TwoLayerNet(2, 2, 2), "data": data, "verbose": False}
    _complaint(name, lambda: function(**arguments | {name: value}))


@st.composite
def _illegal_images(draw):
    net = draw(st.sampled_from(["two", "full", "conv"]))
    kinds = [kind for kind in BAD_ARRAYS if not kind.endswith(("float16", "longdouble", "float128", "axis more"))]
    return net, draw(st.sampled_from(kinds)), draw(st.sampled_from(["X", "y", "reg"]))


@holds("models refuse illegal images, labels and reg by name", _illegal_images())
def _check_illegal_images(drawn):
    kind, bad, name = drawn
    net = {
        "two": lambda: fc_net.TwoLayerNet(48, 3, 2),
        "full": lambda: fc_net.FullyConnectedNet([3], 48, 2),
        "conv": lambda: cnn.ThreeLayerConvNet((3, 4, 4), 1, 3, 3, 2),
    }[kind]()
    X, y = np.ones((2, 3, 4, 4)), np.array([0, 1])
    if name == "X":
        X = BAD_ARRAYS[bad](X)
    elif name == "y":
        y = np.array([0, 2])
    else:
        net.reg = math.nan
    _complaint("x" if name == "X" and bad == "no axis" else name, net.loss, X, y)


# --- anything at all ----------------------------------------------------------------------------------------

_ODD = [
    None, True, 0, 1, -1, 3, 2**31, 2**62, 2**63, 2**64, -(2**63), 0.5, math.nan, math.inf, 1j, "x", b"x", (), [],
    {}, (2, 3, 4, 4), (0, 0, 0, 0), (2**40, 1, 2**40, 1), object(), len, np.float32, np.float64(2.0), np.ma.masked,
    {"stride": 1, "pad": 0}, {"stride": 2**62, "pad": 1}, {"stride": 1, "pad": 2**62}, {"stride": 1, "pad": 2**40},
    {"pool_height": 2, "pool_width": 2, "stride": 2**62}, {"pool_height": 2**62, "pool_width": 1, "stride": 1},
    {"mode": "train"}, {"mode": "test"}, {"p": 0.5, "mode": "train"}, {"eps": 0.0}, {"learning_rate": -1.0},
]  # fmt: skip


@st.composite
def _odd_arrays(draw):
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=6)))
    code = draw(st.sampled_from(["f4", "f8", ">f8", "i8", "u1", *_DTYPES]))
    array = np.zeros(shape, code)
    if array.dtype.kind in "fiu":
        array += np.random.default_rng(draw(SEEDS)).integers(0, 3, shape).astype(array.dtype)
    return LAYOUTS[draw(st.sampled_from(["plain", "memory-mapped", "subclass", "matrix"]))](array)


def _public():
    """Every public function and class of the contract that takes arguments, by its name."""
    for module in (
        layers,
        layer_utils,
        fast_layers,
        im2col,
        optim,
        gradient_check,
        vis_utils,
        fc_net,
        cnn,
        solver,
    ):
        for name, function in vars(module).items():
            if callable(function) and not name.startswith("_") and function.__module__.startswith("cs231n."):
                yield f"{module.__name__}.{name}", function


PUBLIC = dict(_public())
# They call or look into what they are given, so errors of that come through; what is promised is survival alone.
_LOOSE = (
    "_backward",
    "eval_numerical",
    "grad_check_sparse",
    "plot_training",
    "vis_nn",
    "DivergenceError",
    "Solver",
)


@st.composite
def _odd_calls(draw):
    name = draw(st.sampled_from(sorted(PUBLIC)))
    signature = inspect.signature(PUBLIC[name])
    known = [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    count = len(known) - draw(st.integers(0, sum(p.default is not p.empty for p in known)))
    return name, [draw(st.one_of(_odd_arrays(), st.sampled_from(_ODD))) for _ in range(count)]


@holds("nothing at all ends the interpreter or raises another error than agreed", _odd_calls())
def _check_anything(drawn):
    name, arguments = drawn
    loose = any(word in name for word in _LOOSE)
    try:
        PUBLIC[name](*arguments)
    except (ValueError, KeyError, TypeError, MemoryError):
        pass
    except Exception as error:
        assert loose, f"{name} raised {error!r}"


@st.composite
def _odd_gradients(draw):
    case = draw(draw(st.sampled_from([*LAYERS.values()])))
    return case, draw(st.one_of(_odd_arrays(), st.sampled_from(_ODD)))


@holds("no upstream gradient ends the interpreter", _odd_gradients())
def _check_any_gradient(drawn):
    case, dout = drawn
    out, cache = case.out(case.arrays())
    try:
        case.backward(dout, cache)
        assert np.shape(dout) == out.shape
    except ValueError as error:
        assert "dout" in str(error)


# --- the tests ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def _count():
    yield
    print(f"\n{sum(CASES.values())} random cases of {len(CASES)} properties")


@pytest.mark.parametrize("sentence", PROPERTIES)
def test_property(sentence):
    _run(sentence, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("sentence", PROPERTIES)
def test_property_at_length(sentence):
    _run(sentence, MANY)
