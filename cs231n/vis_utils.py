"""Pictures: grids of images, and curves of training."""

import math

import matplotlib.pyplot as plt
import numpy as np

from cs231n import validation as _valid

__all__ = ["plot_training", "vis_grid", "vis_nn", "visualize_grid"]


def visualize_grid(Xs, ubound=255.0, padding=1):
    """Lay images out in a square grid, each stretched to the full range by itself.

    Args:
        Xs: images, shape (N, H, W, C).
        ubound: largest value of the grid.
        padding: empty pixels between images.

    Returns:
        grid: shape (A * (H + padding) - padding, A * (W + padding) - padding, C), A * A the smallest square
            that holds N, values from 0 to ubound; a constant image becomes zeros.

    Raises:
        ValueError: Xs does not have four axes or holds no image, or a number is out of range.
    """
    Xs = _images(Xs)
    ubound, padding = _valid.real("ubound", ubound), _valid.integer("padding", padding, 0)
    low = Xs.min(axis=(1, 2, 3), keepdims=True)
    span = Xs.max(axis=(1, 2, 3), keepdims=True) - low
    return _grid(ubound * (Xs - low) / np.where(span > 0, span, 1), padding)


def vis_grid(Xs):
    """Lay images out in a square grid, stretched to the range 0 to 1 together.

    Args:
        Xs: images, shape (N, H, W, C).

    Returns:
        grid: as visualize_grid's with padding 1; all zeros if all pixels are equal.

    Raises:
        ValueError: Xs does not have four axes or holds no image.
    """
    Xs = _images(Xs)
    span = Xs.max() - Xs.min()
    return _grid((Xs - Xs.min()) / (span if span > 0 else 1), padding=1)


def vis_nn(rows):
    """Lay rows of images out below each other, stretched to the range 0 to 1 together.

    Args:
        rows: list of lists of images, each of shape (H, W, C).

    Returns:
        grid: shape (len(rows) * (H + 1) - 1, longest row * (W + 1) - 1, C).

    Raises:
        ValueError: there is no image, or the images differ in shape.
    """
    images = [image for row in rows for image in row]
    shapes = {np.shape(image) for image in images}
    if len(shapes) != 1 or len(min(shapes)) != 3 or 0 in min(shapes):
        raise ValueError(
            f"rows holds images of shapes {sorted(shapes)}, expected at least one, all of one (H, W, C)"
        )
    [(H, W, C)] = shapes
    columns = max(map(len, rows))
    low, high = float(np.min(images)), float(np.max(images))  # in float32 the span might be rounded down
    grid = np.full((len(rows) * (H + 1) - 1, columns * (W + 1) - 1, C), low)
    for r, row in enumerate(rows):
        for c, image in enumerate(row):
            grid[r * (H + 1) : r * (H + 1) + H, c * (W + 1) : c * (W + 1) + W] = image
    return (grid - low) / (high - low if high > low else 1)


def plot_training(solvers, title):
    """Draw training loss, training accuracy and validation accuracy of one or more solvers side by side.

    Args:
        solvers: dict, label -> Solver that has been trained.
        title: heading of the figure.

    Returns:
        the figure.
    """
    figure, (losses, train, val) = plt.subplots(1, 3, figsize=(15, 4), layout="constrained")
    for label, solver in solvers.items():
        losses.plot(_smooth(solver.loss_history), label=label)
        train.plot(solver.train_acc_history, "o-", label=label)
        val.plot(solver.val_acc_history, "o-", label=label)
    losses.set(title="Training loss (running mean)", xlabel="iteration", ylabel="loss")
    train.set(title="Training accuracy", xlabel="epoch", ylabel="accuracy")
    val.set(title="Validation accuracy", xlabel="epoch", ylabel="accuracy")
    for axes in (losses, train, val):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    if len(solvers) > 1:
        val.legend()
    figure.suptitle(title)
    return figure


def _smooth(history, window=20):
    """Return the mean of the last `window` values at each point, fewer at the start."""
    # Not by differences of a running sum: one huge or infinite value would spoil all that come after it.
    start = [np.mean(history[:n]) for n in range(1, min(window, len(history) + 1))]
    rest = np.lib.stride_tricks.sliding_window_view(history, window).mean(axis=1) if len(history) >= window else []
    return np.concatenate([start, rest])


def _images(Xs):
    """Return Xs (N, H, W, C) as floats."""
    Xs = np.asarray(Xs)
    if Xs.ndim != 4 or Xs.size == 0 or Xs.dtype.kind not in "biuf":
        raise ValueError(f"Xs is {Xs.dtype} {Xs.shape}, expected numbers (N, H, W, C) with at least one image")
    return Xs.astype(np.result_type(Xs, np.float32))


def _grid(images, padding):
    """Place images (N, H, W, C) row by row in the smallest square grid that holds them."""
    N, H, W, C = images.shape
    side = math.ceil(math.sqrt(N))
    grid = np.zeros((side * (H + padding) - padding, side * (W + padding) - padding, C), images.dtype)
    for n, image in enumerate(images):
        top, left = n // side * (H + padding), n % side * (W + padding)
        grid[top : top + H, left : left + W] = image
    return grid
