"""What is right: torch in float64, and central differences. torch is imported when the first answer is needed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["central_differences", "gradients", "value"]


def tensors(inputs: Sequence[np.ndarray], requires_grad: bool = False) -> list[Any]:
    """Return arrays as float64 tensors."""
    import torch

    copies = [torch.from_numpy(np.array(array, np.float64, order="C")) for array in inputs]
    return [copy.requires_grad_() for copy in copies] if requires_grad else copies


def value(function: Callable[..., Any], *inputs: np.ndarray) -> np.ndarray:
    """Return a torch function of the inputs, as an array."""
    return function(*tensors(inputs)).numpy()


def gradients(function: Callable[..., Any], inputs: Sequence[np.ndarray], dout: np.ndarray) -> list[np.ndarray]:
    """Return for each input the gradient of sum(out * dout), where out is a torch function of the inputs."""
    arguments = tensors(inputs, requires_grad=True)
    # backward from a scalar: torch.autograd.grad from an array would import half of torch first
    (function(*arguments) * tensors([dout])[0]).sum().backward()
    return [argument.grad.numpy() for argument in arguments]


def central_differences(
    function: Callable[..., Any], inputs: Sequence[np.ndarray], dout: np.ndarray, h: float = 1e-5
) -> list[np.ndarray]:
    """Return for each input the gradient of sum(out * dout), by stepping each entry forth and back.

    Args:
        function: takes the inputs as float64 arrays and returns out, an array of the shape of dout.
        inputs: arrays.
        dout: upstream derivative.
        h: step.
    """
    inputs = [np.array(array, np.float64) for array in inputs]
    found = []
    for array in inputs:
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            kept = array[index]
            sides = []
            for step in (h, -h):
                array[index] = kept + step
                sides.append(np.sum(function(*inputs) * dout))
            array[index] = kept
            gradient[index] = (sides[0] - sides[1]) / (2 * h)
        found.append(gradient)
    return found
