"""The student's TensorFlow.ipynb for the checks: NumPy arrays in the layout of cs231n go in and come out.

Images turn from NCHW to NHWC on the way in, filters from (F, C, K, K) to (K, K, C, F), and the rows of the last
matrix from the order (F, H, W) to (H, W, F). See `pytorch` for what the functions return.
"""

import functools
import math
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # inputs are small, and a graphics card rounds more

import keras
import numpy as np
import tensorflow as tf

import cs231n
from cs231n.checks.notebooks.program import Program

__all__ = [
    "convnet_gradients",
    "convnet_scores",
    "initial_params",
    "kind",
    "module_net",
    "net_scores",
    "net_gradients",
    "parameters",
    "residual_net",
    "sequential_net",
    "set_parameters",
    "size",
    "train",
]

NOTEBOOK = Path(cs231n.__file__).resolve().parent.parent / "TensorFlow.ipynb"


@functools.cache
def _load(cell):
    """Return what is defined in a cell of the notebook."""
    return _program(NOTEBOOK.read_text(encoding="utf-8-sig")).load(cell)


@functools.lru_cache(maxsize=1)  # reading all cells takes longer than running one
def _program(text):
    return Program(text, NOTEBOOK.name)


def _array(tensor):
    return np.asarray(tf.convert_to_tensor(tensor))


def _images(x):
    return tf.constant(x.transpose(0, 2, 3, 1))


def _to_tensorflow(array, height, width):
    """Return a parameter in TensorFlow's layout; the rows of a matrix come from images of that size."""
    if array.ndim == 4:
        return array.transpose(2, 3, 1, 0)  # (F, C, K, K) -> (K, K, C, F)
    if array.ndim == 2:
        apart = array.reshape(-1, height, width, array.shape[1])  # (F * H * W, M) -> (F, H, W, M)
        return apart.transpose(1, 2, 0, 3).reshape(array.shape)  # -> (H, W, F, M) -> (H * W * F, M)
    return array


def _from_tensorflow(array, height, width):
    """Return a parameter in the layout of cs231n; a matrix whose rows fit no such image stays as it is."""
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)  # (K, K, C, F) -> (F, C, K, K)
    if array.ndim == 2 and len(array) % (height * width) == 0:
        apart = array.reshape(height, width, -1, array.shape[1])  # (H * W * F, M) -> (H, W, F, M)
        return apart.transpose(2, 0, 1, 3).reshape(array.shape)  # -> (F, H, W, M) -> (F * H * W, M)
    return array


# --- barebones ----------------------------------------------------------------------------------------------


def convnet_scores(x, params):
    """Return the scores of three_layer_convnet."""
    net = _load("barebones-convnet")
    return _array(net(_images(x), [tf.constant(_to_tensorflow(array, *x.shape[2:])) for array in params]))


def convnet_gradients(x, params, dout):
    """Return the gradient of sum(scores * dout) for each parameter of three_layer_convnet, or None."""
    net = _load("barebones-convnet")
    variables = [tf.Variable(_to_tensorflow(array, *x.shape[2:])) for array in params]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(net(_images(x), variables) * dout)
    gradients = tape.gradient(total, variables)
    return [None if grad is None else _from_tensorflow(_array(grad), *x.shape[2:]) for grad in gradients]


def initial_params(seed=None, **settings):
    """Return what kaiming_params returns, and for each whether it can learn; the seed is Keras's."""
    if seed is not None:
        keras.utils.set_random_seed(seed)
    params = _load("barebones-initialise")(**settings)
    image_size = settings.get("image_size", 32)
    arrays = [_from_tensorflow(_array(param), image_size, image_size) for param in params]
    return arrays, [isinstance(param, tf.Variable) and param.trainable for param in params]


def train(params, x, y, learning_rate, steps):
    """Return what training_step returns for a net with two layers, and the net's parameters, step by step."""
    step = _load("barebones-train")
    variables = [tf.Variable(array) for array in params]
    losses, history = [], []
    for _ in range(steps):
        losses.append(float(step(_two_layers, list(variables), tf.constant(x), tf.constant(y), learning_rate)))
        history.append([_array(variable).copy() for variable in variables])
    return losses, history


def _two_layers(x, params):
    w1, b1, w2, b2 = params
    return tf.nn.relu(x @ w1 + b1) @ w2 + b2


# --- nets that hold their parameters ------------------------------------------------------------------------


def module_net(channels=(3, 32, 16), image_size=32, **settings):
    """Return a ThreeLayerConvNet that has seen an image, and so has its parameters."""
    settings = settings | ({"channels": tuple(channels[1:])} if settings else {})
    net = _load("module-convnet")(**settings)
    net(tf.zeros((1, image_size, image_size, channels[0])))
    return net


def sequential_net(**settings):
    """Return what sequential_convnet returns."""
    return _load("sequential-convnet")(**settings)


def residual_net(**settings):
    """Return what functional_convnet returns."""
    return _load("functional-convnet")(**settings)


def kind(net):
    """Return what a net is: Sequential, or the name of its class."""
    return "Sequential" if isinstance(net, keras.Sequential) else type(net).__name__


def size(net):
    """Return how many numbers a net learns."""
    return sum(math.prod(variable.shape) for variable in net.trainable_variables)


def _layers(net):
    """Return the layers with weights: name -> layer, by attribute or, in a graph of layers, in order."""
    if type(net).__name__ not in ("Sequential", "Functional"):  # Keras does not export the latter
        return {name: getattr(net, name) for name in ("conv1", "conv2", "fc") if hasattr(net, name)}
    convolutions = [layer for layer in _flat(net) if isinstance(layer, keras.layers.Conv2D)]
    affine = [layer for layer in _flat(net) if isinstance(layer, keras.layers.Dense)]
    named = {f"conv{place}": layer for place, layer in enumerate(convolutions, start=1)}
    return named | dict(zip(["fc"], affine))


def _flat(net):
    """Return all layers of a net, also of nets in it."""
    for layer in net.layers:
        yield from _flat(layer) if hasattr(layer, "layers") else [layer]


def _named(net):
    """Return the variables of the layers by name."""
    found = {}
    for name, layer in _layers(net).items():
        for part, attribute in (("weight", "kernel"), ("bias", "bias")):
            if getattr(layer, attribute, None) is not None:
                found[f"{name}.{part}"] = getattr(layer, attribute)
    return found


def parameters(net, image_size):
    """Return the parameters by name; `image_size` is that of the images that the last layer reads."""
    return {
        name: _from_tensorflow(_array(variable), image_size, image_size) for name, variable in _named(net).items()
    }


def set_parameters(net, arrays, image_size):
    """Put arrays, by name, into the net's parameters."""
    variables = _named(net)
    for name, array in arrays.items():
        variables[name].assign(_to_tensorflow(array, image_size, image_size))


def net_scores(net, x):
    """Return the scores of a net."""
    return _array(net(_images(x)))


def net_gradients(net, x, y, image_size):
    """Return the gradient of the softmax loss for each parameter by name, or None, in the form of `parameters`."""
    variables = _named(net)
    with tf.GradientTape() as tape:
        scores = net(_images(x), training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, scores))
    gradients = tape.gradient(loss, variables)
    return {
        name: None if gradient is None else _from_tensorflow(_array(gradient), image_size, image_size)
        for name, gradient in gradients.items()
    }
