"""cs231n.classifiers.cnn against the same network in torch, float64, differentiated by autograd."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cs231n import layers
from cs231n.classifiers import cnn
from cs231n.classifiers.cnn import ThreeLayerConvNet
from cs231n.gradient_check import eval_numerical_gradient
from tests.oracles import FLOATS, MEMORY, TOLERANCE, assert_close, complains, illegal_inputs, lay_out, parametrise

# image, filters, filter size, shape of W2 (the features after convolution and pooling, hidden units), classes
NETS = {
    "filters of 3": ((3, 6, 6), 4, 3, (4 * 3 * 3, 5), 3),
    "images that are not square": ((2, 8, 4), 3, 3, (3 * 4 * 2, 6), 4),
    "a row and a column that pooling leaves over": ((1, 7, 5), 2, 3, (2 * 3 * 2, 4), 3),
    "filters of 1": ((3, 4, 6), 2, 1, (2 * 2 * 3, 3), 5),
    "filters of 2, an even size": ((2, 6, 7), 3, 2, (3 * 2 * 3, 4), 3),
    "filters of 4, an even size": ((2, 8, 9), 3, 4, (3 * 3 * 4, 4), 2),
    "filters as large as the image": ((1, 5, 5), 2, 5, (2 * 2 * 2, 3), 3),
    "filters larger than the image": ((2, 3, 4), 2, 5, (2 * 1 * 2, 3), 3),
}
SMALL = NETS["images that are not square"]


def _net(spec=SMALL, **options):
    """A net with random parameters throughout."""
    input_dim, filters, size, (_, hidden), classes = spec
    options = {"dtype": np.float64} | options
    net = ThreeLayerConvNet(input_dim, filters, size, hidden, classes, **options)
    rng = np.random.default_rng(0)
    for name, w in net.params.items():
        net.params[name] = (0.7 * rng.standard_normal(w.shape)).astype(w.dtype)
    return net


def _minibatch(spec=SMALL, dtype=np.float64, N=3):
    rng = np.random.default_rng(1)
    return rng.standard_normal((N, *spec[0])).astype(dtype), rng.integers(0, spec[-1], N)


def _torch_scores(params, X):
    size = params["W1"].shape[-1]
    h = F.conv2d(torch.tensor(np.array(X, np.float64)), params["W1"], params["b1"], padding=(size - 1) // 2)
    h = F.max_pool2d(torch.relu(h), 2).flatten(1)
    h = torch.relu(h @ params["W2"] + params["b2"])
    return h @ params["W3"] + params["b3"]


def _tensors(net):
    return {name: torch.tensor(w.astype(np.float64), requires_grad=True) for name, w in net.params.items()}


def _torch_loss(net, X, y, reg):
    tensors = _tensors(net)
    loss = F.cross_entropy(_torch_scores(tensors, X), torch.tensor(y))
    loss = loss + 0.5 * reg * sum((tensors[name] ** 2).sum() for name in ("W1", "W2", "W3"))
    gradients = torch.autograd.grad(loss, list(tensors.values()))
    return loss.item(), {name: gradient.numpy() for name, gradient in zip(tensors, gradients)}


def _assert_same(actual, expected, dtype):
    (loss, gradients), (wanted_loss, wanted) = actual, expected
    assert np.ndim(loss) == 0
    np.testing.assert_allclose(loss, wanted_loss, rtol=0, atol=TOLERANCE[np.dtype(dtype)] * max(1, wanted_loss))
    assert gradients.keys() == wanted.keys()
    for name, gradient in wanted.items():
        assert_close(gradients[name], gradient, dtype)


# --- loss and gradients -------------------------------------------------------------------------------------


@pytest.mark.parametrize("N", [1, 3])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("reg", [0.0, 0.5])
@parametrise("spec", NETS)
def test_loss_and_gradients_match_torch(spec, reg, dtype, N):
    net = _net(spec, reg=reg, dtype=dtype)
    X, y = _minibatch(spec, dtype, N)
    _assert_same(net.loss(X, y), _torch_loss(net, X, y, reg), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("spec", NETS)
def test_scores_match_torch(spec, dtype):
    net = _net(spec, dtype=dtype)
    X, _ = _minibatch(spec, dtype)
    expected = _torch_scores(_tensors(net), X).detach().numpy()
    for rows in (slice(None), slice(1, 2)):
        assert_close(net.loss(X[rows]), expected[rows], dtype)


def test_numeric_gradients_agree():
    net = _net(((2, 6, 5), 2, 3, (2 * 3 * 2, 3), 3), reg=0.3)
    X, y = _minibatch(((2, 6, 5), 3))
    _, gradients = net.loss(X, y)
    for name, w in net.params.items():
        numeric = eval_numerical_gradient(lambda _: net.loss(X, y)[0], w, verbose=False)
        np.testing.assert_allclose(gradients[name], numeric, rtol=1e-6, atol=1e-8)


def test_the_initial_loss_is_the_logarithm_of_the_number_of_classes():
    np.random.seed(0)
    net = ThreeLayerConvNet((3, 12, 10), num_filters=4, filter_size=3, dtype=np.float64)
    X, y = np.random.randn(8, 3, 12, 10), np.random.randint(10, size=8)
    plain = net.loss(X, y)[0]
    assert plain == pytest.approx(math.log(10), abs=1e-3)
    net.reg = 0.5
    assert net.loss(X, y)[0] > plain


# --- what every model promises ------------------------------------------------------------------------------


def test_gradients_have_the_keys_and_shapes_of_the_parameters():
    net = _net()
    _, gradients = net.loss(*_minibatch())
    assert {name: g.shape for name, g in gradients.items()} == {name: w.shape for name, w in net.params.items()}


def test_reg_is_read_at_every_call_and_falls_on_the_weights_alone():
    net = _net()
    X, y = _minibatch()
    plain, plain_gradients = net.loss(X, y)
    for reg in (0.5, np.float64(3.0), 2, 0):
        net.reg = reg
        loss, gradients = net.loss(X, y)
        penalty = sum(float(v) ** 2 for name in ("W1", "W2", "W3") for v in net.params[name].flat)
        np.testing.assert_allclose(loss, plain + 0.5 * reg * penalty, rtol=1e-12)
        for name, w in net.params.items():
            decay = reg * w if name[0] == "W" else 0
            np.testing.assert_allclose(gradients[name], plain_gradients[name] + decay, rtol=0, atol=1e-12)


@pytest.mark.parametrize("reg", [None, "strong", math.nan])
def test_a_reg_that_is_no_number_is_named(reg):
    net = _net()
    net.reg = reg
    with complains(ValueError, r"\breg\b", str(reg)):
        net.loss(*_minibatch())


def test_parameters_and_minibatch_are_left_alone():
    net = _net(reg=0.5)
    X, y = _minibatch()
    kept = {name: w.copy() for name, w in net.params.items()}
    kept_X, kept_y = X.copy(), y.copy()
    _, gradients = net.loss(X, y)
    for gradient in gradients.values():
        gradient += 100  # gradients do not share memory with anything
    net.loss(X)
    assert np.array_equal(X, kept_X) and np.array_equal(y, kept_y)
    for name, w in net.params.items():
        assert np.array_equal(w, kept[name])


def test_nothing_draws_after_construction():
    net = _net()
    np.random.seed(7)
    net.loss(*_minibatch())
    net.loss(_minibatch()[0])
    assert np.random.rand() == np.random.RandomState(7).rand()


@pytest.mark.parametrize("integer", [np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("dtype", FLOATS)
def test_integer_images_are_taken_for_floats(dtype, integer):
    net, y = _net(dtype=dtype), _minibatch()[1]
    X = np.random.default_rng(0).integers(0, 120, (3, *SMALL[0])).astype(integer)
    scores, (loss, gradients) = net.loss(X), net.loss(X, y)
    expected, (wanted_loss, wanted) = net.loss(X.astype(dtype)), net.loss(X.astype(dtype), y)
    assert scores.dtype == dtype and np.array_equal(scores, expected)
    assert loss == wanted_loss
    for name, gradient in wanted.items():
        assert gradients[name].dtype == dtype and np.array_equal(gradients[name], gradient)


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("dtype", FLOATS)
def test_any_memory_layout_of_the_minibatch_gives_the_same(dtype, memory):
    net = _net(dtype=dtype, reg=0.1)
    X, y = _minibatch(dtype=dtype)
    odd_X, odd_y = lay_out([X, y], memory)
    _assert_same(net.loss(odd_X, odd_y), net.loss(X, y), dtype)
    assert_close(net.loss(odd_X), net.loss(X), dtype)


@pytest.mark.parametrize("memory", ["Fortran order", "gapped strides", "rolled axes"])
def test_any_memory_layout_of_the_parameters_gives_the_same(memory):
    net = _net(reg=0.1)
    X, y = _minibatch()
    expected = net.loss(X, y)
    net.params = dict(zip(net.params, lay_out(net.params.values(), memory)))
    _assert_same(net.loss(X, y), expected, np.float64)


def test_no_images_give_no_scores_and_no_loss():
    net = _net()
    empty = np.empty((0, *SMALL[0]))
    assert_close(net.loss(empty), np.empty((0, SMALL[-1])), np.float64)
    with complains(ValueError, r"\bx\b", r"\(0, "):
        net.loss(empty, np.empty(0, int))


@parametrise(
    "y, patterns",
    {
        "too large": (np.array([0, 4, 1]), ["4", "0 to 3"]),
        "negative": (np.array([0, -1, 1]), ["-1", "0 to 3"]),
        "floats": (np.zeros(3), ["float64", "integer"]),
        "too few": (np.zeros(2, int), [r"\(2,\)", r"\(3,\)"]),
        "a column": (np.zeros((3, 1), int), [r"\(3, 1\)", r"\(3,\)"]),
    },
)
def test_bad_labels_are_named(y, patterns):
    with complains(ValueError, r"\by\b", *patterns):
        _net().loss(_minibatch()[0], y)


@pytest.mark.parametrize("illegal", ["bool", "complex128", "object"])
def test_images_of_another_dtype_are_refused(illegal):
    with complains(ValueError, r"\bX\b", f"(?i){illegal}"):
        _net().loss(illegal_inputs((3, *SMALL[0]))[illegal])


@pytest.mark.parametrize("shape", [(3, 64), (2, 8, 4), (3, 3, 8, 4), (3, 2, 10, 4), (3, 2, 4, 8, 1)], ids=str)
def test_images_of_another_size_are_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        _net().loss(np.ones(shape))


def test_nan_in_one_image_reaches_the_loss_and_the_scores_of_that_image():
    X, y = _minibatch()
    X[1, 0, 2, 2] = np.nan
    assert math.isnan(_net().loss(X, y)[0])
    assert np.isnan(_net().loss(X)).any(axis=1).tolist() == [False, True, False]


# --- dtype --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("X_dtype", [*FLOATS, np.uint8])
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_activation_and_gradient_has_the_dtype_of_the_net(dtype, X_dtype, monkeypatch):
    seen = set()

    def arrays(value):
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (tuple, dict)):
            for item in value.values() if isinstance(value, dict) else value:
                yield from arrays(item)

    def watch(layer):
        def watched(*arguments, **options):
            result = layer(*arguments, **options)
            seen.update(array.dtype for array in arrays((arguments, result)))
            return result

        return watched

    for name, layer in list(vars(cnn).items()):
        if name.endswith(("_forward", "_backward")):
            monkeypatch.setattr(cnn, name, watch(layer))
    net = ThreeLayerConvNet(SMALL[0], 3, 3, 6, 4, weight_scale=np.float64(0.1), reg=np.float64(0.1), dtype=dtype)
    X, y = _minibatch()
    X = (10 * np.abs(X)).astype(X_dtype)
    loss, gradients = net.loss(X, y)
    scores = net.loss(X)
    assert seen == {np.dtype(dtype)}
    for array in (scores, loss, *net.params.values(), *gradients.values()):
        assert array.dtype == dtype


def test_the_net_is_float32_unless_asked():
    net = ThreeLayerConvNet((1, 4, 4))
    assert net.dtype is np.float32
    assert {w.dtype for w in net.params.values()} == {np.dtype(np.float32)}


# --- construction -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("spec", NETS)
def test_weights_are_drawn_first_to_last_and_nothing_else_draws(spec, dtype):
    input_dim, filters, size, (features, hidden), classes = spec
    np.random.seed(11)
    net = ThreeLayerConvNet(input_dim, filters, size, hidden, classes, 0.3, 0.2, dtype)
    rng = np.random.RandomState(11)
    expected = {
        "W1": rng.randn(filters, input_dim[0], size, size) * 0.3,
        "b1": np.zeros(filters),
        "W2": rng.randn(features, hidden) * 0.3,
        "b2": np.zeros(hidden),
        "W3": rng.randn(hidden, classes) * 0.3,
        "b3": np.zeros(classes),
    }
    assert np.random.rand() == rng.rand()
    assert net.reg == 0.2 and net.dtype is dtype
    assert net.params.keys() == expected.keys()
    for name, w in expected.items():
        assert net.params[name].dtype == dtype
        np.testing.assert_allclose(net.params[name], w, rtol=1e-6 if dtype == np.float32 else 1e-15)


def test_sizes_are_those_of_cifar10_unless_given():
    np.random.seed(0)
    params = ThreeLayerConvNet().params
    assert {name: w.shape for name, w in params.items()} == {
        "W1": (32, 3, 7, 7),
        "b1": (32,),
        "W2": (32 * 16 * 16, 100),
        "b2": (100,),
        "W3": (100, 10),
        "b3": (10,),
    }
    assert params["W2"].std() == pytest.approx(1e-3, rel=0.02)


@pytest.mark.parametrize("input_dim", [[3, 6, 6], np.array([3, 6, 6]), (np.int64(3), np.int64(6), np.int64(6))])
def test_the_image_size_may_come_as_any_sequence_of_integers(input_dim):
    net = ThreeLayerConvNet(input_dim, 2, 3, 4, 3, dtype=np.float64)
    assert net.loss(np.ones((2, 3, 6, 6))).shape == (2, 3)


@pytest.mark.parametrize("input_dim", [(3, 32), (3, 32, 32, 1), (), 3072, None], ids=str)
def test_an_image_size_that_is_not_three_lengths_is_refused(input_dim):
    with complains(ValueError, r"\binput_dim\b", str(input_dim).replace("(", r"\(").replace(")", r"\)")):
        ThreeLayerConvNet(input_dim)


@pytest.mark.parametrize(
    "input_dim, size", [((3, 1, 8), 3), ((3, 8, 1), 1), ((3, 0, 8), 3), ((3, 2, 2), 6), ((3, 2, 2), 4)]
)
def test_an_image_too_small_for_filter_and_pooling_is_refused(input_dim, size):
    with complains(ValueError, "window|height|width|input_dim"):
        ThreeLayerConvNet(input_dim, filter_size=size)


@pytest.mark.parametrize("size", [0, -3, 2.5, "many", None])
@pytest.mark.parametrize("name", ["num_filters", "filter_size", "hidden_dim", "num_classes"])
def test_a_bad_size_is_refused(name, size):
    with complains(ValueError, rf"\b{name}\b", str(size)):
        ThreeLayerConvNet(**{name: size})


@pytest.mark.parametrize("input_dim", [(3, -6, 6), (3, 6.0, 6), (-3, 6, 6)])
def test_a_bad_length_of_the_image_is_refused(input_dim):
    with complains(ValueError, "-6|6.0|-3"):
        ThreeLayerConvNet(input_dim)


@pytest.mark.parametrize("scale", [-1e-3, math.nan, math.inf, "small", None])
def test_a_bad_weight_scale_is_refused(scale):
    with complains(ValueError, r"\bweight_scale\b", str(scale)):
        ThreeLayerConvNet(weight_scale=scale)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, "float16", complex, None, "floaty"])
def test_a_dtype_that_no_net_computes_in_is_refused(dtype):
    with complains(ValueError, r"\bdtype\b", "float32", "float64"):
        ThreeLayerConvNet(dtype=dtype)


# --- older notebooks ----------------------------------------------------------------------------------------


def test_the_layers_are_there_by_bare_name():
    assert cnn.conv_forward_naive is layers.conv_forward_naive
    assert cnn.np is np
