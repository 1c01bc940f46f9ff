"""The student's PyTorch.ipynb for the checks: NumPy arrays in the layout of cs231n go in and come out.

A three-layer ConvNet has the parameters w1 (F1, C, K1, K1), b1, w2 (F2, F1, K2, K2), b2, w3 (F2 * H * W, M), b3.
"""

import functools
from pathlib import Path

import torch
from torch import nn

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
    "sequential_net",
    "set_parameters",
    "size",
    "train",
]

NOTEBOOK = Path(cs231n.__file__).resolve().parent.parent / "PyTorch.ipynb"


@functools.cache
def _load(cell):
    """Return what is defined in a cell of the notebook."""
    return _program(NOTEBOOK.read_text(encoding="utf-8-sig")).load(cell)


@functools.lru_cache(maxsize=1)  # reading all cells takes longer than running one
def _program(text):
    return Program(text, NOTEBOOK.name, {"DEVICE": "cpu"})


def _array(tensor):
    return tensor.detach().cpu().numpy()


# --- barebones ----------------------------------------------------------------------------------------------


def convnet_scores(x, params):
    """Return the scores of three_layer_convnet."""
    net = _load("barebones-convnet")
    return _array(net(torch.from_numpy(x), [torch.from_numpy(array) for array in params]))


def convnet_gradients(x, params, dout):
    """Return the gradient of sum(scores * dout) for each parameter of three_layer_convnet, or None."""
    net = _load("barebones-convnet")
    leaves = [torch.tensor(array, requires_grad=True) for array in params]
    (net(torch.from_numpy(x), leaves) * torch.from_numpy(dout)).sum().backward()
    return [None if leaf.grad is None else _array(leaf.grad) for leaf in leaves]


def initial_params(seed=None, **settings):
    """Return what kaiming_params returns, and for each whether it can learn; the seed is PyTorch's."""
    if seed is not None:
        torch.manual_seed(seed)
    params = _load("barebones-initialise")(**settings)
    return [_array(param) for param in params], [param.is_leaf and param.requires_grad for param in params]


def train(params, x, y, learning_rate, steps):
    """Return what training_step returns for a net with two layers, and the net's parameters, step by step."""
    step = _load("barebones-train")
    leaves = [torch.tensor(array, requires_grad=True) for array in params]
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    losses, history = [], []
    for _ in range(steps):
        losses.append(float(step(_two_layers, list(leaves), x, y, learning_rate)))
        history.append([_array(leaf).copy() for leaf in leaves])
    return losses, history


def _two_layers(x, params):
    w1, b1, w2, b2 = params
    return (x @ w1 + b1).relu() @ w2 + b2


# --- nets that hold their parameters ------------------------------------------------------------------------


def module_net(**settings):
    """Return a ThreeLayerConvNet."""
    return _load("module-convnet")(**settings)


def sequential_net(**settings):
    """Return what sequential_convnet returns."""
    return _load("sequential-convnet")(**settings)


def kind(net):
    """Return what a net is: Sequential, or the name of its class."""
    return "Sequential" if isinstance(net, nn.Sequential) else type(net).__name__


def size(net):
    """Return how many numbers a net learns."""
    return sum(param.numel() for param in net.parameters() if param.requires_grad)


def _layers(net):
    """Return the layers with weights: name -> layer, by attribute or, in a Sequential, in order."""
    if not isinstance(net, nn.Sequential):
        return {name: getattr(net, name) for name in ("conv1", "conv2", "fc") if hasattr(net, name)}
    layers = [layer for layer in net.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    return dict(zip(("conv1", "conv2", "fc"), layers))


def _named(net):
    """Return the parameters of the layers by name."""
    found = {}
    for name, layer in _layers(net).items():
        for part in ("weight", "bias"):
            if getattr(layer, part, None) is not None:
                found[f"{name}.{part}"] = getattr(layer, part)
    return found


def parameters(net, image_size):
    """Return the parameters by name, fc.weight as (F2 * H * W, M)."""
    return {name: _from_pytorch(name, param) for name, param in _named(net).items()}


def _from_pytorch(name, tensor):
    """Return a parameter or its gradient; nn.Linear keeps the transpose of the matrix."""
    return _array(tensor.T if name == "fc.weight" else tensor)


def set_parameters(net, arrays, image_size):
    """Put arrays, by name, into the net's parameters."""
    params = _named(net)
    with torch.no_grad():
        for name, array in arrays.items():
            params[name].copy_(torch.from_numpy(array.T if array.ndim == 2 else array))


def net_scores(net, x):
    """Return the scores of a net."""
    return _array(net(torch.from_numpy(x)))


def net_gradients(net, x, y, image_size):
    """Return the gradient of the softmax loss for each parameter by name, or None, in the form of `parameters`."""
    net.train()
    nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    gradients = {name: param.grad for name, param in _named(net).items()}
    return {name: None if grad is None else _from_pytorch(name, grad) for name, grad in gradients.items()}
