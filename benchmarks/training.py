"""Time whole training steps: loss, gradients and update, beside the same net and optimiser in eager torch.

Net, minibatch, L2 penalty and Adam's numbers are the same on both sides. torch's optimiser is the default,
`torch.optim.Adam(parameters)`, which on a CPU takes the parameters one by one (not `foreach`, not `fused`).
"""

import numpy as np
import torch
from torch import nn

from benchmarks.pairing import time_rounds
from benchmarks.shapes import DTYPES
from cs231n import optim
from cs231n.classifiers.cnn import ThreeLayerConvNet
from cs231n.classifiers.fc_net import FullyConnectedNet

__all__ = ["NETS", "timings"]

REG = 1e-3
CLASSES = 10


def _conv_net(dtype):
    net = nn.Sequential(
        nn.Conv2d(3, 32, 7, padding=3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 16 * 16, 100),
        nn.ReLU(),
        nn.Linear(100, CLASSES),
    )
    return ThreeLayerConvNet(reg=REG, dtype=dtype), net


def _batchnorm_net(dtype):
    dims = [3 * 32 * 32, *[100] * 5]
    hidden = [layer for D, M in zip(dims, dims[1:]) for layer in (nn.Linear(D, M), nn.BatchNorm1d(M), nn.ReLU())]
    ours = FullyConnectedNet(dims[1:], normalization="batchnorm", reg=REG, dtype=dtype)
    return ours, nn.Sequential(nn.Flatten(), *hidden, nn.Linear(100, CLASSES))


# Name, batch size, and a function from the dtype to our net and torch's.
NETS = (
    ("ThreeLayerConvNet", 50, _conv_net),
    ("batchnorm net", 100, _batchnorm_net),
)


def timings(rounds, now, shortest):
    """Yield one record for each net and dtype: the seconds of every round on either side."""
    for name, N, build in NETS:
        for dtype in DTYPES:
            rng = np.random.default_rng(0)
            X = rng.standard_normal((N, 3, 32, 32), dtype=dtype)
            y = rng.integers(CLASSES, size=N)
            ours, net = build(np.dtype(dtype).type)
            steps = {"torch": _torch_step(net.to(getattr(torch, dtype)), X, y), "cs231n": _step(ours, X, y)}
            yield {
                "group": name,
                "case": f"{name}, Adam, N = {N}",
                "dtype": dtype,
                "direction": "step",
                "seconds": time_rounds(steps, rounds, now, shortest),
            }


def _step(model, X, y):
    """Return a function that trains our model for one step, as the Solver does."""
    configs = {name: {} for name in model.params}

    def step():
        _, grads = model.loss(X, y)
        for name, w in model.params.items():
            model.params[name], configs[name] = optim.adam(w, grads[name], configs[name])

    return step


def _torch_step(net, X, y):
    """Return a function that trains the net in torch for one step; the penalty on weights is weight decay."""
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    weights = [w for w in net.parameters() if w.ndim > 1]
    others = [w for w in net.parameters() if w.ndim == 1]
    optimiser = torch.optim.Adam([{"params": weights, "weight_decay": REG}, {"params": others}], lr=1e-3)

    def step():
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(X), y)
        loss.backward()
        optimiser.step()

    return step
