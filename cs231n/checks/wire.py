"""How calls and results travel between the checks and the process that holds the code under check.

A frame is its length (8 bytes, little-endian) and its body; a body is the length of a header (4 bytes), the header
(JSON) and the raw bytes of the arrays. Only numbers, text, lists, tuples, dicts with text as keys, NumPy arrays,
scalars and dtypes travel as values, and handles that name what stays behind. Anything else, such as an array of
objects or an instance of a subclass, arrives as `Unknown`, which no comparison takes for an array.
"""

import dataclasses
import json
import math
import struct

import numpy as np

__all__ = ["Handle", "Unknown", "decode", "encode", "read_frame", "write_frame"]

MAX_DEPTH = 8
_NUMBER_KINDS = "biuf"


@dataclasses.dataclass(frozen=True)
class Handle:
    """Names an object that stays with the code under check: a cache, a model."""

    number: int


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Stands for a value that does not travel; `type` says what it was."""

    type: str


def encode(value, *, layout=False):
    """Return the body of a frame.

    Args:
        value: what to send.
        layout: True also sends the strides of arrays, so that they arrive Fortran-ordered or with gaps.
    """
    buffers = []
    header = json.dumps(_pack(value, buffers, layout, 0)).encode()
    return b"".join([struct.pack("<I", len(header)), header, *buffers])


def decode(body):
    """Return the value of a body.

    Raises:
        ValueError: the body does not hold what its header says.
    """
    try:
        (length,) = struct.unpack_from("<I", body)
        header = json.loads(bytes(body[4 : 4 + length]))
        return _unpack(header, _Reader(body, 4 + length))
    except (struct.error, TypeError, KeyError, IndexError, RecursionError) as error:
        raise ValueError(f"not a frame of this format: {error}") from error


def write_frame(file, body):
    """Write a body with its length and flush."""
    file.write(struct.pack("<Q", len(body)) + body)
    file.flush()


def read_frame(file):
    """Read the next body.

    Raises:
        EOFError: the other side is gone.
    """
    (length,) = struct.unpack("<Q", _read(file, 8))
    return _read(file, length)


def _read(file, length):
    """Read exactly so many bytes."""
    data = file.read(length)
    if len(data) < length:
        raise EOFError("the other side has closed the connection")
    return data


class _Reader:
    """Hands out the bytes of the arrays, one after the other."""

    def __init__(self, body, start):
        self.body, self.position = body, start

    def take(self, length):
        end = self.position + length
        if not 0 <= length <= len(self.body) - self.position:
            raise ValueError(f"an array of {length} bytes in a frame with {len(self.body) - self.position} left")
        part = bytearray(self.body[self.position : end])  # writeable, as arrays are
        self.position = end
        return part


def _pack(value, buffers, layout, depth):
    """Return what stands for the value in the header, and append the bytes of its arrays to `buffers`."""
    if depth > MAX_DEPTH:
        return {"unknown": "something nested deeper than anything that is asked for"}
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple):
        return {type(value).__name__: [_pack(part, buffers, layout, depth + 1) for part in value]}
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {"dict": [[key, _pack(part, buffers, layout, depth + 1)] for key, part in value.items()]}
    if type(value) is np.ndarray and value.dtype.kind in _NUMBER_KINDS:
        return {"array": _pack_array(value, buffers, layout)}
    if isinstance(value, np.generic) and value.dtype.kind in _NUMBER_KINDS:
        return {"scalar": _pack_array(np.asarray(value), buffers, False)}
    if isinstance(value, Handle):
        return {"handle": value.number}
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.number)):
        return {"dtype": np.dtype(value).str}
    return {"unknown": _type_name(value)}


def _type_name(value):
    if type(value) is np.ndarray:
        return f"ndarray of dtype {value.dtype}"
    return type(value).__name__


def _pack_array(array, buffers, layout):
    """Return dtype, shape and, where the layout counts, strides; append the bytes to `buffers`."""
    spec = {"dtype": array.dtype.str, "shape": list(array.shape)}
    if not layout or array.flags.c_contiguous or array.size == 0:
        buffers.append(array.tobytes())
        return spec
    low, high = np.lib.array_utils.byte_bounds(array)
    start = array.__array_interface__["data"][0] - low
    memory = bytearray(high - low)
    np.ndarray(array.shape, array.dtype, memory, start, array.strides)[...] = array
    buffers.append(bytes(memory))
    return spec | {"strides": list(array.strides), "start": start, "bytes": high - low}


def _unpack(item, reader):
    """Return the value that an item of the header stands for."""
    if not isinstance(item, dict):
        if item is None or isinstance(item, (bool, int, float, str)):
            return item
        raise ValueError("a bare list in a header")
    ((kind, content),) = item.items()
    if kind == "list":
        return [_unpack(part, reader) for part in content]
    if kind == "tuple":
        return tuple(_unpack(part, reader) for part in content)
    if kind == "dict":
        return {str(key): _unpack(part, reader) for key, part in content}
    if kind == "array":
        return _unpack_array(content, reader)
    if kind == "scalar":
        return _unpack_array(content, reader)[()]
    if kind == "handle":
        return Handle(int(content))
    if kind == "dtype":
        return _number_dtype(content)
    if kind == "unknown":
        return Unknown(str(content))
    raise ValueError(f"an item of kind {kind!r}")


def _number_dtype(text):
    dtype = np.dtype(str(text))
    if dtype.kind not in _NUMBER_KINDS:
        raise ValueError(f"an array of dtype {dtype}")
    return dtype


def _unpack_array(spec, reader):
    dtype, shape = _number_dtype(spec["dtype"]), tuple(int(size) for size in spec["shape"])
    if min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape}")
    if "strides" in spec:
        return np.ndarray(shape, dtype, reader.take(int(spec["bytes"])), int(spec["start"]), spec["strides"])
    data = reader.take(math.prod(shape) * dtype.itemsize)
    return np.ndarray(shape, dtype, data)
