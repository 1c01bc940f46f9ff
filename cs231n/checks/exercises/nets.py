"""The nets: TwoLayerNet, FullyConnectedNet plain and with each extension, ThreeLayerConvNet.

A check draws the parameters, puts them into the student's net, and compares scores, loss and gradients with a net
of torch's functions and autograd.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.registry import check
from cs231n.checks.subject.client import Subject
from cs231n.checks.verdicts import Failure

TWO, FULL, CONV = (
    "classifiers.fc_net.TwoLayerNet",
    "classifiers.fc_net.FullyConnectedNet",
    "classifiers.cnn.ThreeLayerConvNet",
)


@dataclasses.dataclass(frozen=True)
class Net:
    """A net to check.

    Attributes:
        path: where its class is.
        settings: keyword arguments of the class.
        shapes: name -> shape of each parameter.
        image: shape of an example.
        classes: number of scores.
        hidden: number of hidden layers; of a fully connected net.
        normalization: as FullyConnectedNet takes it.
    """

    path: str
    settings: dict
    shapes: dict
    image: tuple
    classes: int
    hidden: int = 1
    normalization: str | None = None

    def make(self, subject: Subject, **more: Any) -> Any:
        """Make one and return its handle.

        A fully connected net takes dropout in fourth and its normalisation in fifth place. They go there by their
        places, since their names differ from year to year.
        """
        settings = self.settings | more
        if not settings.keys() & {"dropout", "normalization"}:
            return subject.make(self.path, **settings)
        names = ("hidden_dims", "input_dim", "num_classes", "dropout", "normalization")
        first = [settings.pop(name, default) for name, default in zip(names, (None, None, None, 1, None))]
        return subject.make(self.path, *first, **settings)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return parameters."""
        params = {}
        for name, shape in self.shapes.items():
            centre = 1.0 if name.startswith("gamma") else 0.0
            scale = 1 / np.sqrt(np.prod(shape[1:] if len(shape) == 4 else shape[:1])) if name[0] == "W" else 0.3
            params[name] = centre + scale * rng.standard_normal(shape)
        return params

    def batch(self, rng: np.random.Generator, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
        """Return examples and labels."""
        return rng.standard_normal((count, *self.image)), rng.integers(0, self.classes, count)

    def words(self, X: np.ndarray, reg: float = 0.0) -> str:
        """Return a call of its loss in words."""
        sizes = ", ".join(f"{name} {shape}" for name, shape in self.shapes.items() if name[0] == "W")
        return f"X {X.shape}, {sizes}" + (f", reg {reg:.3g}" if reg else "")

    def scores(self, params: Mapping[str, Any], X: Any, running: dict[Any, Any] | None = None) -> Any:
        """Return the scores of torch tensors; `running` collects, or with "use" gives, the running statistics."""
        if self.path == CONV:
            return _conv_scores(params, X)
        return _fully_connected_scores(self, params, X.flatten(1), running)


def fully_connected(
    dims: Sequence[int], image: tuple[int, ...] | None = None, normalization: str | None = None, **settings: Any
) -> Net:
    """Return a FullyConnectedNet with layers of these sizes, input and scores included."""
    shapes: dict[str, tuple[int, ...]] = {}
    for k, (fan_in, fan_out) in enumerate(zip(dims, dims[1:]), start=1):
        shapes |= {f"W{k}": (fan_in, fan_out), f"b{k}": (fan_out,)}
        if normalization and k < len(dims) - 1:
            shapes |= {f"gamma{k}": (fan_out,), f"beta{k}": (fan_out,)}
    settings = {
        "hidden_dims": list(dims[1:-1]),
        "input_dim": dims[0],
        "num_classes": dims[-1],
        "dtype": np.dtype(np.float64),
    } | settings
    if normalization:
        settings["normalization"] = normalization
    return Net(FULL, settings, shapes, image or (dims[0],), dims[-1], len(dims) - 2, normalization)


def two_layer(inputs: int = 12, hidden: int = 5, classes: int = 4, image: tuple[int, ...] = (2, 3, 2)) -> Net:
    """Return a TwoLayerNet."""
    shapes = {"W1": (inputs, hidden), "b1": (hidden,), "W2": (hidden, classes), "b2": (classes,)}
    settings = {"input_dim": inputs, "hidden_dim": hidden, "num_classes": classes}
    return Net(TWO, settings, shapes, image, classes)


def conv_net(
    image: tuple[int, ...] = (2, 4, 6),
    filters: int = 3,
    size: int = 3,
    hidden: int = 5,
    classes: int = 4,
    pooled: tuple[int, int] = (2, 3),
) -> Net:
    """Return a ThreeLayerConvNet; `pooled` are height and width after the pooling."""
    shapes = {
        "W1": (filters, image[0], size, size),
        "b1": (filters,),
        "W2": (filters * pooled[0] * pooled[1], hidden),
        "b2": (hidden,),
        "W3": (hidden, classes),
        "b3": (classes,),
    }
    settings = {
        "input_dim": list(image),
        "num_filters": filters,
        "filter_size": size,
        "hidden_dim": hidden,
        "num_classes": classes,
        "dtype": np.dtype(np.float64),
    }
    return Net(CONV, settings, shapes, image, classes)


def _fully_connected_scores(net, params, h, running):
    import torch
    from torch.nn import functional as F

    for k in range(1, net.hidden + 1):
        h = F.linear(h, params[f"W{k}"].T, params[f"b{k}"])
        if net.normalization == "batchnorm":
            scale = (params[f"gamma{k}"], params[f"beta{k}"])
            if running is not None and running.get("use"):
                h = F.batch_norm(h, *running[k], *scale, False, 0.0, 1e-5)
            else:
                _collect(running, k, h)
                h = torch.batch_norm(h, *scale, None, None, True, 0.0, 1e-5, False)
        elif net.normalization == "layernorm":
            h = F.layer_norm(h, h.shape[1:], params[f"gamma{k}"], params[f"beta{k}"], 1e-5)
        h = F.relu(h)
    last = net.hidden + 1
    return F.linear(h, params[f"W{last}"].T, params[f"b{last}"])


def _collect(running, k, h):
    """Let the running statistics of a layer follow a minibatch."""
    if running is None:
        return
    import torch

    new_var, new_mean = torch.var_mean(h.detach(), 0, correction=0)
    mean, var = running.setdefault(k, (torch.zeros_like(new_mean), torch.zeros_like(new_var)))
    mean.lerp_(new_mean, 0.1)
    var.lerp_(new_var, 0.1)


def _conv_scores(params, X):
    from torch.nn import functional as F

    h = F.conv2d(X, params["W1"], params["b1"], padding=(params["W1"].shape[-1] - 1) // 2)
    h = F.max_pool2d(F.relu(h), 2).flatten(1)
    h = F.relu(F.linear(h, params["W2"].T, params["b2"]))
    return F.linear(h, params["W3"].T, params["b3"])


def expected_scores(
    net: Net, params: Mapping[str, Any], X: np.ndarray, running: dict[Any, Any] | None = None
) -> np.ndarray:
    """Return torch's scores."""
    tensors = dict(zip(params, oracle.tensors(list(params.values()))))
    return net.scores(tensors, oracle.tensors([X])[0], running).numpy()


def expected_loss(
    net: Net,
    params: Mapping[str, Any],
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    running: dict[Any, Any] | None = None,
) -> tuple[float, dict[str, np.ndarray]]:
    """Return torch's loss and the gradients of the parameters."""
    tensors = dict(zip(params, oracle.tensors(list(params.values()), requires_grad=True)))
    loss = _cross_entropy(net.scores(tensors, oracle.tensors([X])[0], running), y)
    loss = loss + 0.5 * reg * sum((w**2).sum() for name, w in tensors.items() if name[0] == "W")
    loss.backward()
    return loss.item(), {name: tensor.grad.numpy() for name, tensor in tensors.items()}


def _cross_entropy(scores, y):
    import torch

    return torch.nn.functional.cross_entropy(scores, torch.tensor(np.asarray(y), dtype=torch.long))


def check_keys(name: str, value: Any, expected: Iterable[str]) -> None:
    """Check that a value is a dict with these keys."""
    if not isinstance(value, dict):
        compare.fail(f"{name} is not a dict", f"a dict with the keys {sorted(expected)}", compare.describe(value))
    missing, surplus = sorted(set(expected) - set(value)), sorted(set(value) - set(expected))
    if missing or surplus:
        got = [f"without {', '.join(missing)}"] * bool(missing) + [f"with {', '.join(surplus)} too"] * bool(
            surplus
        )
        compare.fail(f"{name} has the wrong keys", ", ".join(sorted(expected)), ", ".join(got))


def check_loss(
    subject: Subject,
    net: Net,
    model: Any,
    params: Mapping[str, Any],
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    gradients: bool = True,
    tolerance: float = compare.TOLERANCE,
) -> None:
    """Compare the loss, and unless told otherwise the gradients, with torch."""
    with compare.during(net.words(X, reg)):
        loss, grads = compare.tuple_of(2, "loss", subject.method(model, "loss", X, y))
        right_loss, right_grads = expected_loss(net, params, X, y, reg)
        compare.number("the loss", loss, right_loss, tolerance)
        if gradients:
            check_keys("grads", grads, params)
            for name in params:
                right = right_grads[name]
                compare.close(f"grads[{name!r}]", grads[name], right, tolerance, ones=name[0] != "W")


def with_params(
    subject: Subject, net: Net, rng: np.random.Generator, **more: Any
) -> tuple[Any, dict[str, np.ndarray]]:
    """Make a net, put drawn parameters into it, and return its handle and them."""
    model = net.make(subject, **more)
    params = net.draw(rng)
    subject.update(model, "params", params)
    return model, params


def net_checks(exercise: str, nets: Sequence[Net], wide: Net | None, test_scores: bool = True) -> None:
    """Register what holds for every net.

    Args:
        exercise: its name.
        nets: the nets to compare, at least one.
        wide: a net with many weights, to look at their spread; or None.
        test_scores: whether scores can be compared without training first.
    """
    whole = ("loss", "gradients", "scores") if test_scores else ("loss", "gradients")
    _parameter_checks(exercise, nets, wide, whole)
    if test_scores:
        _score_checks(exercise, nets)
    _loss_checks(exercise, nets)

    if wide:

        @check(exercise, hint="softmax_loss shifts each row of scores before it takes exponentials.", detail=True)
        def large_scores(subject, rng):
            """right for scores so large that their exponentials are infinite"""
            model, params = with_params(subject, nets[0], rng)
            last = max(name for name in params if name[0] == "b")
            params[last] = params[last] + 800  # single precision has 4 digits left of what makes them differ
            subject.update(model, "params", params)
            check_loss(subject, nets[0], model, params, *nets[0].batch(rng), 0.0, tolerance=compare.SINGLE)

    @check(exercise, detail=True)
    def kept(subject, rng):
        """loss does not change the examples, the labels and the parameters"""
        net = nets[0]
        model, params = with_params(subject, net, rng, reg=0.3)
        X, y = net.batch(rng)
        after = subject.method_arguments_after(model, "loss", X, y)
        compare.unchanged("X", X, after[0])
        compare.unchanged("y", y, after[1])
        compare.unchanged("params", params, subject.get(model, "params"))


def _parameter_checks(exercise, nets, wide, whole):
    """Register what holds for the parameters that a net starts with; they count with the checks of `whole`."""

    @check(exercise, counts_with=whole, alone=True)
    def parameters(subject, rng):
        """the parameters have the names and shapes of the docstring; biases start at zero"""
        for net in nets:
            model = net.make(subject)
            params = subject.get(model, "params")
            check_keys("params", params, net.shapes)
            for name, shape in net.shapes.items():
                value = compare.array(f"params[{name!r}]", params[name], shape, ones=name[0] != "W")
                if name[0] != "W":
                    compare.close(f"params[{name!r}]", value, np.full(shape, float(name.startswith("gamma"))))

    if wide:

        @check(exercise, hint="np.random.randn has standard deviation 1.", counts_with=whole, alone=True)
        def initial_weights(subject, rng):
            """the weights start random, around 0 and with standard deviation weight_scale"""
            check_initial_weights(subject, rng, wide)


def _score_checks(exercise, nets):
    """Register what holds for the scores."""

    @check(exercise)
    def scores(subject, rng):
        """without labels, loss returns the scores of every class"""
        for net in nets:
            check_scores(subject, rng, net, 4)

    @check(exercise, detail=True)
    def one_example(subject, rng):
        """right for a batch of one too"""
        check_scores(subject, rng, nets[0], 1)


def _loss_checks(exercise, nets):
    """Register what holds for the loss and its gradients, without and with a penalty."""

    @check(exercise)
    def loss(subject, rng):
        """without a penalty, the loss matches PyTorch"""
        for net in nets:
            model, params = with_params(subject, net, rng)
            check_loss(subject, net, model, params, *net.batch(rng), 0.0, gradients=False)

    @check(exercise)
    def gradients(subject, rng):
        """without a penalty, the gradients match autograd"""
        for net in nets:
            model, params = with_params(subject, net, rng)
            check_loss(subject, net, model, params, *net.batch(rng), 0.0)

    @check(exercise)
    def penalty(subject, rng):
        """reg adds 0.5 * reg * sum(W**2) for the weights and nothing else"""
        for net in nets:
            reg = rng.uniform(0.5, 2)
            model, params = with_params(subject, net, rng, reg=reg)
            check_loss(subject, net, model, params, *net.batch(rng), reg)

    @check(exercise, detail=True)
    def reg_is_read(subject, rng):
        """reg is read at every call, so it may change between two calls"""
        model, params = with_params(subject, nets[0], rng, reg=rng.uniform(0.5, 2))
        for _ in range(2):
            reg = rng.uniform(0.5, 2)
            subject.set(model, "reg", reg)
            check_loss(subject, nets[0], model, params, *nets[0].batch(rng), reg)


def check_scores(subject: Subject, rng: np.random.Generator, net: Net, count: int) -> None:
    """Compare the scores of a batch with torch."""
    model, params = with_params(subject, net, rng)
    X, _ = net.batch(rng, count)
    with compare.during(net.words(X)):
        compare.close("scores", subject.method(model, "loss", X), expected_scores(net, params, X))


def check_initial_weights(subject: Subject, rng: np.random.Generator, net: Net) -> None:
    """Check spread and mean of the weights that a net starts with."""
    scale = rng.uniform(0.01, 0.1)
    params = subject.get(net.make(subject, weight_scale=scale), "params")
    check_keys("params", params, net.shapes)
    for name, shape in net.shapes.items():
        if name[0] == "W":
            w = compare.array(f"params[{name!r}]", params[name], shape)
            error = 6 / np.sqrt(w.size)
            if not abs(w.std() / scale - 1) < error:
                compare.fail(f"{name} has the wrong spread", f"standard deviation {scale:.4g}", f"{w.std():.4g}")
            if not abs(w.mean()) < error * scale or np.unique(w).size < 0.9 * w.size:
                compare.fail(f"{name} is not a random draw around 0", "a separate draw for each entry", _few(w))


def _few(w):
    return ", ".join(f"{value:.4g}" for value in w.ravel()[:4]) + ", ..."


# --- two layers ---------------------------------------------------------------------------------------------

net_checks("two_layer_net", [two_layer(), two_layer(4, 6, 3, (4,))], two_layer(40, 50, 30))


# --- any number of layers -----------------------------------------------------------------------------------

net_checks(
    "fully_connected_net",
    [fully_connected((12, 5, 4), (2, 3, 2)), fully_connected((6, 5, 4, 3)), fully_connected((4, 3, 5, 2, 3))],
    fully_connected((40, 50, 40, 30)),
)

# --- with normalisation -------------------------------------------------------------------------------------


def normalised(normalization: str) -> list[Net]:
    """Return nets with that normalisation."""
    return [
        fully_connected((12, 5, 4), (2, 3, 2), normalization),
        fully_connected((6, 5, 4, 3), None, normalization),
    ]


net_checks("fully_connected_net_batchnorm", normalised("batchnorm"), None, test_scores=False)
net_checks("fully_connected_net_layernorm", normalised("layernorm"), None)


@check("fully_connected_net_batchnorm", hint="Each layer has a dict of its own in self.bn_params.")
def test_scores(subject: Subject, rng: np.random.Generator) -> None:
    """after training steps, the scores come from the running statistics of each layer"""
    net = fully_connected((6, 5, 4, 3), None, "batchnorm")
    model, params = with_params(subject, net, rng)
    running: dict[Any, Any] = {}
    for _ in range(4):
        X, y = net.batch(rng, 6)
        subject.method(model, "loss", X, y)
        expected_scores(net, params, X, running)
    X, _ = net.batch(rng, 3)
    found = subject.method(model, "loss", X)
    compare.close("scores in test mode", found, expected_scores(net, params, X, running | {"use": True}))


@check("fully_connected_net_batchnorm", detail=True)
def trains_after_scores(subject: Subject, rng: np.random.Generator) -> None:
    """after a call without labels, training still uses the statistics of the minibatch"""
    net = fully_connected((6, 5, 4, 3), None, "batchnorm")
    model, params = with_params(subject, net, rng)
    for _ in range(2):
        X, y = net.batch(rng, 6)
        check_loss(subject, net, model, params, X, y, 0.0)
        subject.method(model, "loss", X)


# --- with dropout -------------------------------------------------------------------------------------------

SIGMAS = 6


@check("fully_connected_net_dropout", counts_with=("dropout_everywhere",))
def dropout_test_scores(subject: Subject, rng: np.random.Generator) -> None:
    """without labels, nothing is dropped"""
    net = fully_connected((6, 5, 4, 3), dropout=0.5)
    model, params = with_params(subject, net, rng)
    X, y = net.batch(rng)
    for _ in range(2):
        found = subject.method(model, "loss", X)
        compare.close("scores", found, expected_scores(net, params, X))
        subject.method(model, "loss", X, y)


@check("fully_connected_net_dropout")
def dropout_everywhere(subject: Subject, rng: np.random.Generator) -> None:
    """in training, every hidden unit is either dropped or divided by the probability to keep"""
    keep, units = rng.uniform(0.7, 0.8), 200  # far from one half, where to drop is to keep, and from one
    net = fully_connected((3, units, units, 4), dropout=keep)
    model = net.make(subject)
    # All hidden units are 1. Then each row of a weight's gradient is a unit after dropout, times that of the bias.
    params = {name: np.zeros(shape) for name, shape in net.shapes.items()}
    params |= {"b1": np.ones(units), "b2": np.ones(units), "W3": rng.standard_normal((units, 4))}
    subject.update(model, "params", params)
    X, y = net.batch(rng, 1)
    loss, grads = compare.tuple_of(2, "loss", subject.method(model, "loss", X, y))
    check_keys("grads", grads, params)
    for k in (2, 3):
        weights = compare.array(f"grads['W{k}']", grads[f"W{k}"], net.shapes[f"W{k}"])
        biases = compare.array(f"grads['b{k}']", grads[f"b{k}"], net.shapes[f"b{k}"])
        column = int(np.argmax(np.abs(np.nan_to_num(biases))))
        if not np.abs(biases[column]) > 0:
            compare.fail(f"grads['b{k}'] is zero", "a gradient for the biases", "zero everywhere")
        with np.errstate(invalid="ignore"):  # an infinite gradient gives NaN, which the comparison names
            seen = weights[:, column] / biases[column]
        what = f"the input of layer {k}"
        compare.close(what, seen, np.where(seen != 0, 1 / keep, 0.0))
        fraction, slack = (seen != 0).mean(), SIGMAS * np.sqrt(keep * (1 - keep) / units)
        if abs(fraction - keep) > slack:
            compare.fail(f"{what} keeps the wrong share", f"{keep:.3f}, up to {slack:.3f}", f"{fraction:.3f}")
    if not np.array_equal(*(subject.method(model, "loss", X) for _ in range(2))):
        compare.fail("two calls without labels give different scores", "no dropout", "dropout, as in training")
    right = oracle.value(lambda scores: _cross_entropy(scores, y), seen[np.newaxis] @ params["W3"])
    compare.number("the loss of the scores that the last hidden layer makes", loss, float(right))


@check("fully_connected_net_dropout", counts_with=("dropout_everywhere",))
def dropout_gradients(subject: Subject, rng: np.random.Generator) -> None:
    """with a seed, so that masks repeat, the gradients match the slope of the loss along a random line"""
    net = fully_connected((5, 6, 6, 3), dropout=0.7, seed=int(rng.integers(1000)), reg=0.2)
    model, params = with_params(subject, net, rng)
    X, y = net.batch(rng, 5)
    _, grads = compare.tuple_of(2, "loss", subject.method(model, "loss", X, y))
    check_keys("grads", grads, params)

    def loss(changed):
        subject.update(model, "params", changed)
        value, _ = compare.tuple_of(2, "loss", subject.method(model, "loss", X, y))
        return float(compare.array("the loss", np.asarray(value) if isinstance(value, float) else value, ()))

    for name, shape in net.shapes.items():
        gradient = compare.array(f"grads[{name!r}]", grads[name], shape, ones=name[0] != "W")
        _check_slope(name, gradient, lambda moved, name=name: loss(params | {name: params[name] + moved}), rng)


# Steps of a slope and the error allowed: tiny steps in double precision, larger ones in single.
STEPS = ((1e-6, 1e-5), (1e-4, 5e-3), (1e-3, 5e-3))


def _check_slope(name, gradient, loss, rng):
    """Compare a gradient with the slope of the loss along random lines; one of the steps has to fit."""
    failures = []
    for step, tolerance in STEPS:
        line = rng.standard_normal(gradient.shape)
        slope = (loss(step * line) - loss(-step * line)) / (2 * step)
        try:
            return compare.number(
                f"the slope of the loss by grads[{name!r}]", np.sum(gradient * line), slope, tolerance
            )
        except Failure as failure:
            failures.append(failure)
    raise failures[0]


@check("fully_connected_net_dropout", detail=True)
def dropout_seed(subject: Subject, rng: np.random.Generator) -> None:
    """two calls give the same loss with a seed, and different losses without one"""
    for seed, same in ((int(rng.integers(1000)), True), (None, False)):
        net = fully_connected((6, 30, 30, 3), dropout=0.5, seed=seed)
        model, _ = with_params(subject, net, rng)
        X, y = net.batch(rng)
        losses = [compare.tuple_of(2, "loss", subject.method(model, "loss", X, y))[0] for _ in range(2)]
        one, two = (np.float64(compare.array("the loss", np.asarray(loss), ())) for loss in losses)
        if (one == two) != same:
            expected = "the same loss twice" if same else "two losses"
            compare.fail(f"with seed {seed}, two calls", expected, f"{one:.8g} and {two:.8g}")


# --- convolution --------------------------------------------------------------------------------------------

net_checks(
    "three_layer_conv_net",
    [conv_net(), conv_net((1, 8, 6), 2, 5, 4, 3, (4, 3))],
    conv_net((3, 8, 8), 16, 5, 20, 30, (4, 4)),
)


@check("three_layer_conv_net", hint="Pooling by 2 leaves H // 2 rows.", detail=True)
def odd_sizes(subject: Subject, rng: np.random.Generator) -> None:
    """right for images of odd height and width too"""
    net = conv_net((1, 7, 5), 2, 5, 4, 3, (3, 2))
    start = subject.get(net.make(subject), "params")
    check_keys("params", start, net.shapes)
    compare.array("params['W2']", start["W2"], net.shapes["W2"])
    model, params = with_params(subject, net, rng)
    check_loss(subject, net, model, params, *net.batch(rng), 0.0)
