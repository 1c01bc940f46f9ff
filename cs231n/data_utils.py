"""Loading CIFAR-10: where it lies, its batches, and the split that the notebooks train on.

`get_CIFAR10_data()` is what a notebook calls; `python -m cs231n.datasets` puts the data there.
The batches are pickles that came over a network, and an ordinary pickle may run any code it
likes. `load_pickle` therefore knows how to rebuild NumPy arrays and refuses everything else.
"""

import io
import math
import os
import pickle
import pickletools
import re
from pathlib import Path

import numpy as np

from cs231n import validation as _valid

__all__ = [
    "dataset_name",
    "find_CIFAR10",
    "get_CIFAR10_data",
    "load_CIFAR10",
    "load_CIFAR_batch",
    "load_class_names",
    "load_pickle",
]

FOLDER = "cifar-10-batches-py"
TRAIN_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST_BATCH = "test_batch"
META = "batches.meta"
DEFAULT_ROOT = Path(__file__).parent / "datasets"
# Present and true in batches.meta of the drawn data set only.
STAND_IN_KEY = "stand_in"

_IMAGE = (3, 32, 32)
_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


# Unpickling. Each class below takes the place of one name that a pickled array refers to, so that no
# function of NumPy is ever called with arguments of the file's choosing before they are checked.


class _Part:
    """What stands for a NumPy object while a pickle is being read; `value` is the real one."""

    __slots__ = ("value",)

    def __setstate__(self, state):
        raise ValueError("it sets the state of something that has none")


class _Bytes(_Part):
    """Stands for `_codecs.encode` and `bytes`, the detour by which Python 3 writes bytes in old protocols."""

    def __new__(cls, text="", encoding="latin1"):
        return text.encode("latin1")


class _Dtype(_Part):
    """Stands for `numpy.dtype`; plain numbers, booleans and fixed-width strings only."""

    def __init__(self, code, *flags):
        # The flags are align and copy. Python 2 wrote integers, which NumPy 2.4 warns about; not needed here.
        if not re.fullmatch(r"[biufcSU][1-9]\d*", code):
            raise ValueError(f"it holds an array of type {code!r}, expected numbers")
        self.value = np.dtype(code)

    def __setstate__(self, state):
        byte_order = state[1]
        if byte_order not in ("<", ">", "|", "="):
            raise ValueError(f"it holds an array of byte order {byte_order!r}")
        self.value = np.dtype(byte_order + self.value.str[1:])


class _Array(_Part):
    """Stands for `numpy.ndarray` and for the function that makes an empty one to be filled."""

    def __init__(self, *unused):
        self.value = None

    def __setstate__(self, state):
        _version, shape, dtype, is_fortran, raw = state
        self.value = _rebuild_array(raw, dtype, shape, "F" if is_fortran else "C")


class _BufferArray(_Part):
    """Stands for the function by which protocol 5 makes an array from a buffer."""

    def __init__(self, raw, dtype, shape, order, axis_order=None):
        array = _rebuild_array(raw, dtype, shape, "F" if order == "F" else "C")
        self.value = array if axis_order is None else array.transpose(axis_order)


class _Scalar(_Part):
    """Stands for the function that makes one NumPy number, as in a list of np.int64 labels."""

    def __init__(self, dtype, raw):
        self.value = _rebuild_array(raw, dtype, (), "C")[()]


def _rebuild_array(raw, dtype, shape, order):
    """Make a writable array from its bytes, which have to be exactly as many as it needs."""
    if isinstance(raw, str):  # a Python 2 string, decoded as latin1
        raw = raw.encode("latin1")
    if len(raw) != math.prod(shape) * dtype.value.itemsize:
        raise ValueError(f"an array of shape {shape} comes with {len(raw)} bytes")
    return np.ndarray(shape, dtype.value, buffer=raw, order=order).copy(order="K")


_KNOWN_NAMES = {
    ("__builtin__", "bytes"): _Bytes,
    ("_codecs", "encode"): _Bytes,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
}
for _core in ("numpy.core", "numpy._core"):  # before NumPy 2, and since
    _KNOWN_NAMES[f"{_core}.multiarray", "_reconstruct"] = _Array
    _KNOWN_NAMES[f"{_core}.multiarray", "scalar"] = _Scalar
    _KNOWN_NAMES[f"{_core}.numeric", "_frombuffer"] = _BufferArray


class _ArrayUnpickler(pickle.Unpickler):
    """Reads numbers, strings, containers and NumPy arrays; every other name in the file is an error."""

    def find_class(self, module, name):
        try:
            return _KNOWN_NAMES[module, name]
        except KeyError:
            raise ValueError(f"it asks for {module}.{name}, and only NumPy arrays are allowed") from None


def _check_memo(data):
    """Refuse a memo index that no pickler writes: the C unpickler would allocate room for all below it."""
    for opcode, argument, position in pickletools.genops(data):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > position:
            raise ValueError(f"memo index {argument} at byte {position}")


def _replace_parts(value, seen):
    """Put the real objects where parts stand; `seen` (by id) keeps shared and circular containers cheap."""
    if isinstance(value, _Part):
        if value.value is None:
            raise ValueError("it holds an array without content")
        return value.value
    if isinstance(value, type):
        raise ValueError("it holds a type where data was expected")
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, dict):
        result = seen[id(value)] = {}
        for key, item in value.items():
            result[_replace_parts(key, seen)] = _replace_parts(item, seen)
    elif isinstance(value, list):
        result = seen[id(value)] = []
        result.extend(_replace_parts(item, seen) for item in value)
    elif isinstance(value, (tuple, set, frozenset)):
        result = seen[id(value)] = type(value)(_replace_parts(item, seen) for item in value)
    else:
        result = value
    return result


def load_pickle(f):
    """Read one pickle that holds plain data and NumPy arrays, and run nothing that it may contain.

    Strings written by Python 2 are decoded as latin1, so that CIFAR-10's keys come out as str.

    Args:
        f: file open for reading in binary mode.

    Returns:
        The object: numbers, strings, containers and arrays of numbers.

    Raises:
        ValueError: the file is damaged, is no pickle, or holds anything else (the message names it).
    """
    data = f.read()
    try:
        _check_memo(data)
        return _replace_parts(_ArrayUnpickler(io.BytesIO(data), encoding="latin1").load(), {})
    except Exception as error:  # a hostile file can raise nearly anything
        raise ValueError(
            f"{getattr(f, 'name', 'this file')} is damaged or is not a CIFAR-10 file "
            f"({type(error).__name__}: {error}). "
            "`python -m cs231n.datasets --force` fetches the data again."
        ) from error


# Finding the data


def _missing_files(folder):
    return [name for name in (*TRAIN_BATCHES, TEST_BATCH) if not (folder / name).is_file()]


def find_CIFAR10(root=None):
    """Find the folder with the batches.

    One place decides, so that a misspelt path never ends in other data than was asked for: `root`
    if given, else the environment variable CIFAR10_DIR if set, else `cs231n/datasets`. It may be the folder
    `cifar-10-batches-py` itself or the one that contains it.

    Args:
        root: path, or None.

    Returns:
        Path of the folder that holds data_batch_1 to data_batch_5 and test_batch.

    Raises:
        FileNotFoundError: nothing there, or some files are missing.
    """
    from_environment = os.environ.get("CIFAR10_DIR")
    if root is not None:
        place, source = Path(root), "that the argument `root` names"
    elif from_environment:
        place, source = Path(from_environment).expanduser(), "that CIFAR10_DIR names"
    else:
        place, source = DEFAULT_ROOT, "for data"
    looked = []
    for folder in (place, place / FOLDER):
        missing = _missing_files(folder)
        if not missing:
            return folder
        state = f"without {', '.join(missing)}" if folder.is_dir() else "not there"
        looked.append(f"  {folder} ({state})")
    raise FileNotFoundError(
        f"CIFAR-10 is not in the folder {source}:\n"
        + "\n".join(looked)
        + f"\nTo download it into {DEFAULT_ROOT}, run\n  python -m cs231n.datasets\n"
        "and leave `root` and CIFAR10_DIR unset. If you have it already, set one of them to its folder."
    )


def _load_meta(root):
    """The content of batches.meta, {} where a folder has none."""
    path = find_CIFAR10(root) / META
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        meta = load_pickle(file)
    if not isinstance(meta, dict):
        raise ValueError(f"{path} holds a {type(meta).__name__}, expected a dict")
    return meta


def dataset_name(root=None):
    """What plots and tables call the data.

    Args:
        root: as for find_CIFAR10.

    Returns:
        "stand-in data" for the set that `python -m cs231n.datasets --stand-in` draws, else "CIFAR-10".

    Raises:
        FileNotFoundError: no data there.
        ValueError: batches.meta is damaged.
    """
    return "stand-in data" if _load_meta(root).get(STAND_IN_KEY) else "CIFAR-10"


def load_class_names(root=None):
    """The names of the ten classes, in the order of the labels.

    Args:
        root: as for find_CIFAR10.

    Returns:
        list of ten strings.

    Raises:
        FileNotFoundError: no data there.
        ValueError: batches.meta is damaged.
    """
    names = _load_meta(root).get("label_names", _CLASSES)
    if not isinstance(names, (list, tuple)) or [type(name) for name in names] != [str] * len(_CLASSES):
        raise ValueError(f"`label_names` in {META} is {names!r}, expected ten strings")
    return list(names)


# Loading


def _read_batch(path):
    """Read one batch as it is stored.

    Returns:
        data: uint8 (N, 3072), each row the red, the green and the blue plane.
        labels: int64 (N,).
    """
    with Path(path).open("rb") as file:
        batch = load_pickle(file)
    if not isinstance(batch, dict) or not {"data", "labels"} <= batch.keys():
        raise ValueError(f"{path} is not a CIFAR-10 batch: expected a dict with `data` and `labels`")
    data = batch["data"]
    try:
        labels = np.asarray(batch["labels"])
    except ValueError as error:
        raise ValueError(f"{path}: `labels` is not a list of integers ({error})") from error
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (math.prod(_IMAGE),):
        found = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise ValueError(f"{path}: `data` is {found}, expected uint8 (N, {math.prod(_IMAGE)})")
    if labels.shape != data.shape[:1] or labels.dtype.kind not in "iu":
        found = f"{labels.dtype} {labels.shape}"
        raise ValueError(f"{path}: `labels` is {found}, expected integers ({data.shape[0]},)")
    if labels.size and not 0 <= labels.min() <= labels.max() < len(_CLASSES):
        raise ValueError(f"{path}: labels run from {labels.min()} to {labels.max()}, expected 0 to 9")
    return data, labels.astype(np.int64)


def _read_rows(root, names, count=None):
    """The first `count` rows (all if None) of several batches; batches beyond them are not opened.

    Returns:
        pixels: list of uint8 (n, 3072), one per batch. They stay apart: joined they would need the memory twice.
        labels: int64 (N,).
    """
    pixels, labels = [], [np.empty(0, dtype=np.int64)]
    rows = 0
    for name in names:
        if rows == count:
            break
        data, classes = _read_batch(root / name)
        wanted = None if count is None else count - rows
        pixels.append(data[:wanted])
        labels.append(classes[:wanted])
        rows += len(labels[-1])
    return pixels, np.concatenate(labels)


def _as_images(pixels):
    """List of uint8 (n, 3072) -> float32 (N, 32, 32, 3), contiguous."""
    out = np.empty((sum(map(len, pixels)), 32, 32, 3), dtype=np.float32)
    row = 0
    for batch in pixels:
        planes = batch.reshape(-1, *_IMAGE)  # (n, 3072) -> (n, 3, 32, 32)
        out[row : row + len(batch)] = planes.transpose(0, 2, 3, 1)  # -> (n, 32, 32, 3)
        row += len(batch)
    return out


def load_CIFAR_batch(filename):
    """Load one batch file.

    Args:
        filename: path of the file.

    Returns:
        X: pixels 0 to 255, float32 (N, 32, 32, 3).
        y: labels, int64 (N,).

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged or is not a CIFAR-10 batch.
    """
    data, labels = _read_batch(filename)
    return _as_images([data]), labels


def load_CIFAR10(ROOT):
    """Load all of CIFAR-10.

    Args:
        ROOT: path of `cifar-10-batches-py`, or of the folder that contains it.

    Returns:
        Xtr, ytr, Xte, yte: pixels 0 to 255 as float32 (N, 32, 32, 3), labels as int64 (N,).

    Raises:
        FileNotFoundError: no data there.
        ValueError: a file is damaged.
    """
    root = find_CIFAR10(ROOT)
    train, train_labels = _read_rows(root, TRAIN_BATCHES)
    test, test_labels = _read_rows(root, [TEST_BATCH])
    return _as_images(train), train_labels, _as_images(test), test_labels


def _check_available(name, wanted, there):
    if there < wanted:
        raise ValueError(f"{name} is {wanted}, expected at most {there}, the number of images there")


def _split(pixels, count):
    """Split a list of uint8 (n, 3072) after `count` rows into two such lists; nothing is copied."""
    first, second = [], []
    for batch in pixels:
        first.append(batch[:count])
        second.append(batch[count:])
        count = max(count - len(batch), 0)
    return first, second


def _centred(pixels, mean):
    """List of uint8 (n, 3072) minus the mean (3072,) -> float32 (N, 3, 32, 32), in one pass over the pixels."""
    out = np.empty((sum(map(len, pixels)), len(mean)), dtype=np.float32)
    row = 0
    for batch in pixels:
        np.subtract(batch, mean, out=out[row : row + len(batch)], dtype=np.float32)
        row += len(batch)
    return out.reshape(-1, *_IMAGE)  # (N, 3072) -> (N, 3, 32, 32)


def get_CIFAR10_data(num_training=49000, num_validation=1000, num_test=1000, subtract_mean=True, *, root=None):
    """Load CIFAR-10, split it and centre it, as all notebooks use it.

    Pixels are 0 to 255 minus the mean image of the training rows; they are not scaled.

    Args:
        num_training: number of training images, from the first.
        num_validation: number of validation images, the rows after the training rows.
        num_test: number of test images, from the first of the test batch.
        subtract_mean: False leaves the pixels as they are.
        root: where the data lies, as for find_CIFAR10.

    Returns:
        dict: X_train, X_val, X_test, float32 (N, 3, 32, 32), and y_train, y_val, y_test, int64 (N,).

    Raises:
        FileNotFoundError: no data there.
        ValueError: a number is no integer, too small, or more than there are images; a file is damaged.
    """
    num_training = _valid.integer("num_training", num_training, 1)
    num_validation = _valid.integer("num_validation", num_validation, 0)
    num_test = _valid.integer("num_test", num_test, 0)
    folder = find_CIFAR10(root)

    wanted = num_training + num_validation
    pixels, labels = _read_rows(folder, TRAIN_BATCHES, wanted)
    _check_available("num_training + num_validation", wanted, len(labels))
    test_pixels, y_test = _read_rows(folder, [TEST_BATCH], num_test)
    _check_available("num_test", num_test, len(y_test))

    train_pixels, val_pixels = _split(pixels, num_training)
    mean = np.zeros(math.prod(_IMAGE), dtype=np.float32)
    if subtract_mean:
        # Sums of bytes are exact in integers, so the mean does not depend on the order of summation.
        total = sum(batch.sum(axis=0, dtype=np.uint64) for batch in train_pixels)
        mean = (total / num_training).astype(np.float32)
    return {
        "X_train": _centred(train_pixels, mean),
        "y_train": labels[:num_training].copy(),
        "X_val": _centred(val_pixels, mean),
        "y_val": labels[num_training:].copy(),
        "X_test": _centred(test_pixels, mean),
        "y_test": y_test,
    }
