"""Numeric gradients, to hold analytic ones against.

All use central differences, (f(x + h) - f(x - h)) / (2 * h), whose error falls with h**2. They change x in
place, one element at a time, and put it back, also when f raises.
"""

import random

import numpy as np

__all__ = [
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "eval_numerical_gradient_blobs",
    "eval_numerical_gradient_net",
    "grad_check_sparse",
    "rel_error",
]


def rel_error(x, y):
    """Return the largest relative error, max(|x - y| / max(1e-8, |x| + |y|)).

    Args:
        x, y: arrays of one shape, or numbers.

    Raises:
        ValueError: the shapes differ (broadcasting would hide a mistake), or the arrays are empty.
    """
    x, y = _signed(x), _signed(y)
    if x.shape != y.shape and x.ndim and y.ndim:
        raise ValueError(f"x has shape {x.shape} and y has shape {y.shape}, expected the same shape")
    if x.size == 0 or y.size == 0:
        raise ValueError(f"x and y are empty (shape {x.shape}): there is nothing to compare")
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def eval_numerical_gradient(f, x, verbose=True, h=1e-5):
    """Return the numeric gradient of a scalar function.

    Args:
        f: function of one array, returns a number.
        x: point at which to take the gradient, a float array; f is called with x itself.
        verbose: print each element's index and derivative.
        h: step.

    Returns:
        grad: shape of x.

    Raises:
        TypeError: x is not an array of floats.
    """
    grad = np.zeros_like(_floats(x))
    for index in np.ndindex(x.shape):
        plus, minus = _both_sides(lambda: f(x), x, index, h)
        grad[index] = (plus - minus) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Return the numeric gradient of sum(f(x) * df), what backpropagation makes of an upstream gradient.

    Args:
        f: function of one array, returns an array or a number.
        x: point at which to take the gradient, a float array; f is called with x itself.
        df: upstream gradient, shape of f(x).
        h: step.

    Returns:
        grad: shape of x.

    Raises:
        TypeError: x is not an array of floats.
    """
    grad = np.zeros_like(_floats(x))
    for index in np.ndindex(x.shape):
        plus, minus = _both_sides(lambda: np.array(f(x)), x, index, h)
        grad[index] = np.sum((plus - minus) * df) / (2 * h)
    return grad


def eval_numerical_gradient_blobs(f, inputs, output, h=1e-5):
    """Return the numeric gradients of a function that works on blobs, objects with `vals` and `diffs`.

    Args:
        f: called as f(*inputs, output); reads the inputs' `vals` and writes output.vals.
        inputs: tuple of blobs; `vals` is a float array.
        output: blob; `diffs` holds the upstream gradient.
        h: step.

    Returns:
        list of gradients, one for each input, of the shape of its vals.

    Raises:
        TypeError: an input's vals is not an array of floats.
    """

    def values():
        f(*inputs, output)
        return output.vals

    return [eval_numerical_gradient_array(lambda _: values(), blob.vals, output.diffs, h=h) for blob in inputs]


def eval_numerical_gradient_net(net, inputs, output, h=1e-5):
    """Return the numeric gradients of a net that works on blobs; net.forward() writes output.vals.

    Args and Returns: as eval_numerical_gradient_blobs, with net.forward in place of f.
    """
    return eval_numerical_gradient_blobs(lambda *blobs: net.forward(), inputs, output, h=h)


def grad_check_sparse(f, x, analytic_grad, num_checks=10, h=1e-5):
    """Compare an analytic gradient with the numeric one at a few random elements, and print the errors.

    Args:
        f: function of one array, returns a number.
        x: point at which to take the gradient, a float array; f is called with x itself.
        analytic_grad: gradient to be judged, shape of x.
        num_checks: number of elements, drawn from Python's `random`.
        h: step.

    Raises:
        TypeError: x is not an array of floats.
    """
    _floats(x)
    for _ in range(num_checks):
        index = tuple(random.randrange(length) for length in x.shape)
        plus, minus = _both_sides(lambda: f(x), x, index, h)
        numeric, analytic = (plus - minus) / (2 * h), analytic_grad[index]
        print(f"numerical: {numeric:f} analytic: {analytic:f}, relative error: {rel_error(numeric, analytic):e}")


def _signed(x):
    """Return x as an array whose differences cannot wrap around, as those of integers do."""
    x = np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _floats(x):
    """Return x, or raise TypeError where a step of h would be rounded away."""
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        kind = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(f"x is {kind}, expected an array of floats; convert it with x.astype(np.float64)")
    return x


def _both_sides(value, x, index, h):
    """Return value() with x[index] raised and lowered by h; x[index] is put back in any case."""
    old = x[index]
    try:
        x[index] = old + h
        plus = np.copy(value())  # a copy, since the function may use one output array for all calls
        x[index] = old - h
        minus = np.copy(value())
    finally:
        x[index] = old
    return plus, minus
