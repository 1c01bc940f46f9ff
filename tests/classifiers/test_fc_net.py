"""cs231n.classifiers.fc_net against the same networks in torch, float64, differentiated by autograd."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cs231n import layers
from cs231n.classifiers import fc_net
from cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from cs231n.gradient_check import eval_numerical_gradient
from tests.oracles import FLOATS, MEMORY, TOLERANCE, assert_close, complains, illegal_inputs, lay_out, parametrise

NORMALISATIONS = [None, "batchnorm", "layernorm"]

# input shape of one image, hidden sizes, classes, minibatch
NETS = {
    "no hidden layer": ((6,), [], 3, 4),
    "one hidden layer": ((2, 3), [7], 4, 5),
    "three hidden layers": ((3, 2, 2), [8, 5, 6], 3, 9),
    "hidden layers of one unit": ((4,), [1, 3], 2, 6),
}


def _net(spec, **options):
    """A net with random parameters throughout (as built, biases are zero and the gradient of each is hidden)."""
    shape, hidden, classes, _ = spec
    options = {"dtype": np.float64} | options
    net = FullyConnectedNet(hidden, input_dim=math.prod(shape), num_classes=classes, **options)
    rng = np.random.default_rng(0)
    for name, w in net.params.items():
        net.params[name] = (rng.standard_normal(w.shape) * 0.7 + name.startswith("gamma")).astype(w.dtype)
    return net


def _minibatch(spec, dtype=np.float64, seed=1):
    shape, _, classes, N = spec
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, *shape)).astype(dtype), rng.integers(0, classes, N)


def _masks(rng_of_layer, p, hidden, N):
    return [torch.tensor((rng_of_layer(i).rand(N, size) < p) / p) for i, size in enumerate(hidden)]


def _torch_scores(params, X, hidden, normalization=None, masks=None, statistics=None, train=True):
    """The scores of FullyConnectedNet; `params` are tensors.

    `statistics` holds [running mean, running variance] of every batchnorm: updated if `train`, used if not.
    """
    h = torch.tensor(np.array(X, np.float64)).flatten(1)
    for i, size in enumerate(hidden, start=1):
        h = h @ params[f"W{i}"] + params[f"b{i}"]
        if normalization == "layernorm":
            h = F.layer_norm(h, (size,), params[f"gamma{i}"], params[f"beta{i}"], 1e-5)
        elif normalization == "batchnorm":
            if statistics and train:
                batch = h.mean(0), h.var(0, correction=0)
                statistics[i - 1] = [0.9 * old + 0.1 * new for old, new in zip(statistics[i - 1], batch)]
            mean, var = (None, None) if train else statistics[i - 1]
            h = torch.batch_norm(h, params[f"gamma{i}"], params[f"beta{i}"], mean, var, train, 0.0, 1e-5, False)
        h = torch.relu(h)
        if masks:
            h = h * masks[i - 1]
    last = len(hidden) + 1
    return h @ params[f"W{last}"] + params[f"b{last}"]


def _torch_loss(params, X, y, hidden, *, normalization=None, masks=None, reg=0.0):
    """(loss, gradients) of a net with these parameters, by autograd in float64."""
    tensors = {name: torch.tensor(w.astype(np.float64), requires_grad=True) for name, w in params.items()}
    scores = _torch_scores(tensors, X, hidden, normalization, masks)
    loss = F.cross_entropy(scores, torch.tensor(np.asarray(y, np.int64)))
    loss = loss + 0.5 * reg * sum((w**2).sum() for name, w in tensors.items() if name[0] == "W")
    gradients = torch.autograd.grad(loss, list(tensors.values()))
    return loss.item(), {name: gradient.numpy() for name, gradient in zip(tensors, gradients)}


def _assert_same(actual, expected, dtype):
    """(loss, gradients) within the tolerance of the dtype; a gradient may come in no other dtype."""
    (loss, gradients), (wanted_loss, wanted) = actual, expected
    assert np.ndim(loss) == 0
    np.testing.assert_allclose(loss, wanted_loss, rtol=0, atol=TOLERANCE[np.dtype(dtype)] * max(1, wanted_loss))
    assert gradients.keys() == wanted.keys()
    for name, gradient in wanted.items():
        assert_close(gradients[name], gradient, dtype)


# --- FullyConnectedNet against torch ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("reg", [0.0, 3.14])
@pytest.mark.parametrize("keep", [1, 0.6])
@pytest.mark.parametrize("normalization", NORMALISATIONS)
@parametrise("spec", NETS)
def test_loss_and_gradients_match_torch(spec, normalization, keep, reg, dtype):
    net = _net(spec, dropout=keep, normalization=normalization, reg=reg, dtype=dtype, seed=123)
    X, y = _minibatch(spec, dtype)
    _, hidden, _, N = spec
    masks = None if keep == 1 else _masks(lambda _: np.random.RandomState(123), keep, hidden, N)
    expected = _torch_loss(net.params, X, y, hidden, normalization=normalization, masks=masks, reg=reg)
    for _ in range(2):  # a second call gives the same: nothing but running statistics is carried over
        _assert_same(net.loss(X, y), expected, dtype)


@pytest.mark.parametrize("normalization", NORMALISATIONS)
def test_without_seed_the_masks_come_from_the_global_stream_layer_by_layer(normalization):
    spec = NETS["three hidden layers"]
    net = _net(spec, dropout=0.5, normalization=normalization)
    X, y = _minibatch(spec)
    rng = np.random.RandomState(7)
    np.random.seed(7)
    for _ in range(2):
        masks = _masks(lambda _: rng, 0.5, spec[1], len(X))
        expected = _torch_loss(net.params, X, y, spec[1], normalization=normalization, masks=masks)
        _assert_same(net.loss(X, y), expected, np.float64)
    assert np.random.rand() == rng.rand()


@pytest.mark.parametrize("normalization", NORMALISATIONS)
def test_a_seed_leaves_the_global_stream_alone(normalization):
    spec = NETS["three hidden layers"]
    net = _net(spec, dropout=0.5, normalization=normalization, seed=0)
    np.random.seed(7)
    net.loss(*_minibatch(spec))
    assert np.random.rand() == np.random.RandomState(7).rand()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("keep", [1, 0.5])
@pytest.mark.parametrize("normalization", NORMALISATIONS)
def test_scores_come_from_test_mode_without_dropout_and_with_running_statistics(normalization, keep, dtype):
    spec = NETS["three hidden layers"]
    _, hidden, _, N = spec
    net = _net(spec, dropout=keep, normalization=normalization, dtype=dtype)
    params = {name: torch.tensor(w.astype(np.float64)) for name, w in net.params.items()}
    statistics = [[torch.zeros(size, dtype=torch.float64)] * 2 for size in hidden]
    rng = np.random.RandomState(4)
    np.random.seed(4)
    for step in range(3):
        X, y = _minibatch(spec, dtype, seed=step)
        net.loss(X, y)
        masks = None if keep == 1 else _masks(lambda _: rng, keep, hidden, N)
        _torch_scores(params, X, hidden, normalization, masks, statistics)

    X, _ = _minibatch(spec, dtype, seed=9)
    expected = _torch_scores(params, X, hidden, normalization, None, statistics, train=False).numpy()
    for rows in (slice(None), slice(2, 3)):  # an image on its own gets the scores that it gets among others
        assert_close(net.loss(X[rows]), expected[rows], dtype)
    assert np.random.rand() == rng.rand()


@pytest.mark.parametrize("reg", [0.0, 3.14])
@pytest.mark.parametrize("keep", [1, 0.5])
@pytest.mark.parametrize("normalization", NORMALISATIONS)
def test_numeric_gradients_agree(normalization, keep, reg):
    spec = NETS["one hidden layer"]
    net = _net(spec, dropout=keep, normalization=normalization, reg=reg, seed=5)
    X, y = _minibatch(spec)
    _, gradients = net.loss(X, y)
    for name, w in net.params.items():
        numeric = eval_numerical_gradient(lambda _: net.loss(X, y)[0], w, verbose=False)
        # Absolutely: the gradient of a bias before batchnorm is zero in truth.
        np.testing.assert_allclose(gradients[name], numeric, rtol=1e-6, atol=1e-8)


# The numbers that notebooks have printed for years: both nets are built after one seeding, reg 0 first.
@pytest.mark.parametrize(
    "normalization, losses",
    [
        (None, {0: 2.3004790897684924, 3.14: 7.052114776533016}),
        ("batchnorm", {0: 2.2611955101340957, 3.14: 6.996533220108303}),
    ],
)
def test_the_initial_losses_are_the_known_ones(normalization, losses):
    np.random.seed(231)
    X, y = np.random.randn(2, 15), np.random.randint(10, size=(2,))
    for reg, expected in losses.items():
        net = FullyConnectedNet(
            [20, 30],
            input_dim=15,
            num_classes=10,
            reg=reg,
            weight_scale=5e-2,
            dtype=np.float64,
            normalization=normalization,
        )
        np.testing.assert_allclose(net.loss(X, y)[0], expected, rtol=1e-12, atol=0)


# --- TwoLayerNet against torch ------------------------------------------------------------------------------


def _two_layer(**options):
    net = TwoLayerNet(**({"input_dim": 12, "hidden_dim": 7, "num_classes": 4} | options))
    rng = np.random.default_rng(0)
    net.params = {name: rng.standard_normal(w.shape) for name, w in net.params.items()}
    return net


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("reg", [0.0, 0.7])
@pytest.mark.parametrize("shape", [(5, 12), (1, 12), (3, 3, 2, 2)], ids=str)
def test_two_layers_match_torch_and_compute_in_float64(shape, reg, dtype):
    net = _two_layer(reg=reg)
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal(shape).astype(dtype), rng.integers(0, 4, shape[0])
    _assert_same(net.loss(X, y), _torch_loss(net.params, X, y, [7], reg=reg), np.float64)
    tensors = {name: torch.tensor(w) for name, w in net.params.items()}
    assert_close(net.loss(X), _torch_scores(tensors, X, [7]).numpy(), np.float64)


# --- what every model promises ------------------------------------------------------------------------------

MODELS = {"two layers": _two_layer}
MODELS |= {
    f"{normalization or 'plain'}, keep {keep}": lambda normalization=normalization, keep=keep, **options: _net(
        ((3, 2, 2), [7, 6], 4, 5), normalization=normalization, dropout=keep, seed=3, **options
    )
    for normalization in NORMALISATIONS
    for keep in (1, 0.6)
}
SPEC = ((3, 2, 2), [7, 6], 4, 5)


@parametrise("make", MODELS)
def test_gradients_have_the_keys_and_shapes_of_the_parameters(make):
    net = make()
    _, gradients = net.loss(*_minibatch(SPEC))
    assert {name: g.shape for name, g in gradients.items()} == {name: w.shape for name, w in net.params.items()}


@parametrise("make", MODELS)
def test_reg_is_read_at_every_call_and_falls_on_the_weights_alone(make):
    net = make()
    X, y = _minibatch(SPEC)
    plain, plain_gradients = net.loss(X, y)
    for reg in (0.5, np.float64(3.0), 2, 0):
        net.reg = reg
        loss, gradients = net.loss(X, y)
        penalty = sum(float(v) ** 2 for name, w in net.params.items() if name[0] == "W" for v in w.flat)
        np.testing.assert_allclose(loss, plain + 0.5 * reg * penalty, rtol=1e-12)
        for name, w in net.params.items():
            decay = reg * w if name[0] == "W" else 0
            np.testing.assert_allclose(gradients[name], plain_gradients[name] + decay, rtol=0, atol=1e-12)


@pytest.mark.parametrize("reg", [None, "strong", math.nan])
@parametrise("make", MODELS)
def test_a_reg_that_is_no_number_is_named(make, reg):
    net = make()
    net.reg = reg
    with complains(ValueError, r"\breg\b", str(reg)):
        net.loss(*_minibatch(SPEC))


@parametrise("make", MODELS)
def test_parameters_and_minibatch_are_left_alone(make):
    net = make(reg=0.5)
    X, y = _minibatch(SPEC)
    kept = {name: w.copy() for name, w in net.params.items()}
    kept_X, kept_y = X.copy(), y.copy()
    _, gradients = net.loss(X, y)
    for gradient in gradients.values():
        gradient += 100  # gradients do not share memory with anything
    net.loss(X)
    assert np.array_equal(X, kept_X) and np.array_equal(y, kept_y)
    for name, w in net.params.items():
        assert np.array_equal(w, kept[name])


@pytest.mark.parametrize("integer", [np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("make", {name: make for name, make in MODELS.items() if make is not _two_layer})
def test_integer_images_are_taken_for_floats(make, dtype, integer):
    X = np.random.default_rng(0).integers(0, 120, (5, 3, 2, 2)).astype(integer)
    y = _minibatch(SPEC)[1]
    whole, floats = make(dtype=dtype), make(dtype=dtype)
    for labels in ([], [y]):
        actual, expected = whole.loss(X, *labels), floats.loss(X.astype(dtype), *labels)
        if labels:
            assert actual[0] == expected[0]
            assert all(np.array_equal(actual[1][name], expected[1][name]) for name in whole.params)
        else:
            assert actual.dtype == dtype and np.array_equal(actual, expected)


def test_two_layers_take_integer_images():
    X = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 2)).astype(np.uint8)
    assert np.array_equal(_two_layer().loss(X), _two_layer().loss(X.astype(np.float64)))


@pytest.mark.parametrize("memory", MEMORY)
@parametrise("make", MODELS)
def test_any_memory_layout_of_the_minibatch_gives_the_same(make, memory):
    X, y = _minibatch(SPEC)
    odd_X, odd_y = lay_out([X, y], memory)
    expected = make(reg=0.1).loss(X, y)
    _assert_same(make(reg=0.1).loss(odd_X, odd_y), expected, np.float64)
    assert_close(make().loss(odd_X), make().loss(X), np.float64)


@pytest.mark.parametrize("memory", ["Fortran order", "gapped strides"])
@parametrise("make", MODELS)
def test_any_memory_layout_of_the_parameters_gives_the_same(make, memory):
    net = make(reg=0.1)
    X, y = _minibatch(SPEC)
    expected = net.loss(X, y)
    net.params = dict(zip(net.params, lay_out(net.params.values(), memory)))
    _assert_same(net.loss(X, y), expected, np.float64)


@parametrise("make", MODELS)
def test_no_images_give_no_scores_and_no_loss(make):
    net = make()
    empty = np.empty((0, 3, 2, 2))
    assert net.loss(empty).shape == (0, 4)
    with complains(ValueError, r"\bx\b", r"\(0, "):
        net.loss(empty, np.empty(0, int))


BAD_LABELS = {
    "too large": (np.array([0, 1, 2, 4, 0]), ["4", "0 to 3"]),
    "negative": (np.array([0, 1, -1, 2, 0]), ["-1", "0 to 3"]),
    "floats": (np.zeros(5), ["float64", "integer"]),
    "too few": (np.zeros(4, int), [r"\(4,\)", r"\(5,\)"]),
    "a column": (np.zeros((5, 1), int), [r"\(5, 1\)", r"\(5,\)"]),
}


@parametrise("y, patterns", BAD_LABELS)
@parametrise("make", MODELS)
def test_bad_labels_are_named(make, y, patterns):
    with complains(ValueError, r"\by\b", *patterns):
        make().loss(_minibatch(SPEC)[0], y)


@pytest.mark.parametrize("illegal", ["bool", "complex128", "object"])
@parametrise("make", MODELS)
def test_images_of_another_dtype_are_refused(make, illegal):
    with complains(ValueError, r"\bX\b", f"(?i){illegal}"):
        make().loss(illegal_inputs((5, 12))[illegal])


@pytest.mark.parametrize("shape", [(5, 11), (5, 3, 2, 3), (12,)], ids=str)
@parametrise("make", MODELS)
def test_images_of_another_size_are_refused(make, shape):
    with pytest.raises(ValueError, match="shape"):
        make().loss(np.ones(shape))


@parametrise("make", MODELS)
def test_nan_in_one_image_reaches_the_loss(make):
    X, y = _minibatch(SPEC)
    X[2, 1, 0, 1] = np.nan
    assert math.isnan(make().loss(X, y)[0])


@parametrise("make", MODELS)
def test_nan_in_one_image_stays_there_in_test_mode(make):
    X, _ = _minibatch(SPEC)
    X[2, 1, 0, 1] = np.nan
    assert np.isnan(make().loss(X)).any(axis=1).tolist() == [False, False, True, False, False]


# --- dtype --------------------------------------------------------------------------------------------------


@pytest.fixture
def results_of_layers(monkeypatch):
    """The dtypes of the arrays that go in and come out of the layers that fc_net calls, by layer."""
    seen = {}

    def arrays(value):
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (tuple, list)):
            for item in value:
                yield from arrays(item)
        elif isinstance(value, dict):
            yield from arrays(list(value.values()))

    def watch(name, layer):
        def watched(*arguments, **options):
            result = layer(*arguments, **options)
            found = seen.setdefault(name, set())
            found |= {array.dtype for array in arrays([*arguments, *options.values(), result])}
            return result

        return watched

    for name, layer in list(vars(fc_net).items()):
        if name.endswith(("_forward", "_backward", "_alt")):
            monkeypatch.setattr(fc_net, name, watch(name, layer))
    return seen


@pytest.mark.parametrize("X_dtype", [*FLOATS, np.uint8])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("normalization", NORMALISATIONS)
def test_every_activation_and_gradient_has_the_dtype_of_the_net(normalization, dtype, X_dtype, results_of_layers):
    net = FullyConnectedNet(
        [7, 6],
        input_dim=12,
        num_classes=4,
        dropout=np.float64(0.5),
        normalization=normalization,
        reg=np.float64(0.1),
        weight_scale=np.float64(0.1),
        dtype=dtype,
    )
    X, y = _minibatch(SPEC)
    X = (10 * np.abs(X)).astype(X_dtype)
    for _ in range(2):
        loss, gradients = net.loss(X, y)
    scores = net.loss(X)
    assert len(results_of_layers) == 6 + 2 * bool(normalization)
    assert set.union(*results_of_layers.values()) == {np.dtype(dtype)}, results_of_layers
    for array in (scores, loss, *net.params.values(), *gradients.values()):
        assert array.dtype == dtype


@pytest.mark.parametrize("name", ["float32", np.dtype("float32"), "f4", np.float32])
def test_the_dtype_attribute_is_the_type_however_it_was_spelt(name):
    net = FullyConnectedNet([3], input_dim=2, dtype=name)
    assert net.dtype is np.float32
    assert {w.dtype for w in net.params.values()} == {np.dtype(np.float32)}


def test_the_net_is_float32_unless_asked():
    assert FullyConnectedNet([3], input_dim=2).dtype is np.float32


# --- construction -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("normalization", NORMALISATIONS)
@parametrise("spec", NETS)
def test_weights_are_drawn_first_to_last_and_nothing_else_draws(spec, normalization, dtype):
    shape, hidden, classes, _ = spec
    sizes = [math.prod(shape), *hidden, classes]
    np.random.seed(11)
    net = FullyConnectedNet(
        hidden,
        input_dim=sizes[0],
        num_classes=classes,
        dropout=0.5,
        normalization=normalization,
        weight_scale=0.3,
        dtype=dtype,
        seed=4,
    )
    rng = np.random.RandomState(11)
    expected = {}
    for i, (rows, columns) in enumerate(zip(sizes, sizes[1:]), start=1):
        expected[f"W{i}"] = rng.randn(rows, columns) * 0.3
        expected[f"b{i}"] = np.zeros(columns)
        if normalization and i <= len(hidden):
            expected[f"gamma{i}"], expected[f"beta{i}"] = np.ones(columns), np.zeros(columns)
    assert np.random.rand() == rng.rand()
    assert net.params.keys() == expected.keys()
    for name, w in expected.items():
        assert net.params[name].dtype == dtype
        np.testing.assert_allclose(net.params[name], w, rtol=1e-6 if dtype == np.float32 else 1e-15)


def test_two_layers_draw_w1_first():
    np.random.seed(11)
    net = TwoLayerNet(5, 4, 3, 0.3, 0.2)
    rng = np.random.RandomState(11)
    expected = {"W1": rng.randn(5, 4) * 0.3, "b1": np.zeros(4), "W2": rng.randn(4, 3) * 0.3, "b2": np.zeros(3)}
    assert np.random.rand() == rng.rand()
    assert net.reg == 0.2 and net.params.keys() == expected.keys()
    for name, w in expected.items():
        np.testing.assert_allclose(net.params[name], w, rtol=1e-15)


@pytest.mark.parametrize(
    "make", [TwoLayerNet, lambda: FullyConnectedNet([100])], ids=["two layers", "fully connected"]
)
def test_sizes_are_those_of_cifar10_unless_given(make):
    shapes = {name: w.shape for name, w in make().params.items()}
    assert shapes == {"W1": (3072, 100), "b1": (100,), "W2": (100, 10), "b2": (10,)}


def test_the_initial_scale_is_a_thousandth_or_a_hundredth_unless_given():
    np.random.seed(0)
    assert TwoLayerNet().params["W1"].std() == pytest.approx(1e-3, rel=0.02)
    assert FullyConnectedNet([100]).params["W1"].std() == pytest.approx(1e-2, rel=0.02)


@pytest.mark.parametrize("hidden", [[], [5], [5, 6, 7], (4, 3), np.array([4, 3])], ids=str)
@pytest.mark.parametrize("normalization", NORMALISATIONS)
def test_attributes_describe_the_net(normalization, hidden):
    net = FullyConnectedNet(hidden, 8, 3, 0.25, normalization, 0.5, 1e-2, np.float64, 9)
    assert net.normalization == normalization
    assert net.use_dropout is True
    assert net.reg == 0.5 and net.dtype is np.float64
    assert net.num_layers == len(hidden) + 1
    assert net.dropout_param["p"] == 0.25 and net.dropout_param["seed"] == 9
    assert isinstance(net.bn_params, list)
    assert len(net.bn_params) == (len(hidden) if normalization else 0)
    assert len({id(bn_param) for bn_param in net.bn_params}) == len(net.bn_params)


@pytest.mark.parametrize("keep", [1, 1.0, np.float32(1)])
def test_a_probability_of_one_means_no_dropout(keep):
    net = FullyConnectedNet([5], input_dim=4, dropout=keep, seed=9)
    assert net.use_dropout is False
    np.random.seed(3)
    net.loss(np.ones((2, 4)), np.array([0, 1]))
    assert np.random.rand() == np.random.RandomState(3).rand()


def test_changes_of_dropout_param_and_bn_params_are_followed():
    """Notebooks set a seed, or look at the running statistics, after the net was built."""
    spec = NETS["one hidden layer"]
    net = _net(spec, dropout=0.5, normalization="batchnorm")
    X, y = _minibatch(spec)
    net.dropout_param["seed"] = 21
    masks = _masks(lambda _: np.random.RandomState(21), 0.5, spec[1], len(X))
    expected = _torch_loss(net.params, X, y, spec[1], normalization="batchnorm", masks=masks)
    _assert_same(net.loss(X, y), expected, np.float64)
    assert net.bn_params[0]["running_mean"].shape == net.bn_params[0]["running_var"].shape == (7,)
    before = net.loss(X)
    net.bn_params[0]["running_mean"] = np.full(7, 0.5)
    assert not np.allclose(net.loss(X), before)


# --- the two names of dropout -------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0.4, np.float64(0.4)])
def test_dropout_keep_ratio_is_dropout_by_another_name(keep):
    spec = NETS["one hidden layer"]
    one, other = _net(spec, dropout=0.4, seed=8), _net(spec, dropout_keep_ratio=keep, seed=8)
    X, y = _minibatch(spec)
    assert other.use_dropout is True
    assert other.dropout_param == one.dropout_param
    _assert_same(other.loss(X, y), one.loss(X, y), np.float64)


def test_a_keep_ratio_of_one_means_no_dropout():
    assert FullyConnectedNet([5], input_dim=4, dropout_keep_ratio=1).use_dropout is False


@pytest.mark.parametrize("keep", [0.5, 0.25, 1])
def test_both_names_of_dropout_at_once_are_refused(keep):
    with complains(ValueError, r"\bdropout\b", "dropout_keep_ratio", "0.5", str(keep)):
        FullyConnectedNet([5], input_dim=4, dropout=0.5, dropout_keep_ratio=keep)


# --- errors of construction ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dropout", "dropout_keep_ratio"])
@pytest.mark.parametrize("keep", [0, 0.0, -0.5, 1.5, 2, math.nan, math.inf, "half"])
def test_a_probability_to_keep_outside_its_range_is_refused(keep, name):
    with complains(ValueError, r"\bdropout\b", str(keep)):
        FullyConnectedNet([5], input_dim=4, **{name: keep})


@pytest.mark.parametrize(
    "normalization", ["batch", "BatchNorm", "layer_norm", "", "none", 1, True, np.array([1, 2])]
)
def test_a_misspelt_normalization_is_refused_with_the_known_ones(normalization):
    with complains(ValueError, r"\bnormalization\b", "batchnorm", "layernorm"):
        FullyConnectedNet([5], input_dim=4, normalization=normalization)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, "float16", complex, None, "floaty"])
def test_a_dtype_that_no_net_computes_in_is_refused(dtype):
    with complains(ValueError, r"\bdtype\b", "float32", "float64"):
        FullyConnectedNet([5], input_dim=4, dtype=dtype)


@pytest.mark.parametrize("size", [0, -3, 2.5, "many", None])
@parametrise(
    "name, make",
    {
        "input_dim, two layers": ("input_dim", lambda size: TwoLayerNet(input_dim=size)),
        "hidden_dim, two layers": ("hidden_dim", lambda size: TwoLayerNet(hidden_dim=size)),
        "num_classes, two layers": ("num_classes", lambda size: TwoLayerNet(num_classes=size)),
        "input_dim": ("input_dim", lambda size: FullyConnectedNet([5], input_dim=size)),
        "num_classes": ("num_classes", lambda size: FullyConnectedNet([5], num_classes=size)),
        "hidden_dims": ("hidden_dims", lambda size: FullyConnectedNet([5, size, 4])),
    },
)
def test_a_bad_size_is_refused(name, make, size):
    with complains(ValueError, rf"\b{name}\b", str(size)):
        make(size)


@pytest.mark.parametrize("hidden", [100, None, 2.5])
def test_hidden_sizes_that_are_no_list_are_refused(hidden):
    with complains(ValueError, r"\bhidden_dims\b", str(hidden)):
        FullyConnectedNet(hidden)


@pytest.mark.parametrize("scale", [-1e-3, math.nan, math.inf, "small", None])
@pytest.mark.parametrize("make", [TwoLayerNet, lambda **options: FullyConnectedNet([5], **options)])
def test_a_bad_weight_scale_is_refused(make, scale):
    with complains(ValueError, r"\bweight_scale\b", str(scale)):
        make(weight_scale=scale)


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="use_batchnorm"):
        FullyConnectedNet([5], use_batchnorm=True)


# --- older notebooks ----------------------------------------------------------------------------------------


def test_the_layers_are_there_by_bare_name():
    assert fc_net.affine_forward is layers.affine_forward
    assert fc_net.np is np
