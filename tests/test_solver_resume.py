"""cs231n.solver, Solver.resume: a training that was cut short ends with the bits of one that was not."""

import errno
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from cs231n import checkpoint, optim
from cs231n.classifiers.cnn import ThreeLayerConvNet
from cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from cs231n.solver import Solver
from tests import training
from tests.oracles import complains, parametrise

RULES = ["sgd", "sgd_momentum", "rmsprop", "adam"]


class NoisyNet(FullyConnectedNet):
    """Adds noise from a generator of its own, and keeps it over a checkpoint."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.rng = np.random.default_rng(5)

    def loss(self, X, y=None):
        if y is not None:
            X = X + self.rng.standard_normal(X.shape, np.float32)
        return super().loss(X, y)

    def state(self):
        return {"rng": self.rng.bit_generator.state, "norms": [dict(bn) for bn in self.bn_params], "none": ()}

    def load_state(self, state):
        self.rng.bit_generator.state = state["rng"]
        for bn_param, saved in zip(self.bn_params, state["norms"]):
            bn_param.update(saved)


class TurnedNet(TwoLayerNet):
    """Its parameters have a third axis and come in an order of axes that is neither C nor Fortran."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.params["W1"] = np.stack([self.params["W1"]] * 2).transpose(1, 0, 2).copy().transpose(1, 0, 2)

    def loss(self, X, y=None):
        params = self.params
        self.params = params | {"W1": params["W1"].sum(axis=0)}
        result = super().loss(X, y)
        self.params = params
        return result if y is None else (result[0], result[1] | {"W1": np.stack([result[1]["W1"]] * 2)})


def _fc(dtype=np.float32, model=FullyConnectedNet, **options):
    return model([8, 6], input_dim=40, num_classes=4, dtype=dtype, weight_scale=0.1, **options)


MODELS = {
    "batchnorm and dropout": lambda: _fc(dropout=0.7, normalization="batchnorm", reg=0.01),
    "batchnorm in float64": lambda: _fc(np.float64, normalization="batchnorm"),
    "layernorm, dropout with a seed": lambda: _fc(dropout=0.7, normalization="layernorm", seed=3),
    "two layers": lambda: TwoLayerNet(40, 8, 4, weight_scale=0.1),
    "convolution": lambda: ThreeLayerConvNet((1, 8, 5), 3, 3, 6, 4, weight_scale=0.1),
    "a state of its own": lambda: _fc(model=NoisyNet, normalization="batchnorm"),
    "another order of axes": lambda: TurnedNet(40, 8, 4, weight_scale=0.1),
}
CONFIG = {"learning_rate": np.float64(5e-3), "momentum": 0.8, "decay_rate": 0.9, "beta2": np.float32(0.95)}


def _data(model):
    data = training.make_data()
    if isinstance(model, ThreeLayerConvNet):
        data |= {name: X.reshape(len(X), 1, 8, 5) for name, X in data.items() if X.ndim == 2}
    return data


def _solver(make, folder, **options):
    np.random.seed(11)
    options = {
        "optim_config": CONFIG,
        "lr_decay": np.float64(0.9),
        "batch_size": 20,
        "num_epochs": 3,
        "num_train_samples": 50,
        "num_val_samples": 40,
        "checkpoint_name": f"{folder}/run",
        "verbose": False,
    } | options
    model = make()
    return Solver(model, _data(model), **options)


def _resume(make, path, **options):
    model = make()
    np.random.seed(12345)
    return Solver.resume(path, model, _data(model), **options)


def _outcome(solver):
    found = training.outcome(solver) if hasattr(solver.model, "bn_params") else {}
    params = {name: (w.tobytes(), w.dtype.str, w.strides) for name, w in solver.model.params.items()}
    configs = repr(solver.optim_configs)
    histories = repr((solver.loss_history, solver.train_acc_history, solver.val_acc_history, solver.epoch))
    return found, params, configs, histories, np.random.rand()


# --- the same bits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
@parametrise("make", MODELS)
def test_a_resumed_training_ends_as_if_it_had_never_been_interrupted(tmp_path, make, rule):
    solver = _solver(make, tmp_path, update_rule=rule)
    solver.train()
    expected = _outcome(solver)
    assert len(training.checkpoints(tmp_path)) == 4
    for path in training.checkpoints(tmp_path):
        (tmp_path / "copy").mkdir()
        resumed = _resume(make, shutil.copy(path, tmp_path / "copy"))
        resumed.train()
        assert _outcome(resumed) == expected, f"resumed from {path.name}"
        written = training.checkpoints(tmp_path / "copy")
        assert [p.name for p in written] == [p.name for p in training.checkpoints(tmp_path)][-len(written) :]
        shutil.rmtree(tmp_path / "copy")


def _interrupt_at(solver, iteration):
    step = solver._step

    def interrupted():
        step()
        if len(solver.loss_history) == iteration:
            raise KeyboardInterrupt

    solver._step = interrupted


def test_resuming_again_and_again_changes_nothing(tmp_path):
    make = MODELS["batchnorm and dropout"]
    solver = _solver(make, tmp_path, update_rule="adam", num_epochs=6)
    solver.train()
    expected = _outcome(solver)
    solver = _solver(make, tmp_path, update_rule="adam", num_epochs=6)
    for epoch in range(6):
        _interrupt_at(solver, iteration=5 * epoch + 3)  # in the middle of an epoch
        solver.train()
        assert solver.interrupted
        solver = _resume(make, training.checkpoints(tmp_path)[epoch])
    solver.train()
    assert _outcome(solver) == expected and not solver.interrupted


@pytest.mark.parametrize("epochs", [2, 3, 5])
def test_more_epochs_than_planned_are_those_of_a_longer_plan(tmp_path, epochs):
    make = MODELS["batchnorm and dropout"]
    (tmp_path / "long").mkdir()
    planned = _solver(make, tmp_path / "long", num_epochs=epochs)
    planned.train()
    expected = _outcome(planned)
    _solver(make, tmp_path, num_epochs=2).train()
    resumed = _resume(make, tmp_path / "run_epoch_2.npz", num_epochs=epochs)
    resumed.train()
    assert _outcome(resumed) == expected


def test_fewer_epochs_than_are_done_are_refused(tmp_path):
    make = MODELS["two layers"]
    _solver(make, tmp_path).train()
    with complains(ValueError, "num_epochs is 1", "at least 2", r"run_epoch_2\.npz"):
        _resume(make, tmp_path / "run_epoch_2.npz", num_epochs=1)
    assert _resume(make, tmp_path / "run_epoch_0.npz", num_epochs=1).num_epochs == 1


def test_a_second_training_with_the_same_solver_can_be_resumed(tmp_path):
    make = MODELS["batchnorm and dropout"]
    solver = _solver(make, tmp_path, num_epochs=2)
    solver.train()
    solver.train()
    expected = _outcome(solver)
    assert solver.epoch == 4
    resumed = _resume(make, tmp_path / "run_epoch_3.npz")
    resumed.train()
    assert _outcome(resumed) == expected


def test_settings_come_back_and_checkpoints_go_where_the_old_ones_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make = MODELS["two layers"]
    options = {"update_rule": "rmsprop", "batch_size": 33, "print_every": 7, "keep_checkpoints": 9}
    options |= {"num_train_samples": None, "num_val_samples": 21, "on_divergence": "stop", "progress": False}
    _solver(make, ".", checkpoint_name="run", **options).train()
    (tmp_path / "moved").mkdir()
    shutil.move("run_epoch_1.npz", "moved")
    solver = _resume(make, Path("moved/run_epoch_1.npz"))
    for name, value in (options | {"lr_decay": 0.9, "num_epochs": 3, "verbose": False}).items():
        found = getattr(solver, name)
        assert (found.__name__ if name == "update_rule" else found) == value
    assert solver.optim_config == CONFIG and solver.checkpoint_name == os.path.join("moved", "run")
    solver.train()
    assert [path.name for path in training.checkpoints("moved")] == [f"run_epoch_{e}.npz" for e in (1, 2, 3)]


def test_the_bar_and_the_lines_go_on_where_they_were(tmp_path, capsys):
    make = MODELS["two layers"]
    _solver(make, tmp_path, verbose=True, print_every=1).train()
    lines = capsys.readouterr().out.splitlines()
    solver = _resume(make, tmp_path / "run_epoch_1.npz")
    solver.progress = True
    solver.train()
    printed = capsys.readouterr()
    assert printed.out.splitlines() == lines[lines.index("(Iteration 6 / 15)" + lines[7][18:]) :]
    assert re.search(r"5/15", printed.err) and "15/15" in printed.err


def test_a_rule_that_a_student_adds_is_found_again_by_the_name_it_was_asked_for(tmp_path, monkeypatch):
    def scaled(w, dw, config=None):
        return w - 0.01 * dw, config  # it has no learning rate

    scaled.__module__ = optim.__name__
    monkeypatch.setattr(optim, "my_rule", scaled, raising=False)
    make = MODELS["two layers"]
    _solver(make, tmp_path, update_rule="my_rule", optim_config=None).train()
    solver = _resume(make, tmp_path / "run_epoch_1.npz")
    assert solver.update_rule is scaled
    solver.progress = True
    solver.train()


def test_a_model_whose_parameters_changed_their_dtype_goes_on_with_that(tmp_path):
    class Leaky(FullyConnectedNet):
        def loss(self, X, y=None):
            result = super().loss(X, y)
            return result if y is None else (result[0], {k: g.astype(np.float64) for k, g in result[1].items()})

    def make():
        return Leaky([4], input_dim=40, num_classes=4)

    solver = _solver(make, tmp_path)
    with pytest.warns(UserWarning, match="float64"):
        solver.train()
    expected = _outcome(solver)
    resumed = _resume(make, tmp_path / "run_epoch_1.npz")
    resumed.train()  # without a second warning
    assert _outcome(resumed) == expected
    assert resumed.model.params["W1"].dtype == np.float64


def test_the_global_stream_may_be_another_generator(tmp_path):
    make, data, kept = MODELS["batchnorm and dropout"], training.make_data(), np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(np.random.PCG64(8))
        solver = Solver(make(), data, checkpoint_name=tmp_path / "run", num_epochs=3, verbose=False)
        solver.train()
        expected = _outcome(solver)
        resumed = Solver.resume(tmp_path / "run_epoch_1.npz", make(), data)
        resumed.train()
        assert _outcome(resumed) == expected
    finally:
        np.random.set_bit_generator(kept)


# --- which files stay ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [1, 2, 4, None])
def test_the_newest_checkpoints_and_the_best_one_stay(tmp_path, keep):
    (tmp_path / "run_epoch_99.npz").write_bytes(b"of another training")
    (tmp_path / "other_epoch_1.npz").write_bytes(b"of another training")
    solver = _solver(MODELS["batchnorm and dropout"], tmp_path, num_epochs=8, keep_checkpoints=keep)
    accuracies = iter([0.1, 0.2, 0.7, 0.5, 0.7, 0.6, 0.3, 0.4, 0.2])
    seen = []

    def measured(X, y, num_samples=None):
        if X is solver.X_train:
            seen.append({path.name for path in tmp_path.iterdir()})
            return 0.5
        return next(accuracies)

    solver.check_accuracy = measured
    solver.train()
    others = {"run_epoch_99.npz", "other_epoch_1.npz"}
    for epoch, names in enumerate([*seen[1:], {path.name for path in tmp_path.iterdir()}]):
        kept = range(epoch + 1) if keep is None else {*range(epoch + 1)[-keep:], min(epoch, 2)}
        assert names == others | {f"run_epoch_{e}.npz" for e in kept}


def test_a_checkpoint_that_somebody_removed_is_not_missed(tmp_path):
    solver = _solver(MODELS["two layers"], tmp_path, keep_checkpoints=1)
    solver.train()
    for path in training.checkpoints(tmp_path):
        path.unlink()
    solver.train()
    assert len(training.checkpoints(tmp_path)) in (1, 2)


# --- killed -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole_training(tmp_path_factory):
    """Return the outcome of the training that nobody interrupts, its files, and how many seconds it takes."""
    folder = tmp_path_factory.mktemp("whole")
    solver = training.start(folder)
    began = time.perf_counter()
    solver.train()
    return training.outcome(solver), sorted(os.listdir(folder)), time.perf_counter() - began


def _run_and_kill(folder, seconds=None, moment=()):
    """Train in another process until it kills itself at a moment, or is killed so many seconds after the start."""
    command = [sys.executable, "-m", "tests.training", str(folder), *map(str, moment)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], text=True) as process:
        assert process.stdout.readline() == "ready\n"
        if seconds is not None:
            time.sleep(seconds)
            process.kill()
        finished = process.stdout.read() == "done\n"
        process.wait()
    # A kill may also hit what has finished while it ends.
    assert process.returncode == -signal.SIGKILL or (finished and process.returncode == 0)
    return finished


def _finish_and_compare(folder, whole_training):
    """What a killed training left behind is readable, and the training that goes on from it ends the same."""
    for path in training.checkpoints(folder):
        checkpoint.load(path)
    written = training.checkpoints(folder)
    solver = training.resume(written[-1]) if written else training.start(folder)
    solver.train()
    outcome, files, _ = whole_training
    assert training.outcome(solver) == outcome
    assert sorted(os.listdir(folder)) == files, "something was left lying about, or is missing"


@pytest.mark.parametrize(
    "moment",
    [
        ("half written", 1),
        ("half written", 7),
        ("written", 12),
        ("renamed", 1),
        ("renamed", 7),
        ("renamed", training.EPOCHS + 1),  # the last one
        ("removing", 5),
    ],
    ids=lambda moment: f"{moment[0]}, {moment[1]}",
)
def test_a_training_killed_while_it_writes_a_checkpoint_loses_nothing(tmp_path, whole_training, moment):
    assert not _run_and_kill(tmp_path, moment=moment)
    _finish_and_compare(tmp_path, whole_training)


def _kill_at_random(folder, whole_training, kills, seed):
    print("seed", seed)
    rng, left, survived = random.Random(seed), 0, 0
    while survived < kills:
        place = Path(folder) / str(survived)
        place.mkdir()
        if _run_and_kill(place, seconds=rng.uniform(0, whole_training[2])):
            shutil.rmtree(place)  # it was faster than the kill
            continue
        left += any(name.endswith(".part") for name in os.listdir(place))
        _finish_and_compare(place, whole_training)
        survived += 1
    print(f"{survived} kills survived, {left} of them while a checkpoint was being written")


def test_a_training_killed_at_a_random_moment_loses_nothing(tmp_path, whole_training):
    _kill_at_random(tmp_path, whole_training, kills=2, seed=time.time_ns())


@pytest.mark.slow
def test_a_training_killed_at_any_of_twenty_random_moments_loses_nothing(tmp_path, whole_training):
    _kill_at_random(tmp_path, whole_training, kills=20, seed=time.time_ns())


@pytest.mark.slow
def test_a_training_killed_twenty_times_on_its_way_loses_nothing(tmp_path, whole_training):
    rng, kills = random.Random(time.time_ns()), 0
    while kills < 20 and not _run_and_kill(tmp_path, seconds=rng.uniform(0, whole_training[2] / 10)):
        kills += 1
    _finish_and_compare(tmp_path, whole_training)
    print(f"killed {kills} times")


# --- no way to write ----------------------------------------------------------------------------------------


@contextmanager
def _small_files(folder):
    """Files end after 1000 bytes, and so do those on a full disk."""
    resource = pytest.importorskip("resource", reason="a limit of a process needs POSIX")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def _full_disk(folder):
    for epoch in range(4):
        (folder / f"run_epoch_{epoch}.npz.part").symlink_to("/dev/full")
    yield


@contextmanager
def _read_only(folder):
    """Not even root may write: it becomes nobody for a while."""
    folder.chmod(0o555)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


@contextmanager
def _gone(folder):
    folder.rename(folder.parent / "moved")
    try:
        yield
    finally:
        (folder.parent / "moved").rename(folder)


@contextmanager
def _a_file(folder):
    with _gone(folder):
        folder.write_bytes(b"")
        yield
        folder.unlink()


@parametrise(
    "trouble, number",
    {
        "files that end too early": (_small_files, errno.EFBIG),
        "a full disk": (_full_disk, errno.ENOSPC),
        "a read-only folder": (_read_only, errno.EACCES),
        "no folder": (_gone, errno.ENOENT),
        "a file in place of the folder": (_a_file, errno.ENOTDIR),
    },
)
def test_a_checkpoint_that_cannot_be_written_is_reported_and_the_old_ones_are_whole(trouble, number):
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        folder = Path(root) / "runs"
        folder.mkdir()
        make = MODELS["batchnorm and dropout"]
        solver = _solver(make, folder, num_epochs=2)
        solver.train()
        expected = _outcome(solver)
        old = {path.name: path.read_bytes() for path in folder.iterdir()}

        resumed = _resume(make, folder / "run_epoch_2.npz", num_epochs=3)
        with trouble(folder), pytest.raises(OSError) as caught:
            resumed.train()
        assert caught.value.errno == number
        assert caught.value.filename.endswith("run_epoch_3.npz")
        assert "Those written before are complete: free some space" in str(caught.value)

        for path in folder.glob("*.part"):
            assert path.is_symlink(), "half a file was left lying about"
            path.unlink()
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == old
        resumed = _resume(make, folder / "run_epoch_1.npz")
        resumed.train()
        assert _outcome(resumed) == expected


# --- what does not fit together -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    _solver(MODELS["batchnorm and dropout"], folder).train()
    return folder / "run_epoch_2.npz"


def _other(**options):
    options = {"dropout": 0.7, "normalization": "batchnorm", "reg": 0.01} | options
    return lambda: _fc(**options)


@parametrise(
    "make, patterns",
    {
        "other sizes": (
            lambda: FullyConnectedNet([8, 5], 40, 4, 0.7, "batchnorm"),
            [r"params\['W2'\]", r"float32 \(8, 6\)", r"float32 \(8, 5\)"],
        ),
        "another dtype": (_other(dtype=np.float64), [r"params\['W1'\]", "float32", "float64"]),
        "fewer layers": (
            lambda: FullyConnectedNet([8], 40, 4, 0.7, "batchnorm"),
            [r"params\[", r"\(8, 6\)", r"\(8, 4\)"],
        ),
        "more parameters": (
            lambda: FullyConnectedNet([8, 6, 4], 40, 4, 0.7, "batchnorm"),
            [r"params\['W4'\]", "none", r"\(4, 4\)"],
        ),
        "another normalisation": (_other(normalization="layernorm"), ["bn_params", "mode"]),
        "another probability to keep": (_other(dropout=0.5), ["dropout_param", r"0\.7", r"0\.5"]),
        "no dropout": (_other(dropout=1), ["dropout_param", r"0\.7"]),
        "a seed": (_other(seed=3), ["dropout_param", "seed"]),
    },
)
def test_another_model_is_told_and_left_alone(finished, make, patterns):
    model = make()
    kept = {name: w.copy() for name, w in model.params.items()}
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    with complains(ValueError, r"run_epoch_2\.npz is of a different model", *patterns, "with the same arguments"):
        Solver.resume(finished, model, training.make_data())
    assert all(np.array_equal(w, kept[name]) for name, w in model.params.items())
    assert np.array_equal(np.random.get_state()[1], state)


@parametrise(
    "change, patterns",
    {
        "fewer images": (
            lambda d: d | {"X_train": d["X_train"][:90], "y_train": d["y_train"][:90]},
            [r"\(90, 40\)"],
        ),
        "another dtype": (lambda d: d | {"X_val": d["X_val"].astype(float)}, ["X_val", "float64"]),
        "scaled": (lambda d: d | {"X_train": d["X_train"] / 2}, ["X_train", "the same values"]),
        "other labels": (lambda d: d | {"y_val": d["y_val"][::-1]}, ["y_val", "the same values"]),
    },
)
def test_other_data_are_told(finished, change, patterns):
    with complains(ValueError, "data", r"run_epoch_2\.npz", *patterns, "expected the same data"):
        Solver.resume(finished, MODELS["batchnorm and dropout"](), change(training.make_data()))


def test_the_same_data_in_another_layout_are_the_same(finished):
    data = training.make_data()
    data |= {"X_train": np.asfortranarray(data["X_train"]), "y_val": data["y_val"].astype(">i8")}
    data["X_val"] = np.repeat(data["X_val"], 2, axis=1)[:, ::2]
    Solver.resume(finished, MODELS["batchnorm and dropout"](), data)


def test_labels_of_objects_can_be_compared_by_their_number_only(tmp_path):
    make = MODELS["two layers"]
    model, data = make(), training.make_data()
    data["y_val"] = data["y_val"].astype(object)
    Solver(model, data, checkpoint_name=tmp_path / "run", num_epochs=1, verbose=False).train()
    Solver.resume(tmp_path / "run_epoch_1.npz", make(), data).train()


def test_a_model_with_other_settings_goes_on_with_a_warning(finished):
    with pytest.warns(UserWarning, match=r"run_epoch_2\.npz.*reg is 0\.5 and was 0\.01") as caught:
        solver = Solver.resume(finished, _other(reg=0.5)(), training.make_data())
    assert len(caught) == 1 and caught[0].filename == __file__
    assert solver.model.reg == 0.5


def test_a_damaged_checkpoint_is_told_before_anything_happens(finished, tmp_path):
    data = finished.read_bytes()
    (tmp_path / "run_epoch_2.npz").write_bytes(data[: len(data) // 2])
    shutil.copy(finished.with_name("run_epoch_1.npz"), tmp_path)
    model = MODELS["batchnorm and dropout"]()
    kept = {name: w.copy() for name, w in model.params.items()}
    with complains(ValueError, r"run_epoch_2\.npz is not a checkpoint, or is damaged", r"run_epoch_1\.npz"):
        Solver.resume(tmp_path / "run_epoch_2.npz", model, training.make_data())
    assert all(np.array_equal(w, kept[name]) for name, w in model.params.items())
