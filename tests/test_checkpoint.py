"""cs231n.checkpoint: what goes in comes out to the bit, damage is found, and writing loses nothing."""

import json
import math
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cs231n import checkpoint
from tests.oracles import complains, parametrise

# --- there and back -----------------------------------------------------------------------------------------


def identical(one, other):
    """The same types, values, bits, dtypes and orders of axes, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, np.ndarray):
        order = [(stride, n) for stride, n in zip(np.argsort(-np.abs(one.strides), kind="stable"), one.shape)]
        others = [(stride, n) for stride, n in zip(np.argsort(-np.abs(other.strides), kind="stable"), other.shape)]
        same_order = one.size == 0 or 1 in one.shape or order == others
        return same_order and one.dtype.str == other.dtype.str and one.tobytes() == other.tobytes()
    if isinstance(one, np.generic):
        return one.tobytes() == other.tobytes()
    return repr(one) == repr(other)  # tells 0.0 from -0.0 and takes NaN for itself


def there_and_back(content, path):
    checkpoint.save(path, content)
    return checkpoint.load(path)


DTYPES = st.one_of(
    hnp.floating_dtypes(endianness="?"),
    hnp.integer_dtypes(endianness="?"),
    hnp.complex_number_dtypes(),
    hnp.boolean_dtypes(),
    hnp.unicode_string_dtypes(max_len=3),
)
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)
TURNED = st.tuples(ARRAYS, st.randoms()).map(
    lambda drawn: drawn[0].transpose(drawn[1].sample(range(drawn[0].ndim), drawn[0].ndim))
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    TURNED,
    ARRAYS.filter(lambda array: array.size).map(lambda array: array.reshape(-1)[0]),
)
CONTENTS = st.dictionaries(
    st.text(),
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.lists(inner, max_size=3).map(tuple),
            st.dictionaries(st.text(), inner, max_size=3),
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(CONTENTS)
def test_what_goes_in_comes_out_to_the_bit(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "there_and_back.npz"
    assert identical(there_and_back(content, path), content)


@parametrise(
    "value",
    {
        "NaN with a payload": np.array([0x7FF8DEADBEEF0001], np.uint64).view(np.float64)[0],
        "minus zero": -0.0,
        "a NumPy number, which is a float": np.float64(0.1),
        "a float": 0.1,
        "infinity": -math.inf,
        "an integer of 128 bits": 2**127 + 1,
        "a bool": True,
        "a NumPy bool": np.bool_(True),
        "no dimension": np.array(3, np.float32),
        "nothing": np.zeros((0, 3), np.float32),
        "big-endian": np.arange(3, dtype=">f8"),
        "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "axes in another order": np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
        "gaps": np.arange(24.0).reshape(4, 6)[::2, ::3],
        "a record": np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        "the state of a generator": np.random.RandomState(3).get_state(legacy=False),
        "an empty tuple": (),
    },
)
def test_awkward_values_come_back_as_they_were(tmp_path, value):
    assert identical(there_and_back({"a": {"b": [value]}}, tmp_path / "c.npz"), {"a": {"b": [value]}})


@pytest.mark.parametrize(
    "keys", [("a/b", "a"), ("a", "a/b"), ("%2F", "/"), ("é", "e\0"), ("", "(structure)"), ("../x", ".npy")]
)
def test_names_that_look_like_paths_stay_apart(tmp_path, keys):
    content = {key: {"b": np.array(i), "b/b": np.array(10 + i)} for i, key in enumerate(keys)}
    content |= {key + "?": np.array(i) for i, key in enumerate(keys)}
    assert identical(there_and_back(content, tmp_path / "c.npz"), content)


def test_numpy_reads_the_arrays_and_needs_no_pickle(tmp_path):
    checkpoint.save(tmp_path / "c.npz", {"params": {"W1": np.arange(3.0)}, "epoch": 2})
    with np.load(tmp_path / "c.npz", allow_pickle=False) as archive:
        assert sorted(archive.files) == ["(structure)", "params/W1"]
        assert archive["params/W1"].tolist() == [0, 1, 2]
        assert json.loads(str(archive["(structure)"]))["content"]["dict"]["epoch"] == 2


@parametrise(
    "value, kind",
    {
        "objects": (np.array([None]), "ndarray"),
        "a function": (math.sin, "builtin_function_or_method"),
        "a set": ({1}, "set"),
        "keys that are numbers": ({1: 2}, "dict"),
        "bytes": (b"x", "bytes"),
        "complex": (1j, "complex"),
    },
)
def test_what_a_file_cannot_hold_is_named_with_its_place(tmp_path, value, kind):
    with complains(ValueError, r"optim_configs/W1/schedule", kind):
        checkpoint.save(tmp_path / "c.npz", {"optim_configs": {"W1": {"schedule": value}}})
    assert list(tmp_path.iterdir()) == []


# --- damage -------------------------------------------------------------------------------------------------


@pytest.fixture
def whole(tmp_path):
    """Return the bytes of a small checkpoint, and the path of a file to put damaged ones in."""
    checkpoint.save(tmp_path / "run_epoch_1.npz", {"params": {"W1": np.arange(5.0)}, "epoch": 1})
    return (tmp_path / "run_epoch_1.npz").read_bytes(), tmp_path / "run_epoch_2.npz"


def test_a_flipped_bit_is_found_wherever_it_is(whole):
    data, path = whole
    with zipfile.ZipFile(path.with_name("run_epoch_1.npz")) as archive:  # all regions: entries, directory, end
        assert len(archive.infolist()) == 2 and 0 < archive.start_dir < len(data) - len(archive.comment) - 22
    found = 0
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            checkpoint.load(path)
        except ValueError as error:
            found += "run_epoch_2.npz" in str(error) and "checksum" in str(error)
    assert found == len(data) > 1000


def test_a_file_that_ends_too_early_or_too_late_is_found(whole):
    data, path = whole
    for length in [*range(0, len(data), 7), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"run_epoch_2\.npz is not a checkpoint, or is damaged"):
            checkpoint.load(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(ValueError, match="damaged"):
        checkpoint.load(path)


def test_other_files_are_no_checkpoints(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with complains(ValueError, r"other\.npz is not a checkpoint", "train again from the start"):
        checkpoint.load(tmp_path / "other.npz")


def test_the_error_names_the_other_checkpoints_of_the_run_newest_first(whole):
    data, path = whole
    for name, age in (
        ("run_epoch_0.npz", 30),
        ("run_epoch_1.npz", 20),
        ("best_epoch_1.npz", 0),
        ("run_epoch_x.npz", 0),
    ):
        other = path.with_name(name)
        other.write_bytes(data)
        os.utime(other, (10**9 - age, 10**9 - age))
    path.write_bytes(data[:-1])
    with pytest.raises(ValueError) as caught:
        checkpoint.load(path)
    folder = path.parent
    expected = f"Resume from another one: {folder / 'run_epoch_1.npz'}, {folder / 'run_epoch_0.npz'}."
    assert str(caught.value).endswith(expected)


def test_a_newer_format_is_told_from_damage(whole, monkeypatch):
    _, path = whole
    with monkeypatch.context() as newer:
        newer.setattr(checkpoint, "FORMAT", 2)
        checkpoint.save(path, {"epoch": 3})
    with complains(ValueError, r"run_epoch_2\.npz", "format 2", "up to 1", "newer release", r"run_epoch_1\.npz"):
        checkpoint.load(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing.npz"):
        checkpoint.load(tmp_path / "missing.npz")


# --- on the way to the disk ---------------------------------------------------------------------------------


def test_the_bytes_reach_the_disk_before_the_name_and_the_name_before_save_returns(tmp_path, monkeypatch):
    events, path = [], tmp_path / "c.npz"
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor):
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        events.append(("fsync", name, os.path.getsize(name) if os.path.isfile(name) else None))
        fsync(descriptor)

    def watched_replace(source, target):
        events.append(("replace", str(source), str(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    checkpoint.save(path, {"a": np.ones(1000)})
    assert events == [
        ("fsync", f"{path}.part", path.stat().st_size),
        ("replace", f"{path}.part", str(path)),
        ("fsync", str(tmp_path), None),
    ]


def test_a_name_without_a_folder_is_in_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint.save("c.npz", {"a": 1})
    assert checkpoint.load(tmp_path / "c.npz") == {"a": 1}


def test_systems_and_folders_that_cannot_be_synchronised_do_without(tmp_path, monkeypatch):
    fsync = os.fsync

    def refuses_folders(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(22, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuses_folders)
    checkpoint.save(tmp_path / "refused.npz", {"a": 1})
    assert checkpoint.load(tmp_path / "refused.npz") == {"a": 1}
    monkeypatch.delattr(os, "O_DIRECTORY")  # as on Windows
    checkpoint.save(tmp_path / "windows.npz", {"a": 1})
    assert checkpoint.load(tmp_path / "windows.npz") == {"a": 1}


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), OSError("no number"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_what_goes_wrong_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call, error):
    path = tmp_path / "run_epoch_1.npz"
    checkpoint.save(path, {"a": 1})

    def fails(*args):
        raise error

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(type(error)) as caught:
        checkpoint.save(path, {"a": 2})
    if isinstance(error, OSError):
        assert caught.value.errno == error.errno and caught.value.filename == str(path)
        assert "Those written before are complete" in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]
    assert checkpoint.load(path) == {"a": 1}
