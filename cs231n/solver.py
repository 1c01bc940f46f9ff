"""The Solver: everything about training a model that is not the model."""

import inspect
import os
import warnings

import numpy as np
from tqdm.auto import tqdm

from cs231n import optim
from cs231n import validation as _valid

__all__ = ["Solver"]


class Solver:
    """Train a classifier by stochastic gradient descent and keep its best parameters.

    One epoch is max(N // batch_size, 1) iterations, each on a minibatch drawn with replacement. After the
    first iteration and after each epoch the accuracy on training and validation images is measured. When
    training ends, also by Ctrl-C, the model has the parameters (and running statistics) with the best
    validation accuracy.

        solver = Solver(model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, num_epochs=5)
        solver.train()

    Args:
        model: object with `params`, a dict of arrays, and `loss(X, y=None)`, which returns scores (N, C)
            without y and (loss, grads) with it, grads having the keys of params.
        data: dict with `X_train`, `y_train`, `X_val` and `y_val`.
        update_rule: name of a rule in `cs231n.optim`.
        optim_config: hyperparameters for the rule, such as `learning_rate`.
        lr_decay: factor on the learning rate after each epoch.
        batch_size: images per minibatch.
        num_epochs: how many epochs train() runs.
        num_train_samples: how many training images to measure the accuracy on, None for all.
        num_val_samples: how many validation images, None for all.
        checkpoint_name: start of the path of checkpoint files, `{checkpoint_name}_epoch_{epoch}.npz`; None
            writes none.
        print_every: iterations between printed losses.
        verbose: print losses and accuracies.
        progress: show a progress bar with loss, accuracies and learning rate.

    Attributes:
        epoch, best_val_acc, best_params, loss_history, train_acc_history, val_acc_history, optim_configs;
        update_rule is the function.

    Raises:
        KeyError: data lacks an array.
        ValueError: an unknown argument or update rule, a number out of range, or images and labels that do
            not match.
    """

    def __init__(
        self,
        model,
        data,
        *,
        update_rule="sgd",
        optim_config=None,
        lr_decay=1.0,
        batch_size=100,
        num_epochs=10,
        num_train_samples=1000,
        num_val_samples=None,
        checkpoint_name=None,
        print_every=10,
        verbose=True,
        progress=False,
        **unknown,
    ):
        if unknown:
            raise ValueError("Unrecognized arguments " + ", ".join(f'"{name}"' for name in unknown))
        self.model = model
        self.X_train, self.y_train = _labelled(data, "train")
        self.X_val, self.y_val = _labelled(data, "val")
        self.update_rule = _find_rule(update_rule)
        self.optim_config = dict(optim_config or {})
        self.lr_decay = _valid.real("lr_decay", lr_decay)
        self.batch_size = _valid.integer("batch_size", batch_size, 1)
        self.num_epochs = _valid.integer("num_epochs", num_epochs, 0)
        self.num_train_samples = _samples("num_train_samples", num_train_samples)
        self.num_val_samples = _samples("num_val_samples", num_val_samples)
        self.checkpoint_name = checkpoint_name
        self.print_every = _valid.integer("print_every", print_every, 1)
        self.verbose = verbose
        self.progress = progress
        self._reset()

    def _reset(self):
        """Forget all training: histories, best parameters and the state of the update rule."""
        self.epoch = 0
        self.best_val_acc = 0
        self.best_params = {}
        self.loss_history = []
        self.train_acc_history = []
        self.val_acc_history = []
        self.optim_configs = {name: dict(self.optim_config) for name in self.model.params}
        self._best_statistics = []
        self._promotion_reported = False

    def _step(self):
        """Draw a minibatch and update every parameter once."""
        batch = np.random.choice(len(self.X_train), self.batch_size)
        loss, grads = self.model.loss(self.X_train[batch], self.y_train[batch])
        self.loss_history.append(float(loss))
        updated = {}
        for name, w in self.model.params.items():
            updated[name], self.optim_configs[name] = self.update_rule(w, grads[name], self.optim_configs[name])
            self._report_promotion(name, w, updated[name])
        self.model.params.update(updated)  # all at once, so that Ctrl-C cannot leave half a step

    def _report_promotion(self, name, w, next_w):
        """Warn, once, when an update changes the dtype of a parameter."""
        if next_w.dtype != w.dtype and not self._promotion_reported:
            self._promotion_reported = True
            warnings.warn(
                f"params[{name!r}] was {w.dtype} and is {next_w.dtype} after an update: the model's gradients "
                f"have another dtype than its parameters, so training now computes in {next_w.dtype}",
                stacklevel=4,
            )

    def check_accuracy(self, X, y, num_samples=None, batch_size=100):
        """Return the fraction of images that the model classifies correctly.

        Args:
            X: images, shape (N, d1, ..., dk).
            y: labels, shape (N,).
            num_samples: if smaller than N, measure on that many images drawn with replacement.
            batch_size: images per pass through the model, to bound memory.

        Raises:
            ValueError: there is no image, or X and y differ in length.
        """
        N = len(X)
        if N == 0 or len(y) != N:
            raise ValueError(f"X has {N} images and y {len(y)} labels, expected as many of both, at least one")
        if num_samples is not None and num_samples < N:
            chosen = np.random.choice(N, num_samples)
            X, y, N = X[chosen], y[chosen], num_samples
        predicted = [
            np.argmax(self.model.loss(X[start : start + batch_size]), axis=1) for start in range(0, N, batch_size)
        ]
        return float(np.mean(np.concatenate(predicted) == y))

    def train(self):
        """Train for num_epochs epochs, then load the best parameters into the model.

        Ctrl-C ends training early, as if it had been planned to end there.
        """
        iterations_per_epoch = max(len(self.X_train) // self.batch_size, 1)
        num_iterations = self.num_epochs * iterations_per_epoch
        with tqdm(total=num_iterations, disable=not self.progress, unit="it") as bar:
            try:
                for t in range(num_iterations):
                    self._step()
                    if self.verbose and t % self.print_every == 0:
                        bar.write(f"(Iteration {t + 1} / {num_iterations}) loss: {self.loss_history[-1]:f}")
                    epoch_end = (t + 1) % iterations_per_epoch == 0
                    if epoch_end:
                        self._end_epoch()
                    if t == 0 or epoch_end:  # the last iteration ends an epoch
                        self._evaluate(bar)
                    self._show(bar)
            except KeyboardInterrupt:
                bar.write(
                    f"(Interrupted after epoch {self.epoch} / {self.num_epochs}) keeping the best parameters"
                )
        self._load_best()

    def _end_epoch(self):
        """Count the epoch and let the learning rates decay."""
        self.epoch += 1
        for config in self.optim_configs.values():
            config["learning_rate"] *= self.lr_decay

    def _evaluate(self, bar):
        """Measure both accuracies, keep the parameters if they are the best so far, and write a checkpoint."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if self.verbose:
            bar.write(f"(Epoch {self.epoch} / {self.num_epochs}) train acc: {train_acc:f}; val_acc: {val_acc:f}")
        if val_acc > self.best_val_acc:
            self.best_val_acc = val_acc
            self.best_params = {name: w.copy() for name, w in self.model.params.items()}
            self._best_statistics = [_running_statistics(bn) for bn in getattr(self.model, "bn_params", [])]
        if self.checkpoint_name is not None:
            self._save_checkpoint()

    def _show(self, bar):
        """Bring the progress bar up to date."""
        bar.update()
        if self.progress:
            bar.set_postfix(
                loss=f"{self.loss_history[-1]:.3f}",
                train=f"{self.train_acc_history[-1]:.3f}",
                val=f"{self.val_acc_history[-1]:.3f}",
                lr=f"{next(iter(self.optim_configs.values()))['learning_rate']:.2e}",
                refresh=False,
            )

    def _load_best(self):
        """Put the best parameters and running statistics into the model, if any accuracy exceeded 0."""
        if not self.best_params:
            return
        self.model.params = {name: w.copy() for name, w in self.best_params.items()}
        for bn_param, statistics in zip(getattr(self.model, "bn_params", []), self._best_statistics):
            bn_param.update(statistics)

    def _save_checkpoint(self):
        """Write parameters and histories to `{checkpoint_name}_epoch_{epoch}.npz`, whole or not at all."""
        path = f"{self.checkpoint_name}_epoch_{self.epoch}.npz"
        arrays = {f"params/{name}": w for name, w in self.model.params.items()}
        for history in ("loss_history", "train_acc_history", "val_acc_history"):
            arrays[history] = np.array(getattr(self, history))
        with open(f"{path}.part", "wb") as file:
            np.savez(file, epoch=self.epoch, best_val_acc=self.best_val_acc, **arrays)
        os.replace(f"{path}.part", path)


def _labelled(data, split):
    """Return images and labels of a split, as many of both and at least one."""
    X = np.asarray(_valid.key("data", data, f"X_{split}"))
    y = np.asarray(_valid.key("data", data, f"y_{split}"))
    if X.ndim == 0 or y.ndim != 1 or len(X) != len(y) or len(X) == 0:
        raise ValueError(
            f"data['X_{split}'] has shape {X.shape} and data['y_{split}'] {y.shape}, expected (N, ...) and (N,) "
            f"with at least one image"
        )
    return X, y


def _samples(name, value):
    """Return a number of images to measure on, or None for all."""
    return None if value is None else _valid.integer(name, value, 1)


def _find_rule(name):
    """Return the update rule of that name: a public function defined in cs231n.optim."""
    rule = getattr(optim, name, None) if isinstance(name, str) and not name.startswith("_") else None
    if not inspect.isfunction(rule) or rule.__module__ != optim.__name__:
        raise ValueError(f'Invalid update_rule "{name}"')
    return rule


def _running_statistics(bn_param):
    """Return copies of the running mean and variance in bn_param, as far as it has them."""
    return {name: bn_param[name].copy() for name in ("running_mean", "running_var") if name in bn_param}
