"""Random search: train many models with arguments drawn at random, and see which arguments do well.

search = random_search(
    FullyConnectedNet,
    data,
    model={"hidden_dims": [100], "weight_scale": log_uniform(1e-3, 1e-1)},
    solver={"update_rule": "adam", "optim_config": {"learning_rate": log_uniform(1e-4, 1e-2)}, "num_epochs": 2},
    num_trials=20,
)
print(search.table())
search.plot()
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cs231n import validation as _valid
from cs231n.solver import Solver
from cs231n.terminal import progress_bar

__all__ = ["Search", "Trial", "choice", "log_uniform", "random_search"]


class log_uniform:
    """A number between low and high whose logarithm is uniform, so that every power of ten is as likely.

    Raises:
        ValueError: not 0 < low <= high.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low: float = _valid.real("low", low)
        self.high: float = _valid.real("high", high)
        if not 0 < self.low <= self.high:
            raise ValueError(f"low is {low!r} and high is {high!r}, expected 0 < low <= high")

    def draw(self, rng: np.random.Generator) -> float:
        return min(max(math.exp(rng.uniform(math.log(self.low), math.log(self.high))), self.low), self.high)


class choice:
    """One of the options, each as likely.

    Raises:
        ValueError: there is none.
    """

    def __init__(self, *options: Any) -> None:
        if not options:
            raise ValueError("options is empty, expected at least one")
        self.options = options

    def draw(self, rng: np.random.Generator) -> Any:
        return self.options[rng.integers(len(self.options))]


@dataclass(frozen=True)
class Trial:
    """One training of a search; `drawn` has the arguments that were drawn, by name."""

    number: int
    drawn: dict[str, Any]
    train_acc: float
    val_acc: float
    seconds: float
    divergence: dict[str, Any] | None


@dataclass
class Search:
    """The trials of a random search, in the order they were made, and the Solver of the best one."""

    trials: list[Trial] = field(default_factory=list)
    best_solver: Solver | None = None

    @property
    def best(self) -> Trial:
        """The trial with the best validation accuracy, the first of equal ones."""
        return max(self.trials, key=lambda trial: trial.val_acc)

    def table(self) -> str:
        """Return the trials as text, best first."""
        names = list(self.trials[0].drawn) if self.trials else []
        rows = [["trial", *names, "train", "val", "seconds", ""]]
        for trial in sorted(self.trials, key=lambda trial: -trial.val_acc):
            values = [f"{value:.3g}" if isinstance(value, float) else str(value) for value in trial.drawn.values()]
            ended = f"diverged in iteration {trial.divergence['iteration']}" if trial.divergence else ""
            accuracies = f"{trial.train_acc:.1%}", f"{trial.val_acc:.1%}"
            rows.append([str(trial.number), *values, *accuracies, f"{trial.seconds:.1f}", ended])
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join("  ".join(map(str.rjust, row, widths)).rstrip() for row in rows)

    def plot(self) -> Figure:
        """Draw validation accuracy against each argument that was drawn, and return the figure.

        Raises:
            ValueError: no argument was drawn, or there is no trial.
        """
        names = list(self.trials[0].drawn) if self.trials else []
        if not names:
            raise ValueError("the search has no trial with an argument that was drawn: there is nothing to plot")
        figure: Figure
        figure, panels = plt.subplots(
            1, len(names), figsize=(4.5 * len(names), 4), sharey=True, squeeze=False, layout="constrained"
        )
        for axes, name in zip(panels[0], names):
            self._scatter(axes, name)
        panels[0][0].set_ylabel("validation accuracy")
        panels[0][-1].legend()
        return figure

    def _scatter(self, axes: Axes, name: str) -> None:
        values = [trial.drawn[name] for trial in self.trials]
        numeric = all(isinstance(value, float) for value in values)
        x = dict(zip(map(id, self.trials), values if numeric else map(str, values)))
        styles = {"trained": ("o", "C0", 30), "diverged": ("x", "C3", 40), "best": ("*", "C1", 200)}
        groups = {
            "trained": [trial for trial in self.trials if not trial.divergence],
            "diverged": [trial for trial in self.trials if trial.divergence],
            "best": [self.best],
        }
        for label, (marker, colour, size) in styles.items():
            points = [(x[id(trial)], trial.val_acc) for trial in groups[label]]
            if points:
                across, up = zip(*points)
                axes.scatter(across, up, marker=marker, color=colour, s=size, label=label, zorder=len(label) == 4)
        axes.set(xlabel=name, xscale="log" if numeric else axes.get_xscale())
        axes.grid(alpha=0.3)


def random_search(
    make_model: Callable[..., Any],
    data: dict[str, np.ndarray],
    *,
    model: Mapping[str, Any],
    solver: Mapping[str, Any],
    num_trials: int,
    seed: int = 0,
    progress: bool = True,
) -> Search:
    """Train models with random arguments and return what came out.

    Each trial draws its arguments and seeds NumPy's global stream from `seed` and its own number alone, so a
    longer search begins with the trials of a shorter one; afterwards the stream is where it was. A training that
    diverges is stopped, unless `solver` says otherwise. Ctrl-C ends the search and keeps the finished trials.

    Args:
        make_model: called with the arguments in `model`, returns a model: for instance a class of models.
        data: as for Solver.
        model: dict of arguments for make_model. A value log_uniform(low, high) or choice(a, b, ...) is drawn anew
            for each trial, also inside dicts.
        solver: dict of arguments for Solver, likewise.
        num_trials: how many models to train.
        seed: integer of at least 0.
        progress: show a progress bar with the best validation accuracy so far.

    Returns:
        Search.

    Raises:
        ValueError: a number is out of range, or an argument that make_model or Solver refuses.
    """
    num_trials, seed = _valid.integer("num_trials", num_trials, 1), _valid.integer("seed", seed, 0)
    _valid.mapping("model", model), _valid.mapping("solver", solver)
    search, stream = Search(), np.random.get_state()
    try:
        with progress_bar(total=num_trials, disable=not progress, unit="trial") as bar:
            for number in range(num_trials):
                trained, trial = _train(make_model, data, model, solver, number, seed)
                if trained.interrupted:
                    break
                search.trials.append(trial)
                if search.best is trial:
                    search.best_solver = trained
                bar.update()
                bar.set_postfix(best=f"{search.best.val_acc:.1%}", refresh=False)
    except KeyboardInterrupt:
        pass  # between two trainings
    finally:
        np.random.set_state(stream)
    return search


def _train(
    make_model: Callable[..., Any],
    data: dict[str, np.ndarray],
    model: Mapping[str, Any],
    solver: Mapping[str, Any],
    number: int,
    seed: int,
) -> tuple[Solver, Trial]:
    """Make and train the model of one trial."""
    rng, drawn = np.random.default_rng([seed, number]), dict[str, Any]()
    model, solver = _draw(model, rng, drawn), _draw(solver, rng, drawn)
    np.random.seed(rng.integers(2**32))
    began = time.perf_counter()
    options: dict[str, Any] = {"verbose": False, "on_divergence": "stop"} | solver
    trained = Solver(make_model(**model), data, **options)
    with np.errstate(all="ignore"):  # a training that diverges is a result
        trained.train()
    train_acc = max(trained.train_acc_history, default=0.0)
    seconds = time.perf_counter() - began
    return trained, Trial(number, drawn, train_acc, float(trained.best_val_acc), seconds, trained.divergence)


def _draw(arguments: Mapping[str, Any], rng: np.random.Generator, drawn: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with a number in place of each range; the numbers also go into `drawn`."""
    result = {}
    for name, value in arguments.items():
        if isinstance(value, (log_uniform, choice)):
            value = drawn[name] = value.draw(rng)
        elif isinstance(value, dict):
            value = _draw(value, rng, drawn)
        result[name] = value
    return result
