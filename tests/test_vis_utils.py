"""cs231n.vis_utils: where each pixel lands, with what value, and what the curves hold."""

import math
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs231n.vis_utils import _smooth, plot_training, vis_grid, vis_nn, visualize_grid
from tests.oracles import FLOATS, MEMORY, complains, lay_out, parametrise

matplotlib.use("Agg")  # no window, wherever the tests run


def _images(shape, seed=0):
    return np.random.default_rng(seed).normal(3, 20, shape)


def _place(images, side, padding):
    """The images, row by row, in a square of `side` by `side`; NaN where there is none."""
    _, H, W, C = images.shape
    grid = np.full((side * (H + padding) - padding, side * (W + padding) - padding, C), np.nan)
    for n, image in enumerate(images):
        row, column = divmod(n, side)
        for i, j in np.ndindex(H, W):
            grid[row * (H + padding) + i, column * (W + padding) + j] = image[i, j]
    return grid


def _assert_placed(grid, expected, background, dtype=np.float64):
    assert grid.shape == expected.shape
    empty = np.isnan(expected)
    np.testing.assert_allclose(grid[~empty], expected[~empty], rtol=0, atol=1e-12 if dtype == np.float64 else 1e-3)
    assert np.all(grid[empty] == background)


# --- the two square grids -----------------------------------------------------------------------------------


@given(
    count=st.integers(1, 17),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3])),
    ubound=st.sampled_from([1.0, 255.0, 7]),
    padding=st.integers(0, 3),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_visualize_grid_stretches_every_image_by_itself_and_puts_it_in_its_place(count, size, ubound, padding):
    images = _images((count, *size))
    low, high = images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3))
    stretched = np.zeros(images.shape)
    for n in range(count):
        if high[n] > low[n]:
            stretched[n] = ubound * (images[n] - low[n]) / (high[n] - low[n])
    side = next(side for side in range(1, 9) if side * side >= count)
    _assert_placed(visualize_grid(images, ubound, padding), _place(stretched, side, padding), background=0)


@given(count=st.integers(1, 17), size=st.tuples(st.integers(1, 4), st.integers(2, 4), st.sampled_from([1, 3])))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_vis_grid_stretches_all_images_together_and_puts_them_in_their_place(count, size):
    images = _images((count, *size))
    grid = vis_grid(images)
    side = next(side for side in range(1, 9) if side * side >= count)
    expected = _place((images - images.min()) / (images.max() - images.min()), side, padding=1)
    _assert_placed(grid, expected, background=0)
    assert grid.min() == 0 and grid.max() == 1


def test_the_largest_value_is_255_and_the_padding_one_pixel_unless_given():
    grid = visualize_grid(_images((3, 4, 5, 3)))
    assert grid.shape == (9, 11, 3)
    assert grid.min() == 0 and grid.max() == 255


@pytest.mark.parametrize(
    "count, side", [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (16, 4), (50, 8), (64, 8)]
)
@pytest.mark.parametrize("draw", [visualize_grid, vis_grid])
def test_the_grid_is_the_smallest_square_that_holds_all_images(draw, count, side):
    assert draw(_images((count, 2, 3, 1))).shape == (side * 3 - 1, side * 4 - 1, 1)


@pytest.mark.parametrize("value", [0.0, 5.0, -3.5])
@pytest.mark.parametrize("draw", [visualize_grid, vis_grid])
def test_constant_images_give_zeros(draw, value):
    assert np.array_equal(draw(np.full((3, 2, 2, 3), value)), np.zeros((5, 5, 3)))


def test_a_constant_image_beside_others_gives_zeros_and_leaves_them_alone():
    images = _images((2, 3, 3, 1))
    images[0] = 42
    grid = visualize_grid(images)
    assert np.all(grid[:3, :3] == 0)
    assert grid[:3, 4:7].min() == 0 and grid[:3, 4:7].max() == 255


@pytest.mark.parametrize("dtype, low", [(np.uint8, 0), (np.int8, -128), (np.int64, -128), (np.float32, 0)])
@pytest.mark.parametrize("draw", [visualize_grid, vis_grid])
def test_pixels_of_another_dtype_give_the_same_picture(draw, dtype, low):
    images = np.random.default_rng(0).integers(low, low + 256, (5, 3, 4, 3))
    grid = draw(images.astype(dtype))
    assert grid.dtype.kind == "f"
    np.testing.assert_allclose(grid, draw(images.astype(np.float64)), rtol=0, atol=1e-4)


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("draw", [visualize_grid, vis_grid])
def test_any_memory_layout_gives_the_same_picture_and_is_left_alone(draw, dtype, memory):
    plain = _images((5, 3, 4, 3)).astype(dtype)
    [odd] = lay_out([plain], memory)
    np.testing.assert_allclose(draw(odd), draw(plain), rtol=1e-6)
    assert np.array_equal(odd, plain)


@pytest.mark.parametrize("shape", [(3, 4, 3), (4,), (2, 1, 3, 4, 3), (0, 3, 4, 3), (2, 0, 4, 3)])
@pytest.mark.parametrize("draw", [visualize_grid, vis_grid])
def test_anything_but_images_is_refused(draw, shape):
    with complains(ValueError, r"\bXs\b", str(shape).replace("(", r"\(").replace(")", r"\)")):
        draw(np.ones(shape))


# --- rows of images -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [[1], [3], [2, 2], [4, 4, 4], [1, 3, 2], [2, 0, 1]], ids=str)
def test_vis_nn_lays_rows_out_below_each_other(lengths):
    images = iter(_images((sum(lengths), 3, 2, 3)))
    rows = [[next(images) for _ in range(length)] for length in lengths]
    grid = vis_nn(rows)

    drawn = [image for row in rows for image in row]
    low, high = np.min(drawn), np.max(drawn)
    expected = np.full((len(rows) * 4 - 1, max(lengths) * 3 - 1, 3), np.nan)
    for r, row in enumerate(rows):
        for c, image in enumerate(row):
            expected[4 * r : 4 * r + 3, 3 * c : 3 * c + 2] = (image - low) / (high - low)
    _assert_placed(grid, expected, background=0)
    assert grid.min() == 0 and grid.max() == 1


def test_vis_nn_keeps_to_the_range_where_float32_would_round_the_span_down():
    low, high = np.float32(-4), np.nextafter(np.float32(3), np.float32(4))
    assert high - low == 7  # seven and a quarter of a millionth, in truth
    grid = vis_nn([[np.array([[[low, 0, high]]], np.float32)]])
    assert grid.min() == 0 and grid.max() == 1


def test_vis_nn_of_constant_images_gives_zeros():
    assert np.array_equal(vis_nn([[np.full((2, 2, 3), 7.0)] * 2] * 3), np.zeros((8, 5, 3)))


def test_vis_nn_takes_bytes():
    rows = [[np.array([[[0, 128, 255]]], np.uint8), np.array([[[51, 0, 0]]], np.uint8)]]
    np.testing.assert_allclose(vis_nn(rows), [[[0, 128 / 255, 1], [0, 0, 0], [0.2, 0, 0]]])


@pytest.mark.parametrize(
    "rows", [[], [[]], [[np.ones((2, 2, 3)), np.ones((2, 3, 3))]]], ids=["no", "empty", "unlike"]
)
def test_vis_nn_refuses_rows_without_images_or_of_several_shapes(rows):
    with complains(ValueError, "rows", "image"):
        vis_nn(rows)


# --- curves -------------------------------------------------------------------------------------------------


@pytest.fixture
def _figures_closed():
    yield
    plt.close("all")


def _solver(iterations, epochs, seed):
    rng = np.random.default_rng(seed)
    return SimpleNamespace(
        loss_history=list(rng.uniform(0, 3, iterations)),
        train_acc_history=list(rng.uniform(0, 1, epochs + 1)),
        val_acc_history=list(rng.uniform(0, 1, epochs + 1)),
    )


SOLVERS = {
    "one solver": {"adam": _solver(60, 3, 0)},
    "three solvers of different length": {
        "sgd": _solver(45, 2, 1),
        "momentum": _solver(5, 5, 2),
        "adam": _solver(1, 1, 3),
    },
}


@pytest.mark.usefixtures("_figures_closed")
@parametrise("solvers", SOLVERS)
def test_the_curves_hold_what_the_histories_hold(solvers):
    figure = plot_training(solvers, "Which rule is the fastest?")
    losses, train, val = figure.axes
    for position, solver in enumerate(solvers.values()):
        for axes, history in ((train, solver.train_acc_history), (val, solver.val_acc_history)):
            x, y = axes.lines[position].get_data()
            assert list(x) == list(range(len(history)))
            assert list(y) == history
        x, y = losses.lines[position].get_data()
        recent = [solver.loss_history[max(t - 19, 0) : t + 1] for t in range(len(solver.loss_history))]
        assert list(x) == list(range(len(recent)))
        np.testing.assert_allclose(y, [math.fsum(window) / len(window) for window in recent], rtol=1e-12)
    assert [len(axes.lines) for axes in figure.axes] == [len(solvers)] * 3


@pytest.mark.usefixtures("_figures_closed")
@parametrise("solvers", SOLVERS)
def test_the_figure_says_what_it_shows(solvers):
    figure = plot_training(solvers, "Which rule is the fastest?")
    figure.canvas.draw()
    losses, train, val = figure.axes
    assert figure.get_suptitle() == "Which rule is the fastest?"
    assert "loss" in losses.get_title().lower() and "loss" in losses.get_ylabel()
    assert "training accuracy" in train.get_title().lower()
    assert "validation accuracy" in val.get_title().lower()
    assert [axes.get_xlabel() for axes in figure.axes] == ["iteration", "epoch", "epoch"]


@pytest.mark.usefixtures("_figures_closed")
def test_several_solvers_are_told_apart_by_a_legend_and_one_needs_none():
    several, one = (plot_training(solvers, "") for solvers in list(SOLVERS.values())[::-1])
    texts = [text.get_text() for axes in several.axes if axes.get_legend() for text in axes.get_legend().texts]
    assert texts == ["sgd", "momentum", "adam"]
    for axes in several.axes:
        assert len({line.get_color() for line in axes.lines}) == 3
    assert all(axes.get_legend() is None for axes in one.axes)


@pytest.mark.usefixtures("_figures_closed")
def test_the_solvers_are_not_changed():
    solver = _solver(30, 2, 4)
    kept = {name: list(history) for name, history in vars(solver).items()}
    plot_training({"adam": solver}, "")
    assert vars(solver) == kept


def test_one_huge_or_infinite_loss_spoils_the_running_mean_of_its_window_only():
    losses = np.full(100, 2.5)
    losses[[3, 30]] = 1e30, np.inf
    smooth = _smooth(losses.tolist())
    assert smooth.shape == (100,)
    assert (
        smooth[:3].tolist() == [2.5] * 3
        and smooth[25:30].tolist() == [2.5] * 5
        and smooth[50:].tolist() == [2.5] * 50
    )
    assert _smooth([1.0, 2.0]).tolist() == [1.0, 1.5] and len(_smooth([])) == 0
