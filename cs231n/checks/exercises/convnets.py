"""The three-layer ConvNet of PyTorch.ipynb or TensorFlow.ipynb: barebones, as a module, as a list of layers.

The checks call "notebook.NAME", functions that `cs231n.checks.notebooks` has for each of the two frameworks.
Everything is float32, as Keras computes, and in the layout of cs231n.
"""

import dataclasses

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.exercises.nets import check_keys
from cs231n.checks.registry import check

LEARNING_RATE = 0.01
SIGMAS = 6


@dataclasses.dataclass(frozen=True)
class ConvNet:
    """Sizes of a three-layer ConvNet; the names are those of the arguments in the notebooks."""

    channels: tuple = (3, 32, 16)
    filter_sizes: tuple = (5, 3)
    image_size: int = 32
    num_classes: int = 10

    @property
    def settings(self):
        """Keyword arguments."""
        return dataclasses.asdict(self)

    @property
    def shapes(self):
        """Name -> shape of each parameter."""
        (C, F1, F2), (K1, K2) = self.channels, self.filter_sizes
        return {
            "conv1.weight": (F1, C, K1, K1),
            "conv1.bias": (F1,),
            "conv2.weight": (F2, F1, K2, K2),
            "conv2.bias": (F2,),
            "fc.weight": (F2 * self.image_size**2, self.num_classes),
            "fc.bias": (self.num_classes,),
        }

    def scores(self, x, *params):
        """Return the scores of torch tensors."""
        w1, b1, w2, b2, w3, b3 = params
        return _affine(_convolve(_convolve(x, w1, b1).relu(), w2, b2).relu(), w3, b3)


@dataclasses.dataclass(frozen=True)
class ResidualNet:
    """Sizes of the residual net of TensorFlow.ipynb, for square images."""

    filters: int = 32
    image_shape: tuple = (32, 32, 3)
    num_classes: int = 10

    @property
    def settings(self):
        """Keyword arguments."""
        return dataclasses.asdict(self)

    @property
    def image_size(self):
        """Height and width of what the last layer reads."""
        return self.image_shape[0] // 4

    @property
    def channels(self):
        """Channels of an image, first of a tuple."""
        return (self.image_shape[2],)

    @property
    def shapes(self):
        """Name -> shape of each parameter."""
        F, shapes = self.filters, {}
        for place, C in enumerate((self.image_shape[2], F, F), start=1):
            shapes |= {f"conv{place}.weight": (F, C, 3, 3), f"conv{place}.bias": (F,)}
        rows = F * self.image_size**2
        return shapes | {"fc.weight": (rows, self.num_classes), "fc.bias": (self.num_classes,)}

    def scores(self, x, *params):
        """Return the scores of torch tensors."""
        from torch.nn.functional import max_pool2d

        w1, b1, w2, b2, w3, b3, w4, b4 = params
        x = max_pool2d(_convolve(x, w1, b1).relu(), 2)
        change = _convolve(_convolve(x, w2, b2).relu(), w3, b3)
        return _affine(max_pool2d((x + change).relu(), 2), w4, b4)


def _convolve(x, w, b):
    """Return the convolution of x (N, C, H, W) that keeps H and W, as a product of Fourier transforms."""
    from torch import fft

    size = [x.shape[-2] + w.shape[-2], x.shape[-1] + w.shape[-1]]  # room, so that nothing comes round the edge
    product = fft.rfft2(x, size)[:, None] * fft.rfft2(w, size).conj()  # (N, F, C, ., .)
    pad = w.shape[-1] // 2
    found = fft.irfft2(product.sum(2), size).roll((pad, pad), (-2, -1))
    return found[..., : x.shape[-2], : x.shape[-1]] + b[:, None, None]


def _affine(x, w, b):
    return x.flatten(1).mm(w) + b


def draw(rng, shapes):
    """Return parameters of some shapes, scaled so that what goes through the net stays of order one."""
    params = []
    for shape in shapes:
        fan_in = np.prod(shape[1:]) if len(shape) == 4 else shape[0]
        scale = 0.3 if len(shape) == 1 else (2 / fan_in) ** 0.5
        params.append((scale * rng.standard_normal(shape)).astype(np.float32))
    return params


def draw_net(rng):
    """Return a small ConvNet."""
    channels = (int(rng.integers(1, 4)), int(rng.integers(4, 7)), int(rng.integers(2, 4)))
    filter_sizes = [(5, 3), (3, 5), (7, 1)][rng.integers(3)]
    return ConvNet(channels, filter_sizes, int(rng.integers(6, 9)), int(rng.integers(4, 8)))


def draw_residual_net(rng):
    """Return a small ResidualNet."""
    return ResidualNet(int(rng.integers(3, 6)), (8, 8, int(rng.integers(1, 4))), int(rng.integers(4, 8)))


def batch(rng, count, *image):
    """Return images of shape (count, *image), float32."""
    return rng.standard_normal((count, *image)).astype(np.float32)


def loss(scores, y):
    """Return the softmax loss of scores (N, M), NumPy."""
    scores = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    return float((np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]).mean())


def autograd(function, x, y, params):
    """Return the softmax loss of a torch function's scores, and its gradients by the parameters."""
    import torch

    leaves = oracle.tensors(params, requires_grad=True)
    value = torch.nn.functional.cross_entropy(function(oracle.tensors([x])[0], *leaves), torch.from_numpy(y))
    value.backward()
    return value.item(), [leaf.grad.numpy() for leaf in leaves]


# --- barebones ----------------------------------------------------------------------------------------------

PARAMS = ("w1", "b1", "w2", "b2", "w3", "b3")


def cases(rng):
    """Return images, not all of them square or many, and parameters for them."""
    for count, image, filter_sizes in ((3, (3, 6, 5), (5, 3)), (1, (1, 4, 7), (3, 7)), (2, (2, 5, 5), (1, 5))):
        net = ConvNet((image[0], 4, 3), filter_sizes, 1, 5)
        shapes = list(net.shapes.values())
        shapes[4] = (3 * image[1] * image[2], 5)
        yield net, batch(rng, count, *image), draw(rng, shapes)


def check_convnet(subject, net, x, params):
    """Compare the scores of three_layer_convnet with torch."""
    with compare.during(f"images {x.shape}, filters {params[0].shape} and {params[2].shape}"):
        found = subject.call("notebook.convnet_scores", x, params)
        compare.close("scores", found, oracle.value(net.scores, x, *params), compare.SINGLE)


@check("barebones_convnet", hint="Write the shape of each intermediate result beside it.")
def scores(subject, rng):
    """the scores are right"""
    check_convnet(subject, *next(cases(rng)))


@check("barebones_convnet", hint="Write the shape of each intermediate result beside it.", detail=True)
def other_sizes(subject, rng):
    """the scores are right for images and filters of several sizes, and for a single image"""
    for case in cases(rng):
        check_convnet(subject, *case)


@check("barebones_convnet", hint="Stay inside the framework: NumPy and detach lose the gradient.")
def gradients(subject, rng):
    """every parameter gets a gradient, and it is right"""
    net, x, params = next(cases(rng))
    dout = rng.standard_normal((len(x), 5)).astype(np.float32)
    found = subject.call("notebook.convnet_gradients", x, params, dout)
    expected = oracle.gradients(net.scores, [x, *params], dout)[1:]
    for name, gradient, right in zip(PARAMS, compare.tuple_of(6, "the list of gradients", found), expected):
        compare.close(f"the gradient of {name}", gradient, right, compare.SINGLE)


def initial(subject, net, **more):
    """Return the parameters of kaiming_params, by name, their shapes checked, and whether each can learn."""
    found = subject.call("notebook.initial_params", **net.settings, **more)
    params, learns = compare.tuple_of(2, "kaiming_params", found)
    compare.tuple_of(6, "kaiming_params", params)
    for name, param, shape in zip(PARAMS, params, net.shapes.values()):
        compare.array(name, param, shape)
    return dict(zip(PARAMS, params)), learns


WIDE = ConvNet((3, 24, 8), (5, 3), 4, 100)  # many weights, and a fan-out that is nowhere near the fan-in


@check("barebones_initialise", counts_with=("spread",))
def shapes(subject, rng):
    """the parameters are float32 and have the shapes of the docstring, for any sizes"""
    for net in (ConvNet(), draw_net(rng)):
        initial(subject, net)


@check("barebones_initialise", counts_with=("spread",))
def biases(subject, rng):
    """the biases start at zero"""
    params, _ = initial(subject, draw_net(rng))
    for name in PARAMS[1::2]:
        compare.close(name, params[name], np.zeros(params[name].shape))


@check("barebones_initialise", hint="The fan-in is the number of inputs that meet in one output.")
def spread(subject, rng):
    """the weights are normal, with mean zero and standard deviation sqrt(2 / fan-in)"""
    params, _ = initial(subject, WIDE, seed=int(rng.integers(2**31)))
    fan_ins = (WIDE.channels[0] * 25, WIDE.channels[1] * 9, len(params["w3"]))
    for name, fan_in in zip(PARAMS[::2], fan_ins):
        check_spread(name, params[name], fan_in)
        w = params[name]
        share, normal = (np.abs(w) > 1.8 * w.std()).mean(), 0.0719
        if not abs(share - normal) < SIGMAS * (normal / w.size) ** 0.5:
            got = f"{share:.1%} of them"
            compare.fail(f"{name} is not normal", "7.2% of the entries beyond 1.8 standard deviations", got)


def check_spread(name, w, fan_in):
    """Check standard deviation and mean of weights."""
    error, std = SIGMAS / (2 * w.size) ** 0.5, (2 / fan_in) ** 0.5
    if not abs(w.std() / std - 1) < error:
        compare.fail(f"{name} has the wrong spread", f"standard deviation {std:.4g}", f"{w.std():.4g}")
    if not abs(w.mean()) < 2 * error * std or np.unique(w).size < 0.9 * w.size:
        compare.fail(
            f"{name} is not a random draw around 0", "a separate draw for each entry", f"mean {w.mean():.3g}"
        )


@check("barebones_initialise", detail=True)
def drawn_anew(subject, rng):
    """every call draws different weights"""
    net = draw_net(rng)
    (first, _), (second, _) = initial(subject, net), initial(subject, net)
    for name in PARAMS[::2]:
        if (first[name] == second[name]).any():
            compare.fail(f"{name} is the same in two calls", "other weights", "the same")


@check(
    "barebones_initialise",
    hint="Use requires_grad_() in PyTorch, tf.Variable in TensorFlow.",
    counts_with=("spread",),
)
def learnable(subject, rng):
    """each parameter can learn: a leaf that requires a gradient, a variable"""
    _, learns = initial(subject, draw_net(rng))
    for name, one in zip(PARAMS, compare.tuple_of(6, "kaiming_params", learns)):
        if one is not True:
            compare.fail(f"{name} cannot learn", "a parameter that an update can change", "one that is constant")


def two_layers(x, w1, b1, w2, b2):
    """Return the scores of affine - ReLU - affine, torch tensors."""
    return _affine(_affine(x, w1, b1).relu(), w2, b2)


def check_training(subject, rng, steps):
    """Compare losses and parameters of some steps with autograd."""
    params = draw(rng, [(5, 7), (7,), (7, 3), (3,)])
    x, y = batch(rng, 8, 5), rng.integers(0, 3, 8)
    found = subject.call("notebook.train", params, x, y, 0.1, steps)
    losses, history = compare.tuple_of(2, "training_step", found)
    compare.tuple_of(steps, "the list of steps", history)
    for step, step_loss, after in zip(range(1, steps + 1), compare.tuple_of(steps, "the losses", losses), history):
        right_loss, grads = autograd(two_layers, x, y, params)
        params = [param - 0.1 * grad for param, grad in zip(params, grads)]
        compare.number(f"the loss of step {step}", step_loss, right_loss, 1e-4)
        compare.tuple_of(4, "the list of parameters", after)
        for name, param, right in zip(PARAMS, after, params):
            compare.close(f"{name} after step {step}", param, right, compare.SINGLE)


@check("barebones_train", hint="Change the parameters themselves, not new tensors under their names.")
def one_step(subject, rng):
    """a step changes every parameter in place: minus learning_rate times its gradient"""
    check_training(subject, rng, 1)


@check("barebones_train", hint="In PyTorch, backward adds to the old grad.")
def more_steps(subject, rng):
    """five steps in a row equal five single steps: nothing is left over from the step before"""
    check_training(subject, rng, 5)


# --- nets that hold their parameters ------------------------------------------------------------------------


def check_parameters(subject, model, net):
    """Check names and shapes of a net's parameters, and that there are no others; return them."""
    params = subject.call("notebook.parameters", model, net.image_size)
    check_keys("the dict of parameters", params, net.shapes)
    for name, shape in net.shapes.items():
        compare.array(name, params[name], shape)
    expected = sum(int(np.prod(shape)) for shape in net.shapes.values())
    if (size := subject.call("notebook.size", model)) != expected:
        compare.fail("the number of parameters is wrong", f"{expected:,}", str(size))
    return params


def with_parameters(subject, maker, net, rng):
    """Make a net, put drawn parameters into it, and return its handle and them, by name."""
    model = subject.make(f"notebook.{maker}", **net.settings)
    check_parameters(subject, model, net)
    params = dict(zip(net.shapes, draw(rng, net.shapes.values())))
    subject.call("notebook.set_parameters", model, params, net.image_size)
    return model, params


def convnet_checks(exercise, maker, default, draw_one, prefix="", framework=None):
    """Register what holds for every net that holds its parameters.

    Args:
        exercise: its name.
        maker: the function of `frameworks` that makes one.
        default: the net that comes without arguments.
        draw_one: function of the generator that returns another.
        prefix: of the checks' names.
        framework: the one whose notebook alone has this net, or None.
    """
    image = 4 if isinstance(default, ResidualNet) else 1  # its last layer reads images of a quarter of the size

    works = (f"{prefix}scores", f"{prefix}step")

    def register(function, hint="", **more):
        function.__name__ = prefix + function.__name__
        return check(exercise, hint, framework=framework, **more)(function)

    def parameters(subject, rng):
        """the layers have the right sizes, with the default arguments and with others"""
        check_parameters(subject, subject.make(f"notebook.{maker}"), default)
        net = draw_one(rng)
        check_parameters(subject, subject.make(f"notebook.{maker}", **net.settings), net)

    def scores(subject, rng):
        """with given parameters, the scores are right"""
        net = draw_one(rng)
        model, params = with_parameters(subject, maker, net, rng)
        for count in (4, 1):
            x = batch(rng, count, net.channels[0], *[image * net.image_size] * 2)
            expected = oracle.value(net.scores, x, *params.values())
            compare.close("scores", subject.call("notebook.net_scores", model, x), expected, compare.SINGLE)

    def step(subject, rng):
        """every parameter gets a gradient, and one training step lowers the loss"""
        net = draw_one(rng)
        model, params = with_parameters(subject, maker, net, rng)
        x = batch(rng, 6, net.channels[0], *[image * net.image_size] * 2)
        y = rng.integers(0, net.num_classes, 6)
        before = loss(check_scores(subject, model, x, net), y)
        grads = subject.call("notebook.net_gradients", model, x, y, net.image_size)
        check_keys("the dict of gradients", grads, params)
        _, right_grads = autograd(net.scores, x, y, params.values())
        for name, right in zip(params, right_grads):
            compare.close(f"the gradient of {name}", grads[name], right, compare.SINGLE)
        moved = {name: param - np.float32(LEARNING_RATE) * grads[name] for name, param in params.items()}
        subject.call("notebook.set_parameters", model, moved, net.image_size)
        after = loss(check_scores(subject, model, x, net), y)
        if not after < before:
            compare.fail("the loss did not fall", f"less than {before:.6g}", f"{after:.6g}")

    register(parameters, "Count the numbers of each layer by hand, and print the net.", counts_with=works)
    register(scores, "Follow the shapes through the net: are the order of the layers and the padding right?")
    register(step)


def check_scores(subject, model, x, net):
    """Return the scores of a net, their shape checked."""
    found = subject.call("notebook.net_scores", model, x)
    return compare.array("scores", found, (len(x), net.num_classes))


convnet_checks("module_convnet", "module_net", ConvNet(), draw_net)


@check(
    "module_convnet",
    hint="Layers draw their own initial weights unless you set them.",
    counts_with=("scores", "step"),
)
def initial_values(subject, rng):
    """the weights start with Kaiming's standard deviation, the biases at zero"""
    params = check_parameters(subject, subject.make("notebook.module_net", **WIDE.settings), WIDE)
    for layer, fan_in in (("conv1", 75), ("conv2", 216), ("fc", 128)):
        check_spread(f"{layer}.weight", params[f"{layer}.weight"], fan_in)
        compare.close(f"{layer}.bias", params[f"{layer}.bias"], np.zeros(WIDE.shapes[f"{layer}.bias"]))


@check("sequential_convnet", counts_with=("scores", "step"))
def list_of_layers(subject, rng):
    """the net is a Sequential"""
    model = subject.make("notebook.sequential_net", **draw_net(rng).settings)
    compare.same("the kind of net", subject.call("notebook.kind", model), "Sequential")


convnet_checks("sequential_convnet", "sequential_net", ConvNet(), draw_net)
convnet_checks("sequential_convnet", "residual_net", ResidualNet(), draw_residual_net, "residual_", "TensorFlow")
