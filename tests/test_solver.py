"""cs231n.solver: when it steps, draws, measures, prints and keeps what; and a training that torch repeats."""

import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cs231n import checkpoint, optim
from cs231n.classifiers.cnn import ThreeLayerConvNet
from cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from cs231n.solver import DivergenceError, Solver
from tests.oracles import FLOATS, complains, parametrise

RULES = ["sgd", "sgd_momentum", "rmsprop", "adam"]


# --- a model that counts ------------------------------------------------------------------------------------


class CountingModel:
    """Its parameters count the steps taken, and its accuracies are looked up by that count.

    With sgd and a learning rate of 1 each step adds 1 to every parameter. The first column of the images is
    a number (validation images from 1000 on), the second one the image's rank within its split, from 0 to 1:
    the images whose rank is below the accuracy looked up are classified as 0, which all labels are.
    """

    def __init__(self, val=None, train=None, draws=0, interrupt_at=None, error=KeyboardInterrupt):
        self.params = {"w": np.zeros(2), "b": np.zeros((1, 3))}
        self.bn_params = [{"mode": "train"}]
        self.accuracies = {"val": val or {}, "train": train or {}}
        self.draws = draws
        self.interrupt_at = interrupt_at
        self.error = error
        self.calls = []  # (kind, numbers of the images)

    @property
    def steps(self):
        return round(self.params["w"][0])

    def loss(self, X, y=None):
        split = "val" if X[0, 0] >= 1000 else "train"
        self.calls.append(("step" if y is not None else split, X[:, 0].astype(int).tolist()))
        if len(self.calls) == self.interrupt_at:
            raise self.error
        if y is None:
            right = X[:, 1] < self.accuracies[split].get(self.steps, 0)
            return np.stack([right, ~right], axis=1).astype(float)
        np.random.rand(self.draws)
        statistics = {"running_mean": np.array([self.steps + 1.0]), "running_var": np.array([10.0 * self.steps])}
        for bn_param in self.bn_params:
            bn_param.update(statistics)
        return 2.302585 - 0.125 * self.steps, {name: np.full(w.shape, -1.0) for name, w in self.params.items()}


def _split(N, first=0):
    return np.stack([first + np.arange(N), np.arange(N) / N], axis=1), np.zeros(N, int)


def _data(train=20, val=10):
    (X_train, y_train), (X_val, y_val) = _split(train), _split(val, first=1000)
    return {"X_train": X_train, "y_train": y_train, "X_val": X_val, "y_val": y_val}


# Two epochs of four iterations: accuracies are measured after steps 1, 4 and 8.
TRAIN = {1: 0.25, 4: 0.5, 8: 0.75}
VAL = {1: 0.2, 4: 0.7, 8: 0.6}


def _solver(model=None, data=None, **options):
    options = {
        "optim_config": {"learning_rate": 1.0},
        "batch_size": 5,
        "num_epochs": 2,
        "verbose": False,
    } | options
    return Solver(model or CountingModel(VAL, TRAIN), data or _data(), **options)


# --- the schedule -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "N, batch_size, num_epochs, iterations, measured_at",
    [
        (20, 5, 2, 8, [1, 4, 8]),
        (23, 5, 2, 8, [1, 4, 8]),
        (20, 5, 1, 4, [1, 4]),
        (20, 7, 3, 6, [1, 2, 4, 6]),
        (20, 11, 3, 3, [1, 2, 3]),
        (20, 20, 3, 3, [1, 2, 3]),
        (20, 50, 2, 2, [1, 2]),
        (1, 4, 2, 2, [1, 2]),
        (20, 1, 1, 20, [1, 20]),
    ],
)
def test_accuracies_are_measured_at_the_first_iteration_and_every_end_of_an_epoch(
    N, batch_size, num_epochs, iterations, measured_at
):
    train = {step: (step % 7) / 10 for step in range(1, 50)}
    val = {step: (step % 4) / 10 for step in range(1, 50)}
    model = CountingModel(val, train)
    solver = _solver(model, _data(N), batch_size=batch_size, num_epochs=num_epochs)
    assert solver.train() is None
    assert solver.loss_history == [2.302585 - 0.125 * step for step in range(iterations)]
    ranks = np.arange(N) / N
    assert solver.train_acc_history == [np.mean(ranks < train[step]) for step in measured_at]
    assert solver.val_acc_history == [val[step] for step in measured_at]
    assert len(solver.val_acc_history) == (num_epochs if iterations == num_epochs else num_epochs + 1)
    assert solver.epoch == num_epochs
    assert {len(numbers) for kind, numbers in model.calls if kind == "step"} == {batch_size}


def test_an_epoch_has_a_hundred_images_a_minibatch_and_there_are_ten_unless_given():
    model = CountingModel(VAL, TRAIN)
    solver = Solver(model, _data(250), verbose=False)
    solver.train()
    assert [len(numbers) for kind, numbers in model.calls if kind == "step"] == [100] * 20
    assert solver.update_rule is optim.sgd
    assert [config["learning_rate"] for config in solver.optim_configs.values()] == [1e-2, 1e-2]
    assert (solver.epoch, len(solver.val_acc_history)) == (10, 11)


def test_the_learning_rate_decays_after_an_epoch_is_counted_and_before_accuracies_are_measured():
    seen = []

    class Watching(CountingModel):
        def loss(self, X, y=None):
            kind = "step" if y is not None else "measured"
            rates = {config.get("learning_rate") for config in solver.optim_configs.values()}
            seen.append((kind, solver.epoch, rates))
            return super().loss(X, y)

    solver = _solver(Watching(), _data(10), lr_decay=0.5, num_epochs=3, optim_config={"learning_rate": 0.8})
    solver.train()
    rate = {epoch: {0.8 * 0.5**epoch} for epoch in range(4)}
    first = [("step", 0, rate[0]), *[("measured", 0, rate[0])] * 2]
    rest = []
    for epoch in range(1, 4):
        steps = 1 if epoch == 1 else 2
        rest += [("step", epoch - 1, rate[epoch - 1])] * steps + [("measured", epoch, rate[epoch])] * 2
    assert seen == first + rest


def test_steps_are_as_long_as_the_decaying_learning_rate():
    model = CountingModel()
    _solver(model, lr_decay=0.5, num_epochs=3).train()
    assert model.params["w"].tolist() == [4 * (1 + 0.5 + 0.25)] * 2
    assert model.params["b"].tolist() == [[7.0] * 3]


def test_one_step_is_one_minibatch():
    model = CountingModel()
    solver = _solver(model)
    solver._step()
    assert [kind for kind, _ in model.calls] == ["step"]
    assert solver.loss_history == [2.302585] and model.steps == 1


def test_reset_forgets_the_training():
    solver = _solver(update_rule="adam", lr_decay=0.5)
    solver.train()
    solver._reset()
    assert (solver.epoch, solver.best_val_acc, solver.best_params) == (0, 0, {})
    assert solver.loss_history == solver.train_acc_history == solver.val_acc_history == []
    assert solver.optim_configs == {name: {"learning_rate": 1.0} for name in ("w", "b")}


def test_settings_of_the_rule_are_copied_for_every_parameter():
    config = {"learning_rate": 0.5}
    solver = _solver(optim_config=config, update_rule="sgd_momentum", lr_decay=0.5)
    solver.train()
    assert config == {"learning_rate": 0.5}
    assert solver.optim_configs["w"]["velocity"].shape == (2,)
    assert solver.optim_configs["b"]["velocity"].shape == (1, 3)


def test_solvers_without_settings_share_none():
    first, second = (Solver(CountingModel(), _data(), batch_size=5, verbose=False) for _ in range(2))
    first.train()
    assert first.optim_configs == {name: {"learning_rate": 1e-2} for name in ("w", "b")}
    assert second.optim_configs == {"w": {}, "b": {}}


# --- random numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("draws", [0, 3])
@pytest.mark.parametrize(
    "num_train_samples, num_val_samples",
    [(1000, None), (None, None), (8, None), (None, 4), (8, 4), (20, 10), (19, 9), (1, 1), (21, 11)],
)
def test_images_are_drawn_from_the_global_stream_in_the_agreed_order(num_train_samples, num_val_samples, draws):
    model = CountingModel(VAL, TRAIN, draws=draws)
    np.random.seed(17)
    _solver(model, num_train_samples=num_train_samples, num_val_samples=num_val_samples).train()

    rng, expected = np.random.RandomState(17), []
    for step in range(1, 9):
        expected.append(("step", rng.choice(20, 5).tolist()))
        rng.rand(draws)
        if step in (1, 4, 8):
            for kind, N, first, samples in (
                ("train", 20, 0, num_train_samples),
                ("val", 10, 1000, num_val_samples),
            ):
                chosen = np.arange(N) if samples is None or samples >= N else rng.choice(N, samples)
                expected.append((kind, (first + chosen).tolist()))
    assert model.calls == expected
    assert np.random.rand() == rng.rand()


def test_making_a_solver_draws_nothing():
    np.random.seed(17)
    _solver(num_train_samples=3)
    assert np.random.rand() == np.random.RandomState(17).rand()


# --- accuracy -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "batch_size, passes", [(None, [100, 100, 50]), (7, [7] * 35 + [5]), (250, [250]), (999, [250])]
)
def test_accuracy_is_measured_in_passes_of_the_batch_size(batch_size, passes):
    X, y = _split(250, first=1000)
    model = CountingModel(val={0: 0.3})
    options = {} if batch_size is None else {"batch_size": batch_size}
    accuracy = _solver(model).check_accuracy(X, y, **options)
    assert accuracy == 0.3 and isinstance(accuracy, float)
    assert [len(numbers) for _, numbers in model.calls] == passes
    assert sum((numbers for _, numbers in model.calls), []) == list(range(1000, 1250))


@pytest.mark.parametrize("num_samples", [1, 9, 39])
def test_accuracy_on_a_sample_counts_the_images_drawn(num_samples):
    X, y = _split(40, first=1000)
    model = CountingModel(val={0: 0.5})
    solver = _solver(model)
    np.random.seed(5)
    accuracy = solver.check_accuracy(X, y, num_samples, 4)
    chosen = np.random.RandomState(5).choice(40, num_samples)
    assert accuracy == np.mean(chosen < 20)
    assert sum((numbers for _, numbers in model.calls), []) == (1000 + chosen).tolist()


def test_accuracy_compares_the_largest_score_with_the_label():
    scores = np.random.default_rng(0).standard_normal((60, 4))
    y = np.random.default_rng(1).integers(0, 4, 60)
    model = CountingModel()
    model.loss = lambda X: scores[X[:, 0].astype(int)]
    expected = sum(row.tolist().index(max(row)) == label for row, label in zip(scores, y)) / 60
    assert _solver(model).check_accuracy(_split(60)[0], y, batch_size=13) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("images, labels", [(0, 0), (4, 3), (3, 4)])
def test_accuracy_of_nothing_or_of_images_that_lack_labels_is_refused(images, labels):
    solver = _solver()
    with complains(ValueError, r"\bX\b", r"\by\b", str(images), str(labels)):
        solver.check_accuracy(np.ones((images, 2)), np.zeros(labels, int))


# --- the best parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "val, best",
    [
        ({1: 0.2, 4: 0.7, 8: 0.6}, 4),
        ({1: 0.9, 4: 0.7, 8: 0.6}, 1),
        ({1: 0.2, 4: 0.7, 8: 0.8}, 8),
        ({1: 0.0, 4: 0.1, 8: 0.0}, 4),
        ({2: 0.9, 3: 0.9, 8: 0.1}, 8),
    ],
)
def test_after_training_the_model_has_what_was_best_on_the_validation_images(val, best):
    model = CountingModel(val, TRAIN)
    solver = _solver(model)
    solver.train()
    assert solver.best_val_acc == val[best] == max(solver.val_acc_history)
    for params in (model.params, solver.best_params):
        assert params["w"].tolist() == [best] * 2 and params["b"].tolist() == [[best] * 3]
    assert model.bn_params[0]["running_mean"].tolist() == [best]
    assert model.bn_params[0]["running_var"].tolist() == [10 * (best - 1)]
    assert len(solver.loss_history) == 8
    model.params["w"] += 100  # as further training in place would
    assert solver.best_params["w"].tolist() == [best] * 2


def test_if_nothing_was_ever_right_the_last_parameters_stay():
    model = CountingModel(val={})
    solver = _solver(model)
    solver.train()
    assert solver.best_val_acc == 0
    assert model.steps == 8 and model.bn_params[0]["running_mean"].tolist() == [8]


def test_a_rule_that_updates_in_place_does_not_change_the_best_parameters(monkeypatch):
    def in_place(w, dw, config=None):
        w -= dw
        return w, config

    in_place.__module__ = optim.__name__
    monkeypatch.setattr(optim, "in_place", in_place, raising=False)
    model = CountingModel(VAL, TRAIN)
    solver = _solver(model, update_rule="in_place")
    solver.train()
    assert len(solver.loss_history) == 8
    assert model.steps == 4 and solver.best_params["w"].tolist() == [4, 4]


def test_a_model_without_running_statistics_is_fine():
    model = CountingModel(VAL, TRAIN)
    model.bn_params = []
    _solver(model).train()
    assert model.steps == 4
    net = FullyConnectedNet([4], input_dim=2, num_classes=2, normalization="layernorm")
    _solver(net).train()
    assert net.bn_params == [{}]


@pytest.mark.parametrize("normalization", ["batchnorm", "layernorm", None])
def test_the_model_that_comes_out_has_the_accuracy_that_was_recorded(normalization):
    rng = np.random.default_rng(0)
    data = {"X_train": rng.standard_normal((60, 8)), "X_val": rng.standard_normal((30, 8))}
    data |= {"y_train": rng.integers(0, 3, 60), "y_val": rng.integers(0, 3, 30)}
    np.random.seed(0)
    net = FullyConnectedNet([16], input_dim=8, num_classes=3, normalization=normalization, weight_scale=0.3)
    solver = _solver(net, data, update_rule="adam", optim_config={"learning_rate": 0.3}, num_epochs=6)
    solver.train()
    assert solver.best_val_acc == max(solver.val_acc_history) > solver.val_acc_history[-1]
    assert solver.check_accuracy(data["X_val"], data["y_val"]) == solver.best_val_acc


# --- Ctrl-C -------------------------------------------------------------------------------------------------

# What the model of a two-epoch training is asked for, in order, with the number of the step.
EVENTS = [
    (kind, step) for step in range(1, 9) for kind in (["step", "train", "val"] if step in (1, 4, 8) else ["step"])
]


@pytest.mark.parametrize("progress", [False, True])
@pytest.mark.parametrize(
    "val", [VAL, {1: 0.9, 4: 0.7, 8: 0.6}, {}], ids=["4 is best", "1 is best", "none is right"]
)
@pytest.mark.parametrize("call", range(1, len(EVENTS) + 1), ids=[f"{kind} {step}" for kind, step in EVENTS])
def test_ctrl_c_ends_the_training_with_the_best_parameters_so_far(call, val, progress):
    done = EVENTS[: call - 1]
    steps = [step for kind, step in done if kind == "step"]
    measured = [step for kind, step in done if kind == "val"]
    model = CountingModel(val, TRAIN, interrupt_at=call)
    solver = _solver(model, progress=progress)

    assert solver.train() is None
    assert len(model.calls) == call
    assert solver.loss_history == [2.302585 - 0.125 * (step - 1) for step in steps]
    assert solver.val_acc_history == [val.get(step, 0) for step in measured]
    assert solver.train_acc_history == [TRAIN[step] for step in measured]
    assert solver.best_val_acc == max(solver.val_acc_history, default=0)
    best = max((step for step in measured if val), key=val.get, default=len(steps))
    assert model.params["w"].tolist() == [best] * 2 and model.params["b"].tolist() == [[best] * 3]
    assert model.bn_params[0].get("running_mean", np.zeros(1)).tolist() == [best]


@pytest.mark.parametrize("call", range(1, len(EVENTS) + 1), ids=[f"{kind} {step}" for kind, step in EVENTS])
def test_ctrl_c_is_reported_without_naming_an_epoch_or_iteration_that_does_not_exist(capsys, call):
    _solver(CountingModel(VAL, TRAIN, interrupt_at=call), verbose=True, print_every=1).train()
    printed = capsys.readouterr().out
    counts = [(int(count), int(total)) for count, total in re.findall(r"(\d+) / (\d+)", printed)]
    assert "nterrupt" in printed.splitlines()[-1]
    assert counts and all(count <= total for count, total in counts), printed


def test_ctrl_c_between_two_parameters_leaves_no_half_step(monkeypatch):
    def interrupted(w, dw, config=None):
        if w.shape == (1, 3):
            raise KeyboardInterrupt
        return w - dw, config

    interrupted.__module__ = optim.__name__
    monkeypatch.setattr(optim, "interrupted", interrupted, raising=False)
    model = CountingModel(VAL, TRAIN)
    _solver(model, update_rule="interrupted").train()
    assert model.params["w"].tolist() == [0, 0] and model.params["b"].tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, MemoryError])
def test_any_other_exception_goes_through(error):
    with pytest.raises(error):
        _solver(CountingModel(VAL, TRAIN, interrupt_at=7, error=error)).train()


# --- what is printed ----------------------------------------------------------------------------------------

LINES = """\
(Iteration 1 / 8) loss: 2.302585
(Epoch 0 / 2) train acc: 0.250000; val_acc: 0.200000
(Iteration 4 / 8) loss: 1.927585
(Epoch 1 / 2) train acc: 0.500000; val_acc: 0.700000
(Iteration 7 / 8) loss: 1.552585
(Epoch 2 / 2) train acc: 0.750000; val_acc: 0.600000
"""
LINES_OF_SHORT_EPOCHS = """\
(Iteration 1 / 3) loss: 2.302585
(Epoch 1 / 3) train acc: 0.250000; val_acc: 0.200000
(Iteration 2 / 3) loss: 2.177585
(Epoch 2 / 3) train acc: 0.000000; val_acc: 0.000000
(Iteration 3 / 3) loss: 2.052585
(Epoch 3 / 3) train acc: 0.000000; val_acc: 0.000000
"""
PRINTED = {
    "every third iteration": ({"print_every": 3}, LINES),
    "epochs of one iteration": ({"print_every": 1, "batch_size": 20, "num_epochs": 3}, LINES_OF_SHORT_EPOCHS),
    "rarely": ({"print_every": 100}, "".join(LINES.splitlines(keepends=True)[i] for i in (0, 1, 3, 5))),
    "not verbose": ({"verbose": False, "print_every": 1}, ""),
}


@pytest.mark.parametrize("progress", [False, True])
@parametrise("options, expected", PRINTED)
def test_exactly_these_lines_are_printed(capsys, options, expected, progress):
    _solver(**({"verbose": True} | options), progress=progress).train()
    printed = capsys.readouterr()
    assert printed.out == expected
    assert (printed.err == "") is not progress


def test_every_tenth_iteration_is_printed_and_no_bar_is_shown_unless_asked(capsys):
    Solver(CountingModel(), _data(40), batch_size=1, num_epochs=1).train()
    printed = capsys.readouterr()
    lines = [line for line in printed.out.splitlines() if "Iteration" in line]
    assert [line.split(" loss")[0] for line in lines] == [f"(Iteration {t} / 40)" for t in (1, 11, 21, 31)]
    assert printed.err == ""


def test_the_bar_shows_loss_accuracies_and_learning_rate(capsys):
    solver = _solver(lr_decay=0.5, progress=True, optim_config={"learning_rate": 0.016})
    solver.model.accuracies = {"val": {0: 0.7}, "train": {0: 0.35}}
    solver.train()
    bar = re.split(r"[\r\n]", capsys.readouterr().err.rstrip())[-1]
    assert "8/8" in bar
    shown = {name: float(value) for name, value in re.findall(r"(\w+)=([-+.e\d]+)", bar)}
    assert {"loss", "train", "val", "lr"} <= shown.keys()
    assert shown["loss"] == pytest.approx(solver.loss_history[-1], abs=1e-3)
    assert shown["train"] == 0.35 and shown["val"] == 0.7
    assert shown["lr"] == pytest.approx(0.016 * 0.5**2, rel=1e-2)


# --- dtypes -------------------------------------------------------------------------------------------------

SCALARS = {"learning_rate": np.float64(1e-3), "momentum": np.float64(0.8), "decay_rate": np.float64(0.9)}
SCALARS |= {"epsilon": np.float64(1e-6), "beta1": np.float64(0.8), "beta2": np.float64(0.95)}

NETS = {
    "batchnorm and dropout": lambda dtype: FullyConnectedNet(
        [6, 5],
        input_dim=2 * 6 * 5,
        num_classes=3,
        dropout=np.float64(0.7),
        normalization="batchnorm",
        reg=np.float64(0.1),
        weight_scale=np.float64(0.1),
        dtype=dtype,
    ),
    "layernorm": lambda dtype: FullyConnectedNet(
        [6], input_dim=2 * 6 * 5, num_classes=3, normalization="layernorm", reg=np.float64(0.1), dtype=dtype
    ),
    "convolution": lambda dtype: ThreeLayerConvNet(
        (2, 6, 5), 3, 3, 4, 3, weight_scale=np.float64(0.1), reg=np.float64(0.1), dtype=dtype
    ),
}


def _images(dtype, N=24):
    rng = np.random.default_rng(3)
    data = {}
    for split in ("train", "val"):
        data[f"X_{split}"] = rng.standard_normal((N, 2, 6, 5)).astype(dtype)
        data[f"y_{split}"] = rng.integers(0, 3, N)
    return data


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", FLOATS)
@parametrise("make", NETS)
def test_training_computes_in_the_dtype_of_the_model_from_the_first_step_to_the_last(
    make, dtype, rule, monkeypatch
):
    model, seen = make(dtype), {"images": [], "results": []}
    loss = model.loss

    def watched(X, y=None):
        result = loss(X, y)
        seen["images"].append(X)
        seen["results"] += [result] if y is None else [np.asarray(result[0]), *result[1].values()]
        return result

    monkeypatch.setattr(model, "loss", watched)
    solver = _solver(
        model, _images(dtype), update_rule=rule, optim_config=SCALARS, lr_decay=np.float64(0.9), batch_size=8
    )
    solver.train()
    assert len(solver.loss_history) == 6
    state = [v for config in solver.optim_configs.values() for v in config.values() if isinstance(v, np.ndarray)]
    statistics = [v for bn in getattr(model, "bn_params", []) for v in bn.values() if isinstance(v, np.ndarray)]
    arrays = [*seen["images"], *seen["results"], *state, *statistics]
    arrays += [*model.params.values(), *solver.best_params.values()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    expected_state = {"sgd": 0, "sgd_momentum": 1, "rmsprop": 1, "adam": 2}[rule]
    assert len(state) == expected_state * len(model.params)


@pytest.mark.parametrize("X_dtype", [*FLOATS, np.uint8])
def test_the_data_may_have_another_dtype_than_the_model(X_dtype):
    data = _images(np.float64)
    data |= {name: (20 * np.abs(data[name])).astype(X_dtype) for name in ("X_train", "X_val")}
    model = NETS["convolution"](np.float32)
    _solver(model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}).train()
    assert {w.dtype for w in model.params.values()} == {np.dtype(np.float32)}


def test_two_layers_train_in_float64_on_float32_images():
    model = TwoLayerNet(input_dim=60, hidden_dim=5, num_classes=3)
    _solver(model, _images(np.float32)).train()
    assert {w.dtype for w in model.params.values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize("rule", RULES)
def test_a_model_that_leaks_float64_is_reported_once(rule):
    class Leaky(FullyConnectedNet):
        def loss(self, X, y=None):
            result = super().loss(X, y)
            return result if y is None else (result[0], {k: g.astype(np.float64) for k, g in result[1].items()})

    model = Leaky([4], input_dim=60, num_classes=3)
    solver = _solver(model, _images(np.float32), update_rule=rule, optim_config={"learning_rate": 1e-3})
    with pytest.warns(UserWarning, match="float32.*float64") as reported:
        solver.train()
    assert len(reported) == 1
    assert "params[" in str(reported[0].message)


# --- against torch ------------------------------------------------------------------------------------------

OPTIMISERS = {
    "sgd": lambda w, lr: torch.optim.SGD(w, lr=lr),
    "sgd_momentum": lambda w, lr: torch.optim.SGD(w, lr=lr, momentum=0.9),
    "rmsprop": lambda w, lr: torch.optim.RMSprop(w, lr=lr, alpha=0.99, eps=1e-8),
    "adam": lambda w, lr: torch.optim.Adam(w, lr=lr),
}


@pytest.mark.parametrize("lr_decay", [1.0, 0.7])
@pytest.mark.parametrize("rule", RULES)
def test_a_training_is_that_of_torch_from_the_same_weights_and_minibatches(rule, lr_decay):
    np.random.seed(2)
    net = FullyConnectedNet([7], input_dim=60, num_classes=3, reg=0.2, weight_scale=0.2, dtype=np.float64)
    params = {name: torch.tensor(w, requires_grad=True) for name, w in net.params.items()}
    data, lr = _images(np.float64), 0.02
    solver = _solver(
        net, data, update_rule=rule, optim_config={"learning_rate": lr}, lr_decay=lr_decay, num_epochs=4
    )
    np.random.seed(9)
    solver.train()

    def scores(X):
        hidden = torch.relu(torch.tensor(X).flatten(1) @ params["W1"] + params["b1"])
        return hidden @ params["W2"] + params["b2"]

    def accuracy(split):
        with torch.no_grad():
            predicted = scores(data[f"X_{split}"]).argmax(1).numpy()
        return np.mean(predicted == data[f"y_{split}"])

    optimiser, rng = OPTIMISERS[rule](list(params.values()), lr), np.random.RandomState(9)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, lr_decay)
    losses, train, val, kept = [], [], [], []
    for t in range(1, 17):  # four epochs of 24 // 5 iterations
        batch = rng.choice(24, 5)
        optimiser.zero_grad()
        loss = F.cross_entropy(scores(data["X_train"][batch]), torch.tensor(data["y_train"][batch]))
        loss = loss + 0.1 * ((params["W1"] ** 2).sum() + (params["W2"] ** 2).sum())
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if t % 4 == 0:
            schedule.step()
            # torch multiplies its velocity with the learning rate of the step that uses it, our rule with the
            # one of the step that made it: for the same path, the sum so far is scaled up as the rate decays.
            for state in optimiser.state.values():
                if "momentum_buffer" in state and state["momentum_buffer"] is not None:
                    state["momentum_buffer"] /= lr_decay
        if t == 1 or t % 4 == 0:
            train.append(accuracy("train"))
            val.append(accuracy("val"))
            kept.append({name: w.detach().numpy().copy() for name, w in params.items()})

    np.testing.assert_allclose(solver.loss_history, losses, rtol=1e-8)
    assert solver.train_acc_history == train and solver.val_acc_history == val
    for name, w in kept[int(np.argmax(val))].items():
        np.testing.assert_allclose(net.params[name], w, rtol=0, atol=1e-8)


# --- checkpoints (test_solver_resume.py goes on from them) ----------------------------------------------------


@pytest.mark.parametrize("name", ["run", "run.v2", "best net"])
def test_a_checkpoint_is_written_whenever_accuracies_are_measured(tmp_path, name):
    solver = _solver(checkpoint_name=tmp_path / name)
    solver.train()
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}_epoch_{epoch}.npz" for epoch in range(3)}
    for epoch, step in enumerate((1, 4, 8)):
        saved = checkpoint.load(tmp_path / f"{name}_epoch_{epoch}.npz")
        assert saved["params"]["w"].tolist() == [step] * 2 and saved["params"]["b"].tolist() == [[step] * 3]
        assert saved["epoch"] == epoch
        assert saved["loss_history"].tolist() == solver.loss_history[:step]
        assert saved["train_acc_history"].tolist() == solver.train_acc_history[: epoch + 1]
        assert saved["val_acc_history"].tolist() == solver.val_acc_history[: epoch + 1]
        assert saved["best_val_acc"] == max(solver.val_acc_history[: epoch + 1])


def test_checkpoints_of_epochs_of_one_iteration_start_at_one(tmp_path):
    _solver(checkpoint_name=f"{tmp_path}/run", batch_size=20).train()
    assert {path.name for path in tmp_path.iterdir()} == {"run_epoch_1.npz", "run_epoch_2.npz"}


def test_no_checkpoint_is_written_unless_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _solver().train()
    assert list(tmp_path.iterdir()) == []


# --- divergence ---------------------------------------------------------------------------------------------


class Diverging(CountingModel):
    """Its loss and gradients are what it is told, step by step; gradients come in the order of a backward pass."""

    def __init__(self, losses=None, gradients=None, order=("b", "w")):
        super().__init__(VAL, TRAIN)
        self.losses, self.gradients, self.order = losses or {}, gradients or {}, order

    def loss(self, X, y=None):
        count = sum(kind == "step" for kind, _ in self.calls) + 1
        result = super().loss(X, y)
        if y is None:
            return result
        grads = {name: result[1][name] for name in self.order}
        for name in self.gradients.get(count, ()):
            grads[name].flat[-1] = math.inf
        return self.losses.get(count, 1.0), grads


BAD = [math.nan, math.inf, -math.inf, np.float32("nan")]


@pytest.mark.parametrize("loss", BAD)
def test_a_loss_that_is_not_finite_is_reported_once_and_training_goes_on(loss):
    model = Diverging({step: loss for step in (3, 4, 5, 7)}, {3: "w"})
    solver = _solver(model, optim_config={"learning_rate": 0.125}, print_every=1)
    with pytest.warns(RuntimeWarning) as caught:
        solver.train()
    assert len(caught) == 1 and caught[0].filename == __file__
    message = str(caught[0].message)
    assert re.search(rf"loss is {float(loss)} in iteration 3, with learning rate 0\.125;", message)
    assert "the gradient of params['w'] was the first that was not finite, in iteration 3" in message
    assert solver.divergence == {"iteration": 3, "learning_rate": 0.125, "parameter": "w"}
    assert len(solver.loss_history) == 8 and len(solver.val_acc_history) == 3


@pytest.mark.parametrize(
    "gradients, order, name, iteration",
    [
        ({4: "wb"}, "bw", "b", 4),
        ({4: "wb"}, "wb", "w", 4),
        ({2: "w", 4: "wb"}, "bw", "w", 2),
        ({3: "b"}, "wb", "b", 3),
        ({5: "w"}, "bw", None, None),
        ({}, "bw", None, None),
    ],
)
def test_the_parameter_whose_gradient_went_first_is_named(gradients, order, name, iteration):
    solver = _solver(Diverging({4: math.nan}, gradients, order))
    with pytest.warns(RuntimeWarning) as caught:
        solver.train()
    assert solver.divergence["parameter"] == name
    expected = f"params['{name}'] was the first that was not finite, in iteration {iteration}"
    assert (expected if name else "all gradients so far are finite") in str(caught[0].message)


def test_the_learning_rate_reported_is_the_one_of_that_step_and_of_that_parameter():
    solver = _solver(Diverging({6: math.inf}, {6: "b"}), lr_decay=0.5)
    solver.optim_configs["b"]["learning_rate"] = 0.25
    with pytest.warns(RuntimeWarning, match=r"with learning rate 0\.125;"):
        solver.train()
    solver = Solver(Diverging({1: math.inf}), _data(), verbose=False)
    with pytest.warns(RuntimeWarning, match="with the default learning rate;"):
        solver.train()
    assert solver.divergence["learning_rate"] is None


def test_a_gradient_that_is_not_finite_is_no_divergence_by_itself():
    solver = _solver(Diverging({}, {3: "w"}))
    solver.train()
    assert solver.divergence is None


@pytest.mark.parametrize("option", ["continue", "stop"])
def test_whoever_ignores_invalid_values_is_not_warned(option):
    solver = _solver(Diverging({5: math.nan}), on_divergence=option)
    with np.errstate(invalid="ignore"):
        solver.train()
    assert solver.divergence["iteration"] == 5


def test_stop_ends_the_training_with_the_best_parameters_so_far():
    model = Diverging({6: math.nan})
    solver = _solver(model, on_divergence="stop")
    with pytest.warns(RuntimeWarning, match="iteration 6"):
        assert solver.train() is None
    assert len(solver.loss_history) == 6 and solver.val_acc_history == [0.2, 0.7]
    assert model.steps == 4 and model.bn_params[0]["running_mean"].tolist() == [4]
    assert not solver.interrupted


def test_raise_raises_and_leaves_everything_as_it_is():
    model = Diverging({6: math.nan}, {6: "w"})
    solver = _solver(model, on_divergence="raise")
    with complains(DivergenceError, "iteration 6", r"params\['w'\]", "learning rate 1;"):
        solver.train()
    assert isinstance(DivergenceError(), FloatingPointError)
    assert model.steps == 5 and len(solver.loss_history) == 6
    assert solver.divergence == {"iteration": 6, "learning_rate": 1.0, "parameter": "w"}


def test_a_reset_solver_reports_again():
    solver = _solver(Diverging({2: math.nan}))
    for _ in range(2):
        solver.model.calls.clear()
        with pytest.warns(RuntimeWarning, match="iteration 2"):
            solver.train()
        solver._reset()
    assert solver.divergence is None


@pytest.mark.parametrize("normalization", [None, "batchnorm"])
def test_a_learning_rate_that_is_too_high_is_found_out(normalization):
    net = FullyConnectedNet([20, 20], input_dim=60, num_classes=3, normalization=normalization, weight_scale=1.0)
    solver = _solver(net, _images(np.float32), optim_config={"learning_rate": 1e30}, on_divergence="stop")
    with np.errstate(all="ignore"):
        solver.train()
    assert solver.divergence["parameter"] in net.params and solver.divergence["iteration"] <= 4
    assert all(np.isfinite(w).all() for w in net.params.values()) or solver.best_val_acc == 0


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unknown, message",
    [
        ({"lr": 1}, 'Unrecognized arguments "lr"'),
        ({"a": 1, "b": None}, 'Unrecognized arguments "a", "b"'),
    ],
)
def test_unknown_arguments_are_listed(unknown, message):
    with pytest.raises(ValueError) as caught:
        Solver(CountingModel(), _data(), num_epochs=1, **unknown)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "name", ["x", "np", "_valid", "__name__", "__doc__", "Adam", "SGD", " sgd", "", "sgd_", "real"]
)
def test_what_is_no_update_rule_is_refused(name):
    with pytest.raises(ValueError) as caught:
        Solver(CountingModel(), _data(), update_rule=name)
    assert str(caught.value) == f'Invalid update_rule "{name}"'


@pytest.mark.parametrize("rule", [None, 3, optim.sgd, ["sgd"]], ids=["None", "3", "a function", "a list"])
def test_an_update_rule_is_given_by_name(rule):
    with pytest.raises(ValueError, match='Invalid update_rule "'):
        Solver(CountingModel(), _data(), update_rule=rule)


@pytest.mark.parametrize(
    "value", [math.hypot, np.square, len, "text", type("Rule", (), {}), lambda w, dw: (w, dw)]
)
def test_what_merely_lives_in_the_module_is_no_update_rule(monkeypatch, value):
    monkeypatch.setattr(optim, "stray", value, raising=False)
    with pytest.raises(ValueError, match='Invalid update_rule "stray"'):
        Solver(CountingModel(), _data(), update_rule="stray")


def test_a_rule_that_a_student_adds_counts(monkeypatch):
    def signed(w, dw, config=None):
        config.setdefault("learning_rate", 2.0)
        return w - config["learning_rate"] * np.sign(dw), config

    signed.__module__ = optim.__name__
    monkeypatch.setattr(optim, "signed", signed, raising=False)
    solver = Solver(model := CountingModel(), _data(), update_rule="signed", num_epochs=1, verbose=False)
    assert solver.update_rule is signed
    solver.train()
    assert model.params["w"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("rule", RULES)
def test_the_update_rule_attribute_is_the_function(rule):
    assert _solver(update_rule=rule).update_rule is getattr(optim, rule)


@pytest.mark.parametrize("key", ["X_train", "y_train", "X_val", "y_val"])
def test_a_missing_array_is_named(key):
    data = _data()
    del data[key]
    with complains(KeyError, "data", rf"'{key}'"):
        Solver(CountingModel(), data)


@parametrise(
    "key, value",
    {
        "labels too few": ("y_train", np.zeros(19, int)),
        "labels too many": ("y_val", np.zeros(11, int)),
        "images too few": ("X_val", np.zeros((9, 2))),
        "no images at all": ("X_train", np.zeros((0, 2))),
        "labels in a column": ("y_train", np.zeros((20, 1), int)),
        "one label": ("y_val", np.int64(0)),
    },
)
def test_images_and_labels_that_do_not_match_are_named(key, value):
    split = key[2:]
    with complains(ValueError, f"X_{split}", f"y_{split}", re.escape(str(np.shape(value)))):
        Solver(CountingModel(), _data() | {key: value})


def test_an_empty_split_is_refused():
    with complains(ValueError, "X_val", r"\(0, 2\)"):
        Solver(CountingModel(), _data() | {"X_val": np.zeros((0, 2)), "y_val": np.zeros(0, int)})


@pytest.mark.parametrize(
    "name, values",
    [
        ("lr_decay", [math.nan, math.inf, "slow", None]),
        ("batch_size", [0, -5, 2.5, "all", None]),
        ("num_epochs", [-1, 2.5, "all", None]),
        ("num_train_samples", [0, -1, 2.5, "all"]),
        ("num_val_samples", [0, -1, 2.5, "all"]),
        ("print_every", [0, -1, "never", None]),
        ("keep_checkpoints", [0, -1, 1.5, "best"]),
        ("on_divergence", ["explode", None, True]),
        ("optim_config", [3, "fast", [("learning_rate", 1)]]),
    ],
)
def test_a_setting_out_of_range_is_named(name, values):
    for value in values:
        with complains(ValueError, rf"\b{name}\b", str(value)):
            Solver(CountingModel(), _data(), **{name: value})


@parametrise("params", {"nothing": {}, "None": None, "a list": [np.zeros(2)], "an array": np.zeros(2)})
def test_a_model_without_parameters_by_name_is_refused(params):
    model = CountingModel()
    model.params = params
    with complains(ValueError, r"model\.params", "expected a dict"):
        Solver(model, _data())
    del model.params
    with complains(ValueError, r"model\.params", "None"):
        Solver(model, _data())


@pytest.mark.parametrize("data", [None, 3, [1, 2], "X_train"])
def test_data_that_is_no_dict_is_refused(data):
    with complains(ValueError, r"\bdata\b", "expected a dict"):
        Solver(CountingModel(), data)


@parametrise("grads, error", {"a list": ([np.zeros(2)], ValueError), "no b": ({"w": np.zeros(2)}, KeyError)})
def test_gradients_that_are_missing_are_named(grads, error):
    model = CountingModel()
    model.loss = lambda X, y: (1.0, grads)
    with complains(error, r"grads of model\.loss"):
        _solver(model)._step()


@pytest.mark.parametrize("name, value", [("num_samples", 0), ("num_samples", 1.5), ("batch_size", 0)])
def test_a_number_of_images_to_measure_on_that_is_none_is_refused(name, value):
    X, y = _split(10, first=1000)
    with complains(ValueError, rf"\b{name}\b", str(value)):
        _solver().check_accuracy(X, y, **{name: value})


def test_labels_in_a_column_would_be_compared_with_every_prediction_and_are_refused():
    X, y = _split(10, first=1000)
    with complains(ValueError, r"\by\b", r"\(10, 1\)"):
        _solver().check_accuracy(X, y[:, np.newaxis])


def test_accuracy_takes_lists():
    X, y = _split(10, first=1000)
    assert _solver(CountingModel(val={0: 0.3})).check_accuracy(list(X), list(y)) == 0.3


def test_settings_have_to_be_named():
    with pytest.raises(TypeError):
        Solver(CountingModel(), _data(), "adam")


def test_data_is_left_alone_and_may_hold_more():
    data = _data() | {"X_test": None}
    kept = {key: None if value is None else value.copy() for key, value in data.items()}
    _solver(data=data).train()
    assert data.keys() == kept.keys()
    for key in ("X_train", "y_train", "X_val", "y_val"):
        assert np.array_equal(data[key], kept[key])
