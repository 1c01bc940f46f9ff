"""The drawn data set: its layout, that it is the same each time, and how hard it is."""

import pickle

import numpy as np
import pytest

from cs231n import data_utils
from cs231n.classifiers.cnn import ThreeLayerConvNet
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.datasets import stand_in, write_stand_in
from cs231n.solver import Solver

NAMES = [*data_utils.TRAIN_BATCHES, data_utils.TEST_BATCH]


@pytest.fixture
def small(monkeypatch):
    """Draw 500 images per batch, not 10,000."""
    monkeypatch.setattr(stand_in, "PER_CLASS", stand_in.CHUNK)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_has_the_layout_of_CIFAR_10(stand_in_root, name):
    with (stand_in_root / name).open("rb") as file:
        batch = data_utils.load_pickle(file)
    assert set(batch) == {"batch_label", "data", "filenames", "labels"}
    assert (batch["data"].shape, batch["data"].dtype) == ((10000, 3072), np.uint8)
    assert type(batch["labels"]) is list and {type(label) for label in batch["labels"]} == {int}
    np.testing.assert_array_equal(np.bincount(batch["labels"]), [1000] * 10)
    assert len(set(batch["filenames"])) == 10000
    assert batch["filenames"][7].startswith(stand_in.CLASSES[batch["labels"][7]])


def test_an_ordinary_unpickler_reads_it_too(stand_in_root):
    with (stand_in_root / "test_batch").open("rb") as file:
        batch = pickle.load(file, encoding="latin1")
    X, y = data_utils.load_CIFAR_batch(stand_in_root / "test_batch")
    np.testing.assert_array_equal(batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), X)
    np.testing.assert_array_equal(batch["labels"], y)


def test_it_says_what_it_is_and_what_it_shows(stand_in_root):
    assert data_utils.dataset_name(stand_in_root) == "stand-in data"
    assert tuple(data_utils.load_class_names(stand_in_root)) == stand_in.CLASSES
    assert len(stand_in.CLASSES) == 10


def test_the_labels_are_mixed(stand_in_root):
    _, y = data_utils.load_CIFAR_batch(stand_in_root / "data_batch_5")
    assert np.bincount(y[-1000:], minlength=10).min() > 60


def test_no_image_comes_twice(stand_in_root):
    seen = set()
    for name in NAMES:
        with (stand_in_root / name).open("rb") as file:
            seen.update(image.tobytes() for image in data_utils.load_pickle(file)["data"])
    assert len(seen) == 60000


def test_the_whole_range_of_brightness_is_used(stand_in_root):
    X, _ = data_utils.load_CIFAR_batch(stand_in_root / "data_batch_1")
    assert X.min() == 0 and X.max() == 255
    assert 80 < X.mean() < 150 and 40 < X.std() < 90


def test_it_is_the_same_each_time_to_the_byte(tmp_path, small):
    folders = [write_stand_in(tmp_path / name) for name in "ab"]
    for name in [*NAMES, data_utils.META]:
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second
    assert len({(folders[0] / name).read_bytes() for name in NAMES}) == 6


def test_drawing_leaves_the_global_random_stream_alone():
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    stand_in.draw_scenes(2, np.random.default_rng(0))
    assert np.random.rand() == expected


def test_a_second_call_says_so_and_does_nothing(tmp_path, small, capsys):
    folder = write_stand_in(tmp_path)
    (folder / "readme.html").write_bytes(b"mine")
    assert write_stand_in(tmp_path) == folder
    assert "There is stand-in data already" in capsys.readouterr().out
    assert (folder / "readme.html").exists()
    write_stand_in(tmp_path, force=True)
    assert not (folder / "readme.html").exists()


def test_real_data_is_not_replaced_unless_forced(tmp_path, small, capsys):
    folder = write_stand_in(tmp_path)
    (folder / data_utils.META).unlink()  # without the marker it counts as CIFAR-10
    write_stand_in(tmp_path)
    assert "There is CIFAR-10 already" in capsys.readouterr().out
    assert data_utils.dataset_name(tmp_path) == "CIFAR-10"
    write_stand_in(tmp_path, force=True)
    assert data_utils.dataset_name(tmp_path) == "stand-in data"


def test_an_interrupted_drawing_leaves_nothing(tmp_path, small, monkeypatch):
    def interrupt(number):
        raise KeyboardInterrupt

    monkeypatch.setattr(stand_in, "_draw_batch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_stand_in(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_linear_model_mlp_and_convnet_come_out_clearly_in_this_order(stand_in_root):
    data = data_utils.get_CIFAR10_data(root=stand_in_root)
    scale = data["X_train"].std()
    for name in ("X_train", "X_val"):
        data[name] /= scale
    models = {
        "linear": (lambda: FullyConnectedNet([], weight_scale=1e-3), 1e-4),
        "mlp": (lambda: FullyConnectedNet([200, 100], weight_scale=2e-2), 5e-4),
        "convnet": (lambda: ThreeLayerConvNet(num_filters=16, filter_size=5, weight_scale=1e-2, reg=1e-3), 1e-3),
    }
    accuracy = {}
    for name, (make, learning_rate) in models.items():
        np.random.seed(0)
        optim = {"learning_rate": learning_rate}
        solver = Solver(make(), data, update_rule="adam", optim_config=optim, num_epochs=1, verbose=False)
        solver.train()
        accuracy[name] = solver.best_val_acc
    print(accuracy)
    assert accuracy["linear"] > 0.15  # 0.1 is chance
    assert accuracy["mlp"] >= accuracy["linear"] + 0.05
    assert accuracy["convnet"] >= accuracy["mlp"] + 0.05
    assert max(accuracy.values()) < 0.95
