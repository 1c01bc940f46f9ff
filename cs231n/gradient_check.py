"""Numeric gradients, to compare analytic ones with.

All use central differences, (f(x + h) - f(x - h)) / (2 * h), whose error falls with h**2. They change x in
place, one element at a time, and put it back, also when f raises. The divisor is the step that x really takes: in
float32, 1000 + 1e-5 is 1000.
"""

import random

import numpy as np

from cs231n import validation as _valid

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
    x, y = _wide(x), _wide(y)
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
        ValueError: x is read-only, or h is too small for it.
    """
    grad = np.zeros_like(_floats(x))
    for index in np.ndindex(x.shape):
        grad[index] = _slope(lambda: f(x), x, index, h)
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
        ValueError: df has another shape, x is read-only, or h is too small for x.
    """
    grad = np.zeros_like(_floats(x))
    for index in np.ndindex(x.shape):
        slope = _slope(lambda: np.array(f(x)), x, index, h)
        if np.shape(df) not in (slope.shape, ()):
            raise ValueError(f"df has shape {np.shape(df)}, expected {slope.shape}, the shape of f(x)")
        grad[index] = np.sum(slope * df)
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
        ValueError: x is empty or read-only, analytic_grad has another shape, or h is too small for x.
    """
    _floats(x)
    if x.size == 0 or np.shape(analytic_grad) != x.shape:
        raise ValueError(
            f"x has shape {x.shape} and analytic_grad {np.shape(analytic_grad)}, expected one shape with elements"
        )
    for _ in range(_valid.integer("num_checks", num_checks, 0)):
        index = tuple(random.randrange(length) for length in x.shape)
        numeric, analytic = _slope(lambda: f(x), x, index, h), analytic_grad[index]
        print(f"numerical: {numeric:f} analytic: {analytic:f}, relative error: {rel_error(numeric, analytic):e}")


def _wide(x):
    """Return x as an array whose differences and sums neither wrap around nor overflow, as in small types."""
    x = np.asarray(x)
    return x.astype(np.result_type(x, np.float64) if x.dtype.kind in "fc" else np.float64)


def _floats(x):
    """Return x, or raise TypeError where it cannot be changed by a step of h."""
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        kind = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(f"x is {kind}, expected an array of floats; convert it with x.astype(np.float64)")
    if not x.flags.writeable:
        raise ValueError("x is read-only, and is changed in place to take the gradient; pass x.copy()")
    return x


def _slope(value, x, index, h):
    """Return the change of value() over the step as x[index] goes from -h to +h; it is put back in any case."""
    old = x[index]
    try:
        x[index] = old + h
        above = x[index]
        plus = np.copy(value())  # a copy, since the function may use one output array for all calls
        x[index] = old - h
        step = above - x[index]
        minus = np.copy(value())
    finally:
        x[index] = old
    if not step > 0:
        raise ValueError(
            f"h is {h!r}, and x{list(index)} = {old!r} stays the same number when it is added; take a larger "
            "h, or x.astype(np.float64)"
        )
    return (plus - minus) / step
