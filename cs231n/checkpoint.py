"""Checkpoint files: what a training needs to go on, in one .npz file that is whole or known not to be.

A file holds nested dicts, lists, tuples, numbers, strings and arrays, and gives them back exactly: types, dtypes,
bits and the order of axes in memory. It is an ordinary .npz archive without pickle, so that np.load reads its
arrays, for example `params/W1`. The structure around them is JSON in the entry `(structure)`. The archive's
comment, its last bytes, is the checksum of all bytes before it.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

__all__ = ["FORMAT", "load", "save"]

FORMAT = 1

_ENTRY = "(structure)"  # quoted places have no parentheses
_SEAL = b"cs231n checkpoint, sha256 %s"
_SEAL_LENGTH = len(_SEAL % bytes(64))


def save(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    The bytes go to `{path}.part`, reach the disk, and only then take the name `path`. Whatever happens on the
    way, a file that had that name before is still there.

    Args:
        path: name of the file.
        content: dict with str keys, of None, bool, int, float, str, arrays, NumPy scalars, and dicts, lists and
            tuples of those.

    Raises:
        ValueError: content holds something else; the message says where.
        OSError: the file cannot be written.
    """
    data = _pack(content)
    part = f"{path}.part"
    try:
        try:
            with open(part, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.remove(part)
            raise
    except OSError as error:
        raise OSError(
            error.errno,
            f"the checkpoint could not be written ({error.strerror or error}). Those written before are "
            "complete: free some space, or choose another checkpoint_name, and continue from the newest "
            "with Solver.resume",
            str(path),
        ) from error
    _sync_folder(os.path.dirname(path) or ".")


def load(path: str | Path) -> dict[str, Any]:
    """Return the content of a checkpoint that save has written.

    Raises:
        OSError: the file cannot be read; FileNotFoundError if there is none.
        ValueError: it is damaged, no checkpoint, or of a newer format.
    """
    data = memoryview(Path(path).read_bytes())
    body, seal = data[:-_SEAL_LENGTH], data[-_SEAL_LENGTH:]
    if seal != _seal(body):
        raise ValueError(
            f"{path} is not a checkpoint, or is damaged: its checksum does not match. {_advice(path)}"
        )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        arrays = {name.removesuffix(".npy"): _read_array(archive, name) for name in archive.namelist()}
    tree = json.loads(str(arrays[_ENTRY]))
    if tree["format"] > FORMAT:
        raise ValueError(
            f"{path} is a checkpoint of format {tree['format']}, and this release of cs231n reads up to {FORMAT}: "
            f"resume it with the newer release that wrote it. {_advice(path)}"
        )
    content: dict[str, Any] = _decode(tree["content"], arrays)
    return content


def _pack(content: Mapping[str, Any]) -> bytes:
    """Return the bytes of the file."""
    arrays: dict[str, np.ndarray] = {}
    tree = _encode(content, "", arrays)
    arrays[_ENTRY] = np.array(json.dumps({"format": FORMAT, "content": tree}))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored: weights hardly compress
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
        archive.comment = bytes(_SEAL_LENGTH)
    with buffer.getbuffer() as data:
        data[-_SEAL_LENGTH:] = _seal(data[:-_SEAL_LENGTH])
    return buffer.getvalue()


def _seal(body: bytes | memoryview) -> bytes:
    return _SEAL % hashlib.sha256(body).hexdigest().encode()


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as entry:
        return np.lib.format.read_array(entry, allow_pickle=False)


def _encode(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON takes it, with every array moved to `arrays` under the name of its place."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Mapping) and all(type(key) is str for key in value):
        start = f"{place}/" if place else ""
        return {
            "dict": {key: _encode(entry, start + quote(key, safe=" "), arrays) for key, entry in value.items()}
        }
    if type(value) in (list, tuple):
        return {type(value).__name__: [_encode(entry, f"{place}/{i}", arrays) for i, entry in enumerate(value)]}
    if isinstance(value, (np.ndarray, np.generic)) and not value.dtype.hasobject:
        return _encode_array(value, place, arrays)
    raise ValueError(
        f"a checkpoint cannot hold {place}, {value!r} of type {type(value).__name__}; expected numbers, strings, "
        "arrays, or dicts with str keys, lists and tuples of those"
    )


def _encode_array(value: np.ndarray | np.generic, place: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    if isinstance(value, np.generic):
        arrays[place] = np.array(value)
        return {"scalar": place}
    array = np.asarray(value)
    if array.flags.forc:  # .npy files know these two orders
        arrays[place] = array
        return {"array": place}
    # Any other order of axes is kept as well, because the last bits of a matrix product can depend on it.
    axes = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    arrays[place] = np.ascontiguousarray(array.transpose(axes))
    return {"array": place, "axes": axes}


def _decode(tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Undo _encode."""
    if not isinstance(tree, dict):
        return tree
    if "dict" in tree:
        return {key: _decode(entry, arrays) for key, entry in tree["dict"].items()}
    if "list" in tree:
        return [_decode(entry, arrays) for entry in tree["list"]]
    if "tuple" in tree:
        return tuple(_decode(entry, arrays) for entry in tree["tuple"])
    if "scalar" in tree:
        return arrays[tree["scalar"]][()]
    array = arrays[tree["array"]]
    return array.transpose(np.argsort(tree["axes"])) if "axes" in tree else array


def _advice(path: str | Path) -> str:
    """Return what to do instead of resuming from `path`."""
    path = Path(path)
    run = re.sub(r"_epoch_\d+\.npz$", "", path.name)
    others = [p for p in path.parent.glob("*.npz") if re.fullmatch(re.escape(run) + r"_epoch_\d+\.npz", p.name)]
    others = sorted((p for p in others if p != path), key=lambda p: p.stat().st_mtime, reverse=True)
    if not others:
        return "There is no other checkpoint of this run beside it, so train again from the start."
    return f"Resume from another one: {', '.join(str(p) for p in others[:3])}."


def _sync_folder(folder: str) -> None:
    """Make the new name of a file in the folder reach the disk."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows knows no such thing
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse; the file itself is safe
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
