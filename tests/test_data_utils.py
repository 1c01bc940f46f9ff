"""cs231n.data_utils: finding the data, reading pickles safely, and the split the notebooks use."""

import inspect
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs231n import data_utils

ROWS = 20  # per batch of the little data set


def make_batch(seed, rows=ROWS):
    rng = np.random.default_rng(seed)
    return {
        "batch_label": f"batch {seed}",
        "labels": rng.integers(10, size=rows).tolist(),
        "data": rng.integers(256, size=(rows, 3072), dtype=np.uint8),
        "filenames": [f"{row}.png" for row in range(rows)],
    }


def write(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.fixture
def root(tmp_path):
    """A complete little data set of 100 + 20 random images."""
    folder = tmp_path / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for seed, name in enumerate([*data_utils.TRAIN_BATCHES, data_utils.TEST_BATCH]):
        write(folder / name, make_batch(seed))
    return folder


@pytest.fixture(autouse=True)
def empty_default_place(tmp_path, monkeypatch):
    monkeypatch.setattr(data_utils, "DEFAULT_ROOT", tmp_path / "default")


def load(data):
    return data_utils.load_pickle(io.BytesIO(data))


def python2_string(text):
    return b"U" + bytes([len(text)]) + text


def python2_array(array):
    """The bytes by which NumPy under Python 2 pickled a uint8 array, with integer flags for the dtype."""
    raw = array.tobytes()
    shape = b"(" + b"".join(b"J" + size.to_bytes(4, "little") for size in array.shape) + b"t"
    make = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R"
    dtype = b"cnumpy\ndtype\nU\2u1K\0K\1\x87R(K\3U\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    return make + b"(K\1" + shape + dtype + b"\x89T" + len(raw).to_bytes(4, "little") + raw + b"tb"


def python2_batch(array, labels):
    items = python2_string(b"data") + python2_array(array) + python2_string(b"labels")
    items += b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\2}(" + items + b"u."


# --- public names -------------------------------------------------------------------------------------------


def test_the_public_names_are_these():
    assert data_utils.__all__ == [
        "dataset_name",
        "find_CIFAR10",
        "get_CIFAR10_data",
        "load_CIFAR10",
        "load_CIFAR_batch",
        "load_class_names",
        "load_pickle",
    ]


def test_the_signature_of_get_CIFAR10_data_is_the_old_one_and_root():
    assert str(inspect.signature(data_utils.get_CIFAR10_data)) == (
        "(num_training=49000, num_validation=1000, num_test=1000, subtract_mean=True, *, root=None)"
    )


# --- finding the data ---------------------------------------------------------------------------------------


def test_root_may_be_the_folder_or_the_one_that_contains_it(root):
    assert data_utils.find_CIFAR10(root) == root
    assert data_utils.find_CIFAR10(str(root.parent)) == root


def test_CIFAR10_DIR_may_be_the_folder_or_the_one_that_contains_it(root, monkeypatch):
    for place in (root, root.parent):
        monkeypatch.setenv("CIFAR10_DIR", str(place))
        assert data_utils.find_CIFAR10() == root


def test_the_argument_goes_before_the_environment(root, tmp_path, monkeypatch):
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "elsewhere"))
    assert data_utils.find_CIFAR10(root) == root


def test_the_default_place_is_used_last(root, monkeypatch):
    monkeypatch.setattr(data_utils, "DEFAULT_ROOT", root.parent)
    assert data_utils.find_CIFAR10() == root
    monkeypatch.setenv("CIFAR10_DIR", "")
    assert data_utils.find_CIFAR10() == root


def test_a_wrong_CIFAR10_DIR_is_an_error_even_where_the_default_place_has_data(root, tmp_path, monkeypatch):
    monkeypatch.setattr(data_utils, "DEFAULT_ROOT", root.parent)
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "misspelt"))
    with pytest.raises(FileNotFoundError, match="CIFAR10_DIR") as caught:
        data_utils.find_CIFAR10()
    assert str(tmp_path / "misspelt") in str(caught.value)


@pytest.mark.parametrize("function", [data_utils.get_CIFAR10_data, data_utils.dataset_name])
def test_no_data_is_an_error_with_the_places_and_the_one_command(function, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        function()
    message = str(caught.value)
    assert str(tmp_path / "default") in message
    assert str(tmp_path / "default" / "cifar-10-batches-py") in message
    assert "python -m cs231n.datasets\n" in message


def test_an_incomplete_folder_is_an_error_that_names_the_missing_files(root):
    (root / "data_batch_3").unlink()
    with pytest.raises(FileNotFoundError, match=r"without data_batch_3\)"):
        data_utils.load_CIFAR10(root)


# --- what is in it ------------------------------------------------------------------------------------------


def test_data_without_a_marker_is_CIFAR_10(root):
    assert data_utils.dataset_name(root) == "CIFAR-10"
    write(root / "batches.meta", {"label_names": list("abcdefghij")})
    assert data_utils.dataset_name(root) == "CIFAR-10"


def test_drawn_data_is_called_stand_in_data(root, stand_in_root, monkeypatch):
    assert data_utils.dataset_name(stand_in_root) == "stand-in data"
    monkeypatch.setenv("CIFAR10_DIR", str(stand_in_root))
    assert data_utils.dataset_name() == "stand-in data"


def test_class_names_come_from_the_folder(root):
    assert data_utils.load_class_names(root)[:2] == ["airplane", "automobile"]
    write(root / "batches.meta", {"label_names": list("abcdefghij")})
    assert data_utils.load_class_names(root) == list("abcdefghij")


@pytest.mark.parametrize("names", [["one"], list(range(10)), None, 7])
def test_odd_class_names_are_a_ValueError(root, names):
    write(root / "batches.meta", {"label_names": names})
    with pytest.raises(ValueError, match="label_names"):
        data_utils.load_class_names(root)


def test_a_meta_file_that_is_no_dict_is_a_ValueError(root):
    write(root / "batches.meta", [1])
    with pytest.raises(ValueError, match=r"batches\.meta"):
        data_utils.dataset_name(root)


# --- pickles ------------------------------------------------------------------------------------------------


ARRAYS = [
    np.arange(6, dtype=np.uint8).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    np.arange(24, dtype=">i4").reshape(2, 3, 4).transpose(1, 2, 0),
    np.array([True, False]),
    np.array(3.5 + 2j),
    np.empty((0, 3), dtype=np.float16),
    np.array(["cat", "doggy"]),
    np.array([b"cat", b"d"]),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}-{array.shape}")
def test_arrays_come_back_from_every_protocol(array, protocol):
    back = load(pickle.dumps({"a": array}, protocol=protocol))["a"]
    assert type(back) is np.ndarray
    assert back.dtype == array.dtype
    assert back.dtype.byteorder == array.dtype.byteorder
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_both_names_of_the_numpy_core_are_known(core):
    data = pickle.dumps(np.arange(3), protocol=2)
    for name in (b"numpy._core", b"numpy.core"):
        data = data.replace(name + b".multiarray", b"@.multiarray")
    np.testing.assert_array_equal(load(data.replace(b"@", core)), np.arange(3))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_and_numpy_numbers_come_back(protocol):
    content = {"n": [1, 2.5, None, True, "ä", b"\xff", (1, {2: {3}})], "s": np.float32(0.5), "l": [np.int64(-3)]}
    plain = {**content, "n": content["n"][:-1] + [(1, {2: 3})]} if protocol < 4 else content  # no sets by then
    assert load(pickle.dumps(plain, protocol=protocol)) == plain


def test_pickles_of_python_2_load_without_a_warning(root):
    array = np.arange(3 * 3072, dtype=np.uint16).astype(np.uint8).reshape(3, 3072)
    path = root / "data_batch_1"
    path.write_bytes(python2_batch(array, [4, 0, 9]))
    X, y = data_utils.load_CIFAR_batch(path)
    np.testing.assert_array_equal(X[1, 2, 3], array[1, [67, 1024 + 67, 2048 + 67]])
    np.testing.assert_array_equal(y, [4, 0, 9])


def test_a_container_that_contains_itself_comes_back():
    circle = [np.arange(2)]
    circle.append(circle)
    back = load(pickle.dumps(circle))
    assert back[1] is back
    np.testing.assert_array_equal(back[0], [0, 1])


class Call:
    """Pickles as the call of a function with some arguments."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def hostile_pickles():
    nested = b"K\1" + b"\x85" * 200_000 + b"."
    half = pickle.dumps(np.arange(100))
    return {
        "a function of Python": pickle.dumps(Call(print, "owned")),
        "code": pickle.dumps(Call(eval, "print('owned')")),
        "another function of NumPy": pickle.dumps(Call(np.frombuffer, b"abcd")),
        "a NumPy function that loads files": b"cnumpy\nload\n(S'x'\ntR.",
        "an object array": pickle.dumps(np.array([print, None], dtype=object)),
        "an object dtype": pickle.dumps(np.dtype("O")),
        "a structured dtype": pickle.dumps(np.zeros(2, dtype=[("a", "i4"), ("b", "f8")])),
        "dates": pickle.dumps(np.array(["2020-01-01"], dtype="datetime64[D]")),
        "a class of its own": pickle.dumps(st.integers),
        "a type as data": b"cnumpy\nndarray\n.",
        "an array that is never filled": b"cnumpy\nndarray\n)R.",
        "an array made past its constructor": b"\x80\2cnumpy\nndarray\n)\x81.",
        "an array of another size than its bytes": half.replace(b"Kd\x85", b"Ke\x85"),
        "state for a name": b"cnumpy\ndtype\n}(U\1aK\1ub.",
        "attributes for a name": b"c_codecs\nencode\nN}(U\1aK\1u\x86b.",
        "a memo index that needs gigabytes": b"\x80\2K\1r\xff\xff\xff\x7f.",
        "a length that needs gigabytes": b"\x80\4\x8e\xff\xff\xff\xff\xff\xff\xff\x3fab.",
        "a persistent id": b"Pabc\n.",
        "an extension code": b"\x80\2\x82\1.",
        "a deep nest": nested,
        "a truncated array": half[: len(half) // 2],
        "nothing": b"",
        "a web page": b"<!DOCTYPE html><html><body>503</body></html>",
        "zeros": bytes(1000),
    }


@pytest.mark.parametrize("kind", hostile_pickles())
def test_a_bad_pickle_is_a_ValueError_that_names_the_file(kind, tmp_path, capsys):
    path = tmp_path / "data_batch_1"
    path.write_bytes(hostile_pickles()[kind])
    with path.open("rb") as file, pytest.raises(ValueError) as caught:
        data_utils.load_pickle(file)
    assert str(path) in str(caught.value)
    assert "python -m cs231n.datasets --force" in str(caught.value)
    assert "owned" not in capsys.readouterr().out


def test_a_bad_pickle_does_not_spoil_the_next_one():
    for data in hostile_pickles().values():
        with pytest.raises(ValueError, match="this file"):
            load(data)
    np.testing.assert_array_equal(load(pickle.dumps(np.arange(4))), np.arange(4))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), protocol=st.integers(0, 5))
def test_a_damaged_pickle_loads_or_is_a_ValueError(data, protocol):
    damaged = bytearray(
        pickle.dumps({"data": np.arange(12), "labels": [1, 2], "x": np.float64(3)}, protocol=protocol)
    )
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        load(bytes(damaged))
    except ValueError:
        pass


# --- batches ------------------------------------------------------------------------------------------------


def test_a_batch_comes_as_float_images_and_integer_labels(root):
    raw = make_batch(2)
    X, y = data_utils.load_CIFAR_batch(root / "data_batch_3")
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((ROWS, 32, 32, 3), np.float32, (ROWS,), np.int64)
    assert X.flags.c_contiguous
    np.testing.assert_array_equal(y, raw["labels"])
    # Pixel (row 5, column 7) of channel c stands at c * 1024 + 5 * 32 + 7.
    for channel in range(3):
        np.testing.assert_array_equal(X[:, 5, 7, channel], raw["data"][:, channel * 1024 + 5 * 32 + 7])


@pytest.mark.parametrize(
    "change",
    [
        {"data": np.zeros((ROWS, 3072), dtype=np.float32)},
        {"data": np.zeros((ROWS, 3071), dtype=np.uint8)},
        {"data": np.zeros(3072, dtype=np.uint8)},
        {"data": [[0] * 3072] * ROWS},
        {"labels": [0] * (ROWS - 1)},
        {"labels": [0.5] * ROWS},
        {"labels": ["cat"] * ROWS},
        {"labels": [[0], [1, 2]]},
        {"labels": [10] * ROWS},
        {"labels": [-1] * ROWS},
        {"labels": [2**70] * ROWS},
        {"labels": None},
    ],
    ids=lambda change: f"{next(iter(change))} {str(next(iter(change.values())))[:12]}",
)
def test_a_batch_with_odd_content_is_a_ValueError_that_names_file_and_key(root, change):
    path = write(root / "data_batch_1", make_batch(0) | change)
    with pytest.raises(ValueError, match=f"data_batch_1.*`{next(iter(change))}`|data_batch_1.*labels run"):
        data_utils.load_CIFAR_batch(path)


@pytest.mark.parametrize("content", [[1, 2], {"data": 1}, None])
def test_a_pickle_that_is_no_batch_is_a_ValueError(root, content):
    path = write(root / "data_batch_1", content)
    with pytest.raises(ValueError, match="data_batch_1 is not a CIFAR-10 batch"):
        data_utils.load_CIFAR_batch(path)


def test_a_missing_batch_is_a_FileNotFoundError(tmp_path):
    with pytest.raises(FileNotFoundError):
        data_utils.load_CIFAR_batch(tmp_path / "data_batch_1")


def test_all_of_CIFAR_10_comes_in_order(root):
    Xtr, ytr, Xte, yte = data_utils.load_CIFAR10(root)
    assert Xtr.shape == (5 * ROWS, 32, 32, 3) and Xte.shape == (ROWS, 32, 32, 3)
    for number in range(5):
        X, y = data_utils.load_CIFAR_batch(root / f"data_batch_{number + 1}")
        rows = slice(number * ROWS, (number + 1) * ROWS)
        np.testing.assert_array_equal(Xtr[rows], X)
        np.testing.assert_array_equal(ytr[rows], y)
    np.testing.assert_array_equal(Xte, data_utils.load_CIFAR_batch(root / "test_batch")[0])
    np.testing.assert_array_equal(yte, make_batch(5)["labels"])


# --- the split ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subtract_mean", [True, False])
@pytest.mark.parametrize("sizes", [(70, 30, 20), (20, 5, 3), (33, 27, 1), (1, 0, 0)])
def test_the_split_is_the_classic_one(root, sizes, subtract_mean):
    training, validation, test = sizes
    Xtr, ytr, Xte, yte = data_utils.load_CIFAR10(root)
    data = data_utils.get_CIFAR10_data(*sizes, subtract_mean, root=root)
    mean = Xtr[:training].astype(np.float64).mean(axis=0) if subtract_mean else 0
    expected = {
        "train": (Xtr[:training], ytr[:training]),
        "val": (Xtr[training : training + validation], ytr[training : training + validation]),
        "test": (Xte[:test], yte[:test]),
    }
    assert list(data) == ["X_train", "y_train", "X_val", "y_val", "X_test", "y_test"]
    for name, (X, y) in expected.items():
        got = data[f"X_{name}"]
        assert got.dtype == np.float32 and got.flags.c_contiguous and got.shape == (len(X), 3, 32, 32)
        np.testing.assert_allclose(got, (X - mean).transpose(0, 3, 1, 2), atol=2e-5)
        np.testing.assert_array_equal(data[f"y_{name}"], y)
        assert data[f"y_{name}"].dtype == np.int64


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"num_training": 0}, "num_training is 0, expected an integer of at least 1"),
        ({"num_training": -5}, "num_training is -5"),
        ({"num_training": 49000.0}, "num_training is 49000.0"),
        ({"num_training": "many"}, "num_training is 'many'"),
        ({"num_validation": -1}, "num_validation is -1, expected an integer of at least 0"),
        ({"num_validation": None}, "num_validation is None"),
        ({"num_test": 21}, "num_test is 21, expected at most 20"),
        ({"num_test": -1}, "num_test is -1"),
        (
            {"num_training": 90, "num_validation": 11},
            r"num_training \+ num_validation is 101, expected at most 100",
        ),
        ({"num_training": 10**12}, "expected at most 100"),
    ],
)
def test_a_bad_number_of_images_is_a_ValueError_that_names_it(root, numbers, message):
    arguments = {"num_training": 50, "num_validation": 10, "num_test": 10} | numbers
    with pytest.raises(ValueError, match=message):
        data_utils.get_CIFAR10_data(**arguments, root=root)


def test_numbers_of_NumPy_are_numbers_of_images(root):
    data = data_utils.get_CIFAR10_data(np.int64(3), np.uint8(2), np.int32(1), root=root)
    assert [len(data[f"y_{name}"]) for name in ("train", "val", "test")] == [3, 2, 1]


def test_the_default_split_of_a_full_set_has_the_usual_sizes(stand_in_root):
    data = data_utils.get_CIFAR10_data(root=stand_in_root)
    assert {name: values.shape for name, values in data.items()} == {
        "X_train": (49000, 3, 32, 32),
        "y_train": (49000,),
        "X_val": (1000, 3, 32, 32),
        "y_val": (1000,),
        "X_test": (1000, 3, 32, 32),
        "y_test": (1000,),
    }
    assert abs(data["X_train"].mean(dtype=np.float64)) < 1e-3


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is there on Linux only")
def test_the_default_split_of_a_full_set_needs_less_than_1_3_GB(stand_in_root):
    code = (
        "import sys\n"
        "from cs231n.data_utils import get_CIFAR10_data\n"
        "data = get_CIFAR10_data(root=sys.argv[1])\n"
        # Not getrusage: its peak would count the memory of the process that started this one.
        "status = open('/proc/self/status').read().splitlines()\n"
        "print(next(line.split()[1] for line in status if line.startswith('VmHWM')))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(stand_in_root)], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) * 1024 < 1.3e9
