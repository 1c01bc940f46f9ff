"""A training that tests interrupt, small but with everything that has to survive.

Adam, dropout, batch normalisation, a decaying learning rate and subsampled accuracies; a checkpoint every fifth
iteration, of which two and the best one are kept. `python -m tests.training FOLDER` starts it, or goes on from the
newest checkpoint in FOLDER if there is one.
"""

import itertools
import os
import re
import signal
import sys
from pathlib import Path

import numpy as np

from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.solver import Solver

EPOCHS = 40


def make_data():
    rng = np.random.default_rng(4)
    centres = rng.standard_normal((4, 40))
    data = {}
    for split, N in (("train", 100), ("val", 60)):
        y = rng.integers(0, 4, N)
        data |= {f"X_{split}": (centres[y] + 2 * rng.standard_normal((N, 40))).astype(np.float32), f"y_{split}": y}
    return data


def make_model():
    return FullyConnectedNet(
        [50, 50], input_dim=40, num_classes=4, dropout=0.7, normalization="batchnorm", reg=1e-3
    )


def start(folder, **options):
    """Return a Solver at the beginning of the training."""
    np.random.seed(11)
    options = {
        "update_rule": "adam",
        "optim_config": {"learning_rate": 2e-3},
        "lr_decay": 0.97,
        "batch_size": 20,
        "num_epochs": EPOCHS,
        "num_train_samples": 50,
        "num_val_samples": 40,
        "checkpoint_name": f"{folder}/run",
        "keep_checkpoints": 2,
        "verbose": False,
    } | options
    return Solver(make_model(), make_data(), **options)


def checkpoints(folder):
    """Return the paths of the checkpoints in a folder, oldest epoch first."""
    return sorted(Path(folder).glob("*.npz"), key=lambda path: int(re.search(r"_epoch_(\d+)\.npz", path.name)[1]))


def resume(path, **options):
    np.random.seed(12345)  # it must not matter
    return Solver.resume(path, make_model(), make_data(), **options)


def outcome(solver):
    """Return everything in which two trainings could differ, as bytes and exact numbers."""
    arrays = {f"params/{name}": w for name, w in solver.model.params.items()}
    for i, bn_param in enumerate(solver.model.bn_params):
        arrays |= {f"{i}/{name}": value for name, value in bn_param.items() if name.startswith("running")}
    for name, config in solver.optim_configs.items():
        arrays |= {f"{name}/{key}": np.asarray(value) for key, value in config.items()}
    histories = solver.loss_history, solver.train_acc_history, solver.val_acc_history
    return {
        "arrays": {name: (array.dtype.str, array.shape, array.tobytes()) for name, array in arrays.items()},
        "histories": [list(map(repr, history)) for history in histories],
        "progress": (solver.epoch, repr(solver.best_val_acc)),
        "next": np.random.rand(),
    }


def kill_at(moment, call):
    """Let this process die when it comes to a certain moment of writing a checkpoint for the n-th time."""
    moments = itertools.count(1)
    name = {"half written": "fsync", "written": "fsync", "renamed": "replace", "removing": "remove"}[moment]
    real = getattr(os, name)

    def dying(*args):
        if moment == "renamed":
            real(*args)
        if next(moments) == call:
            if moment == "half written":
                os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        if moment != "renamed":
            real(*args)

    setattr(os, name, dying)


if __name__ == "__main__":
    folder, *moment = sys.argv[1:]
    if moment:
        kill_at(moment[0], int(moment[1]))
    written = checkpoints(folder)
    solver = resume(written[-1]) if written else start(folder)
    print("ready", flush=True)
    solver.train()
    print("done", flush=True)
