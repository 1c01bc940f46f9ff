"""How calls and results travel between the checks and the process that holds the code under check.

A frame is its length (8 bytes, little-endian) and its body; a body is the length of a header (4 bytes), the header
(JSON) and the raw bytes of the arrays. Only numbers, text, lists, tuples, dicts with text as keys, NumPy arrays,
scalars and dtypes travel as values, and handles that name what stays behind. Anything else, such as an array of
objects or an instance of a subclass, arrives as `Unknown`, which no comparison takes for an array.

Whoever reads does not trust who writes: dtypes are on a list, and frames, headers, texts and shapes have bounds.
"""

import dataclasses
import functools
import json
import math
import re
import struct
from typing import Any, BinaryIO

import numpy as np

__all__ = ["Handle", "Unknown", "decode", "encode", "read_frame", "write_frame"]

MAX_FRAME = 2**26  # bytes
MAX_HEADER = 2**20  # bytes
MAX_TEXT = 2**14  # characters of a text; a longer one is cut
MAX_DEPTH = 8
MAX_AXES = 32
_DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f[248])")
_JSON = json.JSONEncoder(check_circular=False, separators=(",", ":"))  # what is packed has an end: MAX_DEPTH


@dataclasses.dataclass(frozen=True)
class Handle:
    """Names an object that stays with the code under check: a cache, a model."""

    number: int


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Stands for a value that does not travel; `type` says what it was."""

    type: str


def encode(value: Any, *, layout: bool = False) -> bytes:
    """Return the body of a frame.

    Args:
        value: what to send.
        layout: True also sends the strides of arrays, so that they arrive Fortran-ordered or with gaps.
    """
    buffers: list[bytes] = []
    header = _JSON.encode(_pack(value, buffers, layout, 0)).encode()
    return b"".join([struct.pack("<I", len(header)), header, *buffers])


def decode(body: bytes, *, layout: bool = True) -> Any:
    """Return the value of a body.

    Args:
        body: bytes of a frame.
        layout: whether arrays may have strides of their own. With them a few bytes can pose as a large array, so
            that nobody allows them who does not trust the sender.

    Raises:
        ValueError: the body does not hold what its header says, or is beyond the bounds.
    """
    try:
        (length,) = struct.unpack_from("<I", body)
        if length > MAX_HEADER:
            raise ValueError(f"a header of {length} bytes, expected at most {MAX_HEADER}")
        header = json.loads(str(body[4 : 4 + length], "utf-8"))
        return _unpack(header, _Reader(body, 4 + length, layout))
    except (struct.error, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a frame of this format: {error}") from error


def write_frame(file: BinaryIO, body: bytes) -> None:
    """Write a body with its length and flush."""
    file.write(struct.pack("<Q", len(body)) + body)
    file.flush()


def read_frame(file: BinaryIO) -> bytes:
    """Read the next body.

    Raises:
        EOFError: the other side is gone.
        ValueError: the frame is too large.
    """
    (length,) = struct.unpack("<Q", _read(file, 8))
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length} bytes, expected at most {MAX_FRAME}")
    return _read(file, length)


def _read(file, length):
    """Read exactly so many bytes."""
    data = file.read(length)
    if len(data) < length:
        raise EOFError("the other side has closed the connection")
    return data


class _Reader:
    """Hands out the bytes of the arrays, one after the other."""

    def __init__(self, body, start, layout):
        self.body, self.position, self.layout = memoryview(body), start, layout

    def take(self, length):
        end = self.position + length
        if not 0 <= length <= len(self.body) - self.position:
            raise ValueError(f"an array of {length} bytes in a frame with {len(self.body) - self.position} left")
        part = bytearray(self.body[self.position : end])  # writeable, as arrays are
        self.position = end
        return part


def _pack(value, buffers, layout, depth):
    """Return what stands for the value in the header, and append the bytes of its arrays to `buffers`."""
    kind = type(value)
    if depth > MAX_DEPTH:
        return {"unknown": "something nested deeper than anything that is asked for"}
    if value is None or kind in _PLAIN:
        return value
    if kind is str:
        return value[:MAX_TEXT]
    if kind is np.ndarray and _travels(value.dtype):
        return {"array": _pack_array(value, buffers, layout)}
    if kind is list or kind is tuple:
        return {kind.__name__: [_pack(part, buffers, layout, depth + 1) for part in value]}
    if isinstance(value, dict) and all([type(key) is str for key in value]):
        return {"dict": [[key, _pack(part, buffers, layout, depth + 1)] for key, part in value.items()]}
    if kind is np.matrix:
        return _pack(np.asarray(value), buffers, layout, depth)  # a matrix is the array that it holds
    if isinstance(value, np.generic) and _travels(value.dtype):
        return {"scalar": _pack_array(np.asarray(value), buffers, False)}
    if isinstance(value, Handle):
        return {"handle": value.number}
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.number)):
        text = np.dtype(value).str
        return {"dtype": text} if _DTYPE.fullmatch(text) else {"unknown": f"dtype {value}"}
    return {"unknown": _type_name(value)}


_PLAIN = frozenset({bool, int, float})


@functools.lru_cache(maxsize=64)
def _travels(dtype):
    """Return whether arrays of a dtype travel."""
    return _DTYPE.fullmatch(dtype.str) is not None


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
    if item is None or type(item) in _PLAIN:
        return item
    if type(item) is str and len(item) <= MAX_TEXT:
        return item
    if type(item) is not dict:
        raise ValueError("a bare list or a long text in a header")
    ((kind, content),) = item.items()
    if kind == "array":
        return _unpack_array(content, reader)
    if kind == "dict":
        return {str(key): _unpack(part, reader) for key, part in content}
    if kind == "list":
        return [_unpack(part, reader) for part in content]
    if kind == "tuple":
        return tuple([_unpack(part, reader) for part in content])
    if kind == "scalar":
        return _unpack_array(content, reader)[()]
    if kind == "handle":
        return Handle(int(content))
    if kind == "dtype":
        return _number_dtype(content)
    if kind == "unknown":
        return Unknown(str(content)[:200])
    raise ValueError(f"an item of kind {kind!r}")


@functools.lru_cache(maxsize=64)
def _number_dtype(text):
    if not _DTYPE.fullmatch(text):
        raise ValueError(f"an array of dtype {text[:40]!r}")
    return np.dtype(text)


def _unpack_array(spec, reader):
    dtype, shape = _number_dtype(spec["dtype"]), tuple(map(int, spec["shape"]))
    # an axis of length 0 must not hide the others, whose product NumPy and every comparison may go by
    if len(shape) > MAX_AXES or min(shape, default=0) < 0 or math.prod([size or 1 for size in shape]) > MAX_FRAME:
        raise ValueError("an array of a shape that no frame holds")
    if "strides" in spec:
        if not reader.layout:
            raise ValueError("an array with strides of its own")
        return np.ndarray(shape, dtype, reader.take(int(spec["bytes"])), int(spec["start"]), spec["strides"])
    data = reader.take(math.prod(shape) * dtype.itemsize)
    return np.ndarray(shape, dtype, data)
