"""The Solver trains a model: it draws minibatches, updates the parameters and measures accuracies."""

import contextlib
import inspect
import math
import os
import warnings
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from cs231n import checkpoint, model_state, optim
from cs231n import validation as _valid

__all__ = ["DivergenceError", "Solver"]

# Arguments of a Solver that are plain attributes of the same name.
_SETTINGS = (
    "lr_decay",
    "batch_size",
    "num_epochs",
    "num_train_samples",
    "num_val_samples",
    "print_every",
    "keep_checkpoints",
    "on_divergence",
)
# Attributes that change as training goes on and that a checkpoint holds as they are.
_PROGRESS = (
    "epoch",
    "best_val_acc",
    "best_params",
    "optim_configs",
    "divergence",
    "_iteration",
    "_best_epoch",
    "_best_state",
    "_checkpoint_epochs",
    "_initial_params",
    "_first_nonfinite",
    "_promotion_reported",
)
_HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")


class DivergenceError(FloatingPointError):
    """The loss became NaN or infinite."""


class _Model(Protocol):
    """What a Solver trains; see Solver."""

    params: dict[str, np.ndarray]

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any: ...


class Solver:
    """Train a classifier by stochastic gradient descent and keep its best parameters.

    One epoch is max(N // batch_size, 1) iterations, each on a minibatch drawn with replacement. After the
    first iteration and after each epoch the accuracy on training and validation images is measured. When
    training ends, the model gets the parameters (and running statistics) with the best validation accuracy.
    Ctrl-C ends the training early, in the same way.

        solver = Solver(model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, num_epochs=5)
        solver.train()

    With a checkpoint_name, the Solver writes a checkpoint file whenever it measures accuracies. `Solver.resume`
    continues from such a file. The result is the same, bit for bit, as without the interruption.

    Args:
        model: object with `params`, a dict of arrays, and `loss(X, y=None)`. Without y, loss returns scores
            (N, C). With y, it returns the loss and grads, a dict with the keys of params. Checkpoints also hold
            the model's `bn_params` and `dropout_param`, if it has them. A model that keeps anything else between
            calls needs two methods: `state()` returns dicts, lists, numbers, strings and arrays, and
            `load_state(state)` takes them back.
        data: dict with `X_train`, `y_train`, `X_val` and `y_val`.
        update_rule: name of a rule in `cs231n.optim`.
        optim_config: hyperparameters for the rule, such as `learning_rate`.
        lr_decay: after each epoch, the learning rate is multiplied by it.
        batch_size: images per minibatch.
        num_epochs: how many epochs train() runs.
        num_train_samples: how many training images to measure the accuracy on, None for all.
        num_val_samples: how many validation images, None for all.
        checkpoint_name: start of the path of the checkpoint files, `{checkpoint_name}_epoch_{epoch}.npz`; None:
            no files.
        print_every: iterations between printed losses.
        verbose: print losses and accuracies.
        progress: show a progress bar with loss, accuracies and learning rate.
        keep_checkpoints: how many of the newest checkpoint files of this training to keep, None for all. The one
            with the best validation accuracy is always kept.
        on_divergence: what to do when the loss becomes NaN or infinite. 'continue' warns once and goes on; 'stop'
            warns and ends the training with the best parameters; 'raise' raises DivergenceError and leaves the
            model as it is, so that you can look at it. Where np.errstate ignores invalid values, there is no
            warning.

    Attributes:
        epoch, best_val_acc, best_params, loss_history, train_acc_history, val_acc_history, optim_configs;
        update_rule is the function.
        divergence: None, or a dict: `iteration`, counted from 1, in which the loss was first NaN or infinite;
            `learning_rate`; `parameter`, the first one whose gradient was not finite, None if all were finite.
        interrupted: whether Ctrl-C ended the last train().

    Raises:
        KeyError: data lacks an array.
        ValueError: an argument, update rule or option is unknown, a number is out of range, the numbers of images
            and labels differ, or the model has no parameters.
    """

    def __init__(
        self,
        model: _Model,
        data: Mapping[str, ArrayLike],
        *,
        update_rule: str = "sgd",
        optim_config: Mapping[str, Any] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        num_train_samples: int | None = 1000,
        num_val_samples: int | None = None,
        checkpoint_name: str | Path | None = None,
        print_every: int = 10,
        verbose: bool = True,
        progress: bool = False,
        keep_checkpoints: int | None = None,
        on_divergence: Literal["continue", "stop", "raise"] = "continue",
        **unknown: Any,
    ) -> None:
        if unknown:
            raise ValueError("Unrecognized arguments " + ", ".join(f'"{name}"' for name in unknown))
        self.model = model
        _check_params(model)
        self.X_train, self.y_train = _labelled(data, "train")
        self.X_val, self.y_val = _labelled(data, "val")
        self.update_rule, self._rule_name = _find_rule(update_rule), update_rule
        self.optim_config = dict(_valid.mapping("optim_config", {} if optim_config is None else optim_config))
        self.lr_decay = _valid.real("lr_decay", lr_decay)
        self.batch_size: int = _valid.integer("batch_size", batch_size, 1)
        self.num_epochs = _valid.integer("num_epochs", num_epochs, 0)
        self.num_train_samples = _count("num_train_samples", num_train_samples)
        self.num_val_samples = _count("num_val_samples", num_val_samples)
        self.checkpoint_name = checkpoint_name
        self.print_every = _valid.integer("print_every", print_every, 1)
        self.verbose = verbose
        self.progress = progress
        self.keep_checkpoints = _count("keep_checkpoints", keep_checkpoints)
        self.on_divergence = _valid.option("on_divergence", on_divergence, ("continue", "stop", "raise"))
        self._reset()

    @classmethod
    def resume(
        cls,
        path: str | Path,
        model: _Model,
        data: Mapping[str, ArrayLike],
        *,
        num_epochs: int | None = None,
    ) -> Self:
        """Return a Solver that continues from a checkpoint; its train() runs the rest of the training.

        The result is the same, bit for bit, as without the interruption, on the same machine with the same
        number of threads. For this, NumPy's global random state becomes the saved one. New checkpoints are
        written into the folder of `path`. You may change attributes of the Solver that do not influence the
        result, such as `verbose`.

        Args:
            path: a checkpoint file.
            model: a model made with the same arguments as the one in the checkpoint; it gets the saved parameters
                and the rest of its saved state.
            data: the same data as before.
            num_epochs: a new number of epochs in total, larger or smaller than before; None keeps the number.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file is damaged, is no checkpoint or has a newer format; model or data differ from
                those of the checkpoint; num_epochs is less than the number of epochs that are done.
        """
        saved = checkpoint.load(path)
        arguments = saved["arguments"] | ({} if num_epochs is None else {"num_epochs": num_epochs})
        solver = cls(model, data, **arguments)
        least = math.ceil(saved["_iteration"] / solver._iterations_per_epoch())
        if solver.num_epochs < least:
            raise ValueError(
                f"num_epochs is {num_epochs}, expected at least {least}, the number of epochs done in {path}"
            )
        solver._check_same(path, saved)
        model_state.restore(model, saved["model_state"])
        model.params.update(saved["params"])
        for name in _PROGRESS:
            setattr(solver, name, saved[name])
        for name in _HISTORIES:
            setattr(solver, name, saved[name].tolist())
        name = os.path.basename(arguments["checkpoint_name"])
        solver.checkpoint_name = os.path.join(os.path.dirname(path), name)
        np.random.set_state(saved["random_state"])
        solver._warn_of_other_settings(path, saved["model_settings"])
        return solver

    def _reset(self) -> None:
        """Forget all training: histories, best parameters and the state of the update rule."""
        self.epoch = 0
        self.best_val_acc: float = 0
        self.best_params: dict[str, np.ndarray] = {}
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.optim_configs = {name: dict(self.optim_config) for name in self.model.params}
        self.divergence: dict[str, Any] | None = None
        self.interrupted = False
        self._iteration = 0  # of the train() that is running or was resumed
        self._best_epoch: int | None = None
        self._best_state: Any = None
        self._checkpoint_epochs: list[int] = []  # of the files that are there, oldest first
        self._initial_params = model_state.shapes(self.model)
        # (iteration, parameter) of the first gradient that was not finite
        self._first_nonfinite: tuple[int, str] | None = None
        self._promotion_reported = False

    def _step(self) -> None:
        """Draw a minibatch and update every parameter once."""
        batch = np.random.choice(len(self.X_train), self.batch_size)
        loss, grads = self.model.loss(self.X_train[batch], self.y_train[batch])
        self.loss_history.append(float(loss))
        self._watch(_valid.mapping("grads of model.loss", grads))
        updated = {}
        for name, w in self.model.params.items():
            dw = _valid.key("grads of model.loss", grads, name)
            updated[name], self.optim_configs[name] = self.update_rule(w, dw, self.optim_configs[name])
            self._report_promotion(name, w, updated[name])
        self.model.params.update(updated)  # all at once, so that Ctrl-C cannot leave half a step

    def _watch(self, grads: Mapping[str, np.ndarray]) -> None:
        """Notice the first gradient that is not finite, and report the first such loss.

        Within a step, it is the first one in the order of grads: the backward pass runs from the last layer to the
        first, and NaN spreads in this order.
        """
        if self._first_nonfinite is None:
            name = next((name for name, dw in grads.items() if not _is_finite(dw)), None)
            self._first_nonfinite = None if name is None else (len(self.loss_history), name)
        if self.divergence is None and not math.isfinite(self.loss_history[-1]):
            iteration, name = self._first_nonfinite or (None, None)
            config = self.optim_configs.get(name or "", next(iter(self.optim_configs.values())))
            self.divergence = {
                "iteration": len(self.loss_history),
                "learning_rate": config.get("learning_rate"),
                "parameter": name,
            }
            self._report_divergence(self.divergence, iteration)

    def _report_divergence(self, divergence: Mapping[str, Any], first: int | None) -> None:
        """Say where training diverged; `first` is the iteration of the first gradient that was not finite."""
        iteration, rate, name = (divergence[key] for key in ("iteration", "learning_rate", "parameter"))
        culprit = "all gradients so far are finite"
        if name is not None:
            culprit = f"the gradient of params[{name!r}] was the first that was not finite, in iteration {first}"
        rate = "the default learning rate" if rate is None else f"learning rate {rate:g}"
        message = (
            f"the loss is {self.loss_history[-1]} in iteration {iteration}, with {rate}; {culprit}. "
            "A lower learning rate or weight scale may help"
        )
        if self.on_divergence == "raise":
            raise DivergenceError(message)
        if np.geterr()["invalid"] != "ignore":
            warnings.warn(message, RuntimeWarning, stacklevel=5)
        if self.on_divergence == "stop":
            raise DivergenceError(message)

    def _report_promotion(self, name: str, w: np.ndarray, next_w: np.ndarray) -> None:
        """Warn, once, when an update changes the dtype of a parameter."""
        if next_w.dtype != w.dtype and not self._promotion_reported:
            self._promotion_reported = True
            warnings.warn(
                f"params[{name!r}] was {w.dtype} and is {next_w.dtype} after an update: the dtype of the model's "
                f"gradients differs from that of its parameters, so training now computes in {next_w.dtype}",
                stacklevel=4,
            )

    def check_accuracy(
        self, X: ArrayLike, y: ArrayLike, num_samples: int | None = None, batch_size: int = 100
    ) -> float:
        """Return the fraction of images that the model classifies correctly.

        Args:
            X: images, shape (N, d1, ..., dk).
            y: labels, shape (N,).
            num_samples: if smaller than N, measure on that many images drawn with replacement.
            batch_size: images per call of the model's loss, to limit memory.

        Raises:
            ValueError: there is no image, X and y differ in length, or a number is out of range.
        """
        X, y = _matching("X", X, "y", y)
        num_samples, batch_size = _count("num_samples", num_samples), _valid.integer("batch_size", batch_size, 1)
        N = len(X)
        if num_samples is not None and num_samples < N:
            chosen = np.random.choice(N, num_samples)
            X, y, N = X[chosen], y[chosen], num_samples
        predicted = [
            np.argmax(self.model.loss(X[start : start + batch_size]), axis=1) for start in range(0, N, batch_size)
        ]
        return float(np.mean(np.concatenate(predicted) == y))

    def train(self) -> None:
        """Train for num_epochs epochs, then load the best parameters into the model.

        After `Solver.resume`, train for the remaining epochs. Ctrl-C ends training early; the best parameters so
        far are loaded.

        Raises:
            DivergenceError: the loss became NaN or infinite, with on_divergence='raise'.
            OSError: a checkpoint could not be written.
        """
        iterations_per_epoch = self._iterations_per_epoch()
        num_iterations = self.num_epochs * iterations_per_epoch
        first, self._iteration, self.interrupted = self._iteration, 0, False
        self._remove_old_checkpoints()  # of a training that was killed before it came to that
        with tqdm(total=num_iterations, initial=first, disable=not self.progress, unit="it") as bar:
            try:
                for t in range(first, num_iterations):
                    self._step()
                    if self.verbose and t % self.print_every == 0:
                        bar.write(f"(Iteration {t + 1} / {num_iterations}) loss: {self.loss_history[-1]:f}")
                    epoch_end = (t + 1) % iterations_per_epoch == 0
                    if epoch_end:
                        self._end_epoch()
                    if t == 0 or epoch_end:  # the last iteration ends an epoch
                        self._evaluate(bar)
                        self._save_checkpoint(t + 1)
                    self._show(bar)
            except KeyboardInterrupt:
                self.interrupted = True
                bar.write(
                    f"(Interrupted after epoch {self.epoch} / {self.num_epochs}) keeping the best parameters"
                )
            except DivergenceError:
                if self.on_divergence == "raise":
                    raise
        self._load_best()

    def _iterations_per_epoch(self) -> int:
        return max(len(self.X_train) // self.batch_size, 1)

    def _end_epoch(self) -> None:
        """Count the epoch and let the learning rates decay."""
        self.epoch += 1
        for config in self.optim_configs.values():
            if "learning_rate" in config:  # your own rule may have none
                config["learning_rate"] *= self.lr_decay

    def _evaluate(self, bar: tqdm) -> None:
        """Measure both accuracies, and keep the parameters if they are the best so far."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if self.verbose:
            bar.write(f"(Epoch {self.epoch} / {self.num_epochs}) train acc: {train_acc:f}; val_acc: {val_acc:f}")
        if val_acc > self.best_val_acc:
            self.best_val_acc = val_acc
            self.best_params = {name: w.copy() for name, w in self.model.params.items()}
            self._best_epoch = self.epoch
            self._best_state = model_state.of_best(self.model)

    def _show(self, bar: tqdm) -> None:
        """Bring the progress bar up to date."""
        bar.update()
        if self.progress:
            bar.set_postfix(
                loss=f"{self.loss_history[-1]:.3f}",
                train=f"{self.train_acc_history[-1]:.3f}",
                val=f"{self.val_acc_history[-1]:.3f}",
                lr=f"{next(iter(self.optim_configs.values())).get('learning_rate', math.nan):.2e}",
                refresh=False,
            )

    def _load_best(self) -> None:
        """Put the best parameters and running statistics into the model, if any accuracy exceeded 0."""
        if not self.best_params:
            return
        self.model.params = {name: w.copy() for name, w in self.best_params.items()}
        model_state.restore_best(self.model, self._best_state)

    def _save_checkpoint(self, iteration: int) -> None:
        """Write `{checkpoint_name}_epoch_{epoch}.npz`, then remove the old ones that are not kept."""
        if self.checkpoint_name is None:
            return
        epochs = [epoch for epoch in self._checkpoint_epochs if epoch != self.epoch] + [self.epoch]
        saved = {name: getattr(self, name) for name in _PROGRESS}
        saved |= {name: np.array(getattr(self, name), float) for name in _HISTORIES}
        saved |= {"_iteration": iteration, "_checkpoint_epochs": epochs}
        saved["arguments"] = {name: getattr(self, name) for name in _SETTINGS} | {
            "update_rule": self._rule_name,
            "optim_config": self.optim_config,
            "checkpoint_name": str(self.checkpoint_name),
            "verbose": bool(self.verbose),
            "progress": bool(self.progress),
        }
        saved["params"] = self.model.params
        saved["model_state"] = model_state.get(self.model)
        saved["model_settings"] = model_state.settings(self.model)
        saved["data"] = self._fingerprints()
        saved["random_state"] = np.random.get_state(legacy=False)
        checkpoint.save(self._checkpoint_path(self.epoch), saved)
        self._checkpoint_epochs = epochs
        self._remove_old_checkpoints()

    def _remove_old_checkpoints(self) -> None:
        epochs = self._checkpoint_epochs
        kept = {self._best_epoch, *(epochs if self.keep_checkpoints is None else epochs[-self.keep_checkpoints :])}
        for epoch in set(epochs) - kept:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._checkpoint_path(epoch))
        self._checkpoint_epochs = [epoch for epoch in epochs if epoch in kept]

    def _checkpoint_path(self, epoch: int) -> str:
        return f"{self.checkpoint_name}_epoch_{epoch}.npz"

    def _fingerprints(self) -> dict[str, list]:
        """Return what identifies the data: name -> [shape, dtype, checksum]."""
        return {name: _fingerprint(getattr(self, name)) for name in ("X_train", "y_train", "X_val", "y_val")}

    def _check_same(self, path: str | Path, saved: Mapping[str, Any]) -> None:
        """Check that model and data are those of a checkpoint, by shapes, dtypes and checksums."""
        for name, fingerprint in self._fingerprints().items():
            if fingerprint != saved["data"][name]:
                raise ValueError(
                    f"data[{name!r}] is {fingerprint[1]} {fingerprint[0]}, expected the same data as in {path}: "
                    f"{saved['data'][name][1]} {saved['data'][name][0]}, with the same values"
                )
        other = model_state.difference(self.model, saved["_initial_params"], saved["model_state"])
        if other:
            raise ValueError(f"{path} is of a different model: {other}. Make the model with the same arguments")

    def _warn_of_other_settings(self, path: str | Path, expected: Mapping[str, Any]) -> None:
        """Warn if numbers or strings among the model's attributes have changed since the checkpoint."""
        found = model_state.settings(self.model)
        others = [
            f"{name} is {found[name]!r} and was {value!r}"
            for name, value in expected.items()
            if name in found and found[name] != value
        ]
        if others:
            warnings.warn(
                f"the model differs from the one in {path}: {', '.join(others)}. Training continues with the "
                "new values",
                stacklevel=3,
            )


def _labelled(data: Mapping[str, ArrayLike], split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of a split: equally many, and at least one."""
    data = _valid.mapping("data", data)
    names = f"X_{split}", f"y_{split}"
    X, y = (_valid.key("data", data, name) for name in names)
    return _matching(f"data['{names[0]}']", X, f"data['{names[1]}']", y)


def _matching(X_name: str, X: ArrayLike, y_name: str, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels as arrays: equally many, and at least one."""
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim == 0 or y.ndim != 1 or len(X) != len(y) or len(X) == 0:
        raise ValueError(
            f"{X_name} has shape {X.shape} and {y_name} {y.shape}, expected (N, ...) and (N,) with at least one "
            "image"
        )
    return X, y


def _count(name: str, value: int | None) -> int | None:
    """Return a number of at least 1, or None for all."""
    return None if value is None else _valid.integer(name, value, 1)


def _find_rule(name: str) -> Callable:
    """Return the update rule of that name: a public function defined in cs231n.optim."""
    rule = getattr(optim, name, None) if isinstance(name, str) and not name.startswith("_") else None
    if not inspect.isfunction(rule) or rule.__module__ != optim.__name__:
        raise ValueError(f'Invalid update_rule "{name}"')
    return rule


def _check_params(model: _Model) -> None:
    """Check that a model has parameters by name."""
    params = _valid.mapping("model.params", getattr(model, "params", None))
    if not params:
        raise ValueError("model.params is empty, expected a dict of arrays: there is nothing to train")


def _is_finite(dw: ArrayLike) -> bool:
    dw = np.asarray(dw)
    return dw.dtype.kind not in "fc" or bool(np.isfinite(dw).all())


def _fingerprint(array: np.ndarray) -> list:
    """Return shape, dtype and the checksum of up to 256 rows of an array."""
    rows = array[np.linspace(0, len(array) - 1, min(len(array), 256)).astype(int)]
    rows = rows.astype(rows.dtype.newbyteorder("="))
    return [str(array.shape), str(rows.dtype), 0 if rows.dtype.hasobject else zlib.crc32(rows.tobytes())]
