"""cs231n.search: what is drawn, what is trained, what is kept, and what is shown."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.search import choice, log_uniform, random_search
from cs231n.solver import Solver
from tests import training
from tests.oracles import complains

MODEL = {"hidden_dims": [8], "input_dim": 40, "num_classes": 4, "weight_scale": log_uniform(1e-2, 1)}
SOLVER = {"optim_config": {"learning_rate": log_uniform(1e-3, 1)}, "num_epochs": 2, "batch_size": 20}


def _search(num_trials=5, make=FullyConnectedNet, **options):
    options = {"model": MODEL, "solver": SOLVER, "progress": False} | options
    return random_search(make, training.make_data(), num_trials=num_trials, **options)


def test_logarithms_are_drawn_uniformly_within_the_bounds():
    rng = np.random.default_rng(0)
    drawn = np.log10([log_uniform(1e-4, 1).draw(rng) for _ in range(20000)])
    assert -4 <= drawn.min() < -3.99 and -0.01 < drawn.max() <= 0
    share, _ = np.histogram(drawn, bins=8, range=(-4, 0))
    assert np.abs(share / 20000 - 1 / 8).max() < 0.01
    assert log_uniform(0.3, 0.3).draw(rng) == 0.3


def test_every_option_is_drawn():
    rng = np.random.default_rng(0)
    drawn = [choice("a", None, [3]).draw(rng) for _ in range(3000)]
    assert all(900 < drawn.count(option) < 1100 for option in ("a", None, [3]))


@pytest.mark.parametrize("low, high", [(0, 1), (-1, 1), (2, 1), (math.nan, 1), (1, math.inf), ("1", 2)])
def test_bounds_that_have_no_logarithm_or_order_are_refused(low, high):
    with complains(ValueError, r"\b(low|high)\b"):
        log_uniform(low, high)


def test_a_trial_is_the_training_that_its_arguments_and_seed_describe():
    search = _search(seed=3)
    rng = np.random.default_rng([3, 1])
    scale = math.exp(rng.uniform(math.log(1e-2), math.log(1)))
    rate = math.exp(rng.uniform(math.log(1e-3), math.log(1)))
    assert search.trials[1].drawn == {"weight_scale": scale, "learning_rate": rate}
    np.random.seed(rng.integers(2**32))
    net = FullyConnectedNet([8], 40, 4, weight_scale=scale)
    solver = Solver(net, training.make_data(), optim_config={"learning_rate": rate}, num_epochs=2, batch_size=20)
    solver.verbose = False
    solver.train()
    assert search.trials[1].val_acc == solver.best_val_acc
    assert search.trials[1].train_acc == max(solver.train_acc_history)


def test_a_longer_search_begins_with_a_shorter_one_and_leaves_the_stream_alone():
    np.random.seed(5)
    short, long = _search(2), _search(4)
    assert np.random.rand() == np.random.RandomState(5).rand()
    summary = [[(t.number, t.drawn, t.train_acc, t.val_acc) for t in search.trials] for search in (short, long)]
    assert summary[0] == summary[1][:2] and len(summary[1]) == 4
    assert _search(2, seed=1).trials[0].drawn != short.trials[0].drawn


def test_the_best_trial_comes_with_its_solver():
    search = _search(6)
    assert search.best.val_acc == max(trial.val_acc for trial in search.trials) == search.best_solver.best_val_acc
    data = training.make_data()
    assert search.best_solver.check_accuracy(data["X_val"], data["y_val"]) == search.best.val_acc


def test_a_training_that_diverges_is_stopped_and_told_in_the_table():
    solver = SOLVER | {"optim_config": {"learning_rate": choice(1e30, 1e-2)}}
    search = _search(6, solver=solver)
    diverged = [trial for trial in search.trials if trial.divergence]
    assert diverged and all(trial.drawn["learning_rate"] == 1e30 for trial in diverged)
    assert f"diverged in iteration {diverged[0].divergence['iteration']}" in search.table()


def test_the_table_has_a_line_for_each_trial_best_first():
    search = _search(5)
    lines = [line.split() for line in search.table().splitlines()]
    assert lines[0] == ["trial", "weight_scale", "learning_rate", "train", "val", "seconds"]
    assert sorted(line[0] for line in lines[1:]) == list("01234")
    assert [float(line[4].rstrip("%")) for line in lines[1:]] == sorted(
        (round(100 * trial.val_acc, 1) for trial in search.trials), reverse=True
    )
    assert float(lines[1][1]) == pytest.approx(search.best.drawn["weight_scale"], rel=1e-2)


def test_the_plot_has_a_panel_for_each_argument_with_every_trial():
    solver = SOLVER | {"optim_config": {"learning_rate": choice(1e30, 1e-2)}}
    search = _search(6, solver=solver, model=MODEL | {"hidden_dims": choice([4], [8, 8])})
    figure = search.plot()
    panels = figure.axes
    assert [axes.get_xlabel() for axes in panels] == ["hidden_dims", "weight_scale", "learning_rate"]
    assert [axes.get_xscale() for axes in panels] == ["linear", "log", "log"]
    for axes in panels:
        assert sum(len(points.get_offsets()) for points in axes.collections) == 7  # the best one twice
    plt.close(figure)
    with complains(ValueError, "nothing to plot"):
        _search(1, model=MODEL | {"weight_scale": 0.1}, solver={"num_epochs": 1}).plot()


@pytest.mark.parametrize("call", [1, 3, 8])
def test_ctrl_c_keeps_the_trials_that_are_finished(call):
    calls = []

    class Interrupting(FullyConnectedNet):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            calls.append("made")
            if call == 3 and len(calls) == 3:
                raise KeyboardInterrupt

        def loss(self, X, y=None):
            if call != 3 and calls.count("made") == call:
                raise KeyboardInterrupt
            return super().loss(X, y)

    search = _search(8, make=Interrupting)
    assert [trial.number for trial in search.trials] == list(range(call - 1))
    assert (search.best_solver is None) is (call == 1)
    assert search.table()


def test_a_bar_shows_the_best_accuracy_if_asked(capsys):
    search = _search(3, progress=True)
    printed = capsys.readouterr()
    assert "3/3" in printed.err and "best=" in printed.err and printed.out == ""
    assert len(search.trials) == 3


@pytest.mark.parametrize(
    "options, name",
    [
        ({"num_trials": 0}, "num_trials"),
        ({"seed": -1}, "seed"),
        ({"model": None}, "model"),
        ({"solver": []}, "solver"),
        ({"solver": SOLVER | {"batch_size": 0}}, "batch_size"),
    ],
)
def test_arguments_out_of_range_are_named(options, name):
    with complains(ValueError, rf"\b{name}\b"):
        _search(**options)
    with pytest.raises(ValueError, match="options"):
        choice()
