"""The wire format: what travels arrives as it was, and what does not arrives as Unknown or not at all."""

import io
import struct

import numpy as np
import pytest

from cs231n.checks.exercises.common import layouts
from cs231n.checks.subject.wire import Handle, Unknown, decode, encode, read_frame, write_frame


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        2**70,
        1.5,
        float("inf"),
        "naïve ✓",
        [1, [2, "x"]],
        (1, (2,)),
        {"a": {"b": (None,)}},
        Handle(3),
    ],
)
def test_plain_values_arrive_as_they_were(value):
    back = decode(encode(value))
    assert back == value and type(back) is type(value)


def test_nan_arrives():
    assert np.isnan(decode(encode(float("nan"))))


@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f8", "<i8", "|u1", "|b1", "<f2"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (2, 1, 4)])
def test_arrays_keep_dtype_shape_and_values_and_can_be_written(dtype, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    back = decode(encode({"x": [array]}))["x"][0]
    assert (back.dtype, back.shape, type(back)) == (array.dtype, shape, np.ndarray)
    np.testing.assert_array_equal(back, array)
    back[...] = 1


@pytest.mark.parametrize("kind", ["Fortran-ordered", "strided", "reversed"])
def test_a_layout_travels_where_it_is_asked_for(kind):
    array = layouts(np.arange(24.0).reshape(2, 3, 4))[kind]
    back = decode(encode(array, layout=True))
    np.testing.assert_array_equal(back, array)
    assert back.strides == array.strides and not back.flags.c_contiguous
    assert decode(encode(array)).flags.c_contiguous


def test_scalars_and_dtypes_arrive_as_such():
    back = decode(encode([np.float32(1.5), np.int64(2), np.float32, np.dtype("f8")]))
    assert [type(back[0]), type(back[1])] == [np.float32, np.int64]
    assert back[2:] == [np.dtype("f4"), np.dtype("f8")]


class Subclass(np.ndarray):
    def __eq__(self, other):
        return True


NESTED = 1
for _ in range(20):
    NESTED = [NESTED]
LOOP = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        np.zeros(3).view(Subclass),
        np.array([None]),
        np.array(["text"]),
        np.ma.masked_array([1.0], [True]),
        {1: 2},
        {1, 2},
        lambda: None,
        1j,
    ],
)
def test_anything_else_arrives_as_unknown(value):
    assert isinstance(decode(encode(value)), Unknown)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_arrives_as_the_array_that_it_holds():
    back = decode(encode(np.asmatrix([[1.0, 2.0]])))
    assert type(back) is np.ndarray and back.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("value", [NESTED, LOOP])
def test_what_is_nested_without_end_is_cut(value):
    decode(encode(value))


@pytest.mark.parametrize(
    "header, data",
    [
        (b"{", b""),
        (b"[1]", b""),
        (b'{"array": {"dtype": "<f8", "shape": [2]}}', b"short"),
        (b'{"array": {"dtype": "O", "shape": [1]}}', b"12345678"),
        (b'{"array": {"dtype": "<f8", "shape": [-1]}}', b""),
        (b'{"array": {"dtype": "<f8", "shape": [9], "strides": [8], "start": 0, "bytes": 8}}', b"12345678"),
        (b'{"array": {"dtype": "<f8", "shape": [1e300]}}', b""),
        (b'{"pickle": "x"}', b""),
        (b'{"array": 1, "scalar": 2}', b""),
        (b"\xff", b""),
        (b"[" * 100000, b""),
        (b" " * 2**20 + b"1", b""),
        (b'"' + b"x" * 2**15 + b'"', b""),
        (b'{"array": {"dtype": "f8,f8", "shape": [0]}}', b""),
        (b'{"array": {"dtype": "<f16", "shape": [1]}}', bytes(16)),
        (b'{"array": {"dtype": ["<f8"], "shape": [1]}}', bytes(8)),
        (b'{"array": {"dtype": "<f8", "shape": [0, 4611686018427387904]}}', b""),
        (b'{"array": {"dtype": "<f8", "shape": [1000000000], "strides": [0], "start": 0, "bytes": 8}}', bytes(8)),
        (b'{"array": {"dtype": "<f8", "shape": [1%s]}}' % (b", 1" * 40), bytes(8)),
        (b'{"array": {"dtype": "<f8", "shape": [1e400]}}', b""),
        (b"1" * 5000, b""),
    ],
)
def test_a_body_that_does_not_fit_is_refused(header, data):
    with pytest.raises(ValueError):
        decode(struct.pack("<I", len(header)) + header + data)


@pytest.mark.parametrize("body", [b"", b"abc", struct.pack("<I", 100) + b"{}"])
def test_a_body_that_is_cut_short_is_refused(body):
    with pytest.raises(ValueError):
        decode(body)


def test_frames_follow_each_other_and_an_end_is_an_end():
    file = io.BytesIO()
    write_frame(file, b"one")
    write_frame(file, b"")
    file.seek(0)
    assert [read_frame(file), read_frame(file)] == [b"one", b""]
    with pytest.raises(EOFError):
        read_frame(file)


def test_a_frame_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(ValueError, match="expected at most"):
        read_frame(io.BytesIO(struct.pack("<Q", 2**40)))


def test_strides_are_refused_where_the_sender_is_not_trusted():
    body = encode(np.zeros((2, 3)).T, layout=True)
    assert decode(body).shape == (3, 2)
    with pytest.raises(ValueError, match="strides"):
        decode(body, layout=False)


def test_long_texts_are_cut_and_long_doubles_do_not_travel():
    assert len(decode(encode("x" * 10**6))) < 10**5
    assert isinstance(decode(encode(np.zeros(2, np.longdouble))), Unknown)
