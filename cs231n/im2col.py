"""im2col and col2im: a convolution as one matrix product.

`im2col_indices`, `col2im_indices` and `get_im2col_indices` use NumPy alone. `im2col_cython`, `col2im_cython` and
`col2im_6d_cython` are compiled functions if the extension is built; if not, NumPy functions with the same results.
"""

import importlib
import os
import warnings
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import numpy as np

from cs231n import validation as _valid

__all__ = [
    "col2im_6d_cython",
    "col2im_cython",
    "col2im_indices",
    "get_im2col_indices",
    "im2col_cython",
    "im2col_indices",
]

_NAMES = ("field_height", "field_width", "padding")
_INTERFACE = 1  # the version of the extension's functions that this package calls


def get_im2col_indices(x_shape, field_height, field_width, padding=1, stride=1):
    """Return the indices that pick every window out of the padded images.

    Args:
        x_shape: (N, C, H, W).
        field_height, field_width: size of the window, in pixels.
        padding: zeros added on each side of H and W.
        stride: pixels between windows.

    Returns:
        k, i, j: channel, row and column in the padded image, such that padded[:, k, i, j] has shape
            (N, C*fh*fw, oh*ow); k has shape (C*fh*fw, 1), i and j have shape (C*fh*fw, oh*ow).

    Raises:
        ValueError: a size out of range, or a window larger than the padded image.
    """
    x_shape = _valid.image_shape(x_shape)
    fh, fw, _, stride, oh, ow = _valid.window(x_shape, field_height, field_width, padding, stride, _NAMES)
    C = x_shape[1]
    k, i, j = np.indices((C, fh, fw)).reshape(3, C * fh * fw, 1)  # (3, C, fh, fw) -> (3, C*fh*fw, 1)
    y, z = np.indices((oh, ow)).reshape(2, 1, -1)  # (2, oh, ow) -> (2, 1, oh*ow)
    return k, i + stride * y, j + stride * z


def im2col_indices(x, field_height, field_width, padding=1, stride=1):
    """Return the windows of x as columns of a matrix, by fancy indexing.

    Args:
        x: images, shape (N, C, H, W).
        field_height, field_width, padding, stride: as in get_im2col_indices.

    Returns:
        cols: shape (C*fh*fw, oh*ow*N), rows in order (C, fh, fw), columns in order (oh, ow, N).

    Raises:
        ValueError: wrong shape, dtype or size, or a window larger than the padded image.
    """
    x = _valid.images(x)
    k, i, j = get_im2col_indices(x.shape, field_height, field_width, padding, stride)
    pad = int(padding)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = padded[:, k, i, j]  # (N, C*fh*fw, oh*ow)
    return cols.transpose(1, 2, 0).reshape(len(k), i.shape[1] * len(x))  # -> (C*fh*fw, oh*ow*N)


def col2im_indices(cols, x_shape, field_height=3, field_width=3, padding=1, stride=1):
    """Add each column to the pixels of its window: the reverse of im2col_indices, with sums where windows overlap.

    Args:
        cols: shape (C*fh*fw, oh*ow*N), in the order of im2col_indices.
        x_shape: (N, C, H, W).
        field_height, field_width, padding, stride: as in get_im2col_indices.

    Returns:
        x: shape (N, C, H, W).

    Raises:
        ValueError: wrong shape, dtype or size, or a window larger than the padded image.
    """
    return _col2im_numpy(cols, *_valid.image_shape(x_shape), field_height, field_width, padding, stride)


def _im2col_numpy(x, field_height, field_width, padding, stride):
    """Do what im2col_cython does, in NumPy."""
    return im2col_indices(x, field_height, field_width, padding, stride)


def _col2im_numpy(cols, N, C, H, W, field_height, field_width, padding, stride):
    """Do what col2im_cython does, in NumPy."""
    cols = _valid.float_array("cols", cols)
    N, C, H, W = _valid.image_shape((N, C, H, W))
    fh, fw, pad, stride, oh, ow = _valid.window((N, C, H, W), field_height, field_width, padding, stride, _NAMES)
    _valid.shape("cols", cols, (C * fh * fw, oh * ow * N))
    # (C*fh*fw, oh*ow*N) -> (C, fh, fw, oh, ow, N) -> (C, fh, fw, N, oh, ow)
    cols = cols.reshape(C, fh, fw, oh, ow, N).transpose(0, 1, 2, 5, 3, 4)
    return _col2im_6d_numpy(cols, N, C, H, W, fh, fw, pad, stride)


def _col2im_6d_numpy(cols, N, C, H, W, HH, WW, pad, stride):
    """Do what col2im_6d_cython does, in NumPy: one strided addition for each pixel of the window."""
    cols = _valid.float_array("cols", cols)
    N, C, H, W = _valid.image_shape((N, C, H, W))
    HH, WW, pad, stride, oh, ow = _valid.window((N, C, H, W), HH, WW, pad, stride, ("HH", "WW", "pad"))
    _valid.shape("cols", cols, (C, HH, WW, N, oh, ow))
    padded = np.zeros((C, N, H + 2 * pad, W + 2 * pad), dtype=cols.dtype)
    for i, j in np.ndindex(HH, WW):
        padded[:, :, i : i + stride * oh : stride, j : j + stride * ow : stride] += cols[:, i, j]
    return padded[:, :, pad : pad + H, pad : pad + W].transpose(1, 0, 2, 3)  # (C, N, H, W) -> (N, C, H, W)


def _load_compiled():
    """Return the compiled extension, of this folder or the package cs231n_kernels, and ""; or None and why not."""
    reasons = []
    for name in ("cs231n.im2col_cython", "cs231n_kernels"):
        try:
            module = _import_with_patient_threads(name)
        except ImportError as error:
            if name == "cs231n.im2col_cython":
                reasons.append(_why_not(error))
            elif getattr(error, "name", None) != name:  # it is there, and cannot be loaded
                reasons.append(f"{name} cannot be loaded ({error})")
            continue
        found = getattr(module, "INTERFACE", None)
        if found == _INTERFACE:
            return module, ""
        other = f"is version {found}, expected {_INTERFACE}"
        what = other if found else "has no kernels: another setup.py built it"
        reasons.append(f"{module.__file__} {what}")
    return None, "; ".join(reasons)


def _import_with_patient_threads(name):
    """Import a module. If it brings OpenMP, the threads of that give up their cores while they wait for work.

    Else they would spin, on the cores that the threads of the matrix product need next: on two cores, spinning
    made a step of ThreeLayerConvNet take a third longer, and one in ten five times as long. OpenMP reads the
    variable once, when it is loaded.
    """
    variable = "OMP_WAIT_POLICY"
    if variable in os.environ:
        return importlib.import_module(name)
    os.environ[variable] = "passive"
    try:
        return importlib.import_module(name)
    finally:
        del os.environ[variable]


def _why_not(error):
    """Return why the extension of this folder could not be imported."""
    folder = Path(__file__).parent
    built = [path.name for path in sorted(folder.glob("im2col_cython.*")) if path.suffix in (".so", ".pyd")]
    fitting = [name for name in built if name.removeprefix("im2col_cython") in EXTENSION_SUFFIXES]
    if fitting:
        return f"{fitting[0]} in {folder} cannot be loaded ({error})"
    if built:
        return f"{', '.join(built)} in {folder} is for another Python"
    return f"there is no compiled extension in {folder}"


compiled, _reason = _load_compiled()
if compiled:
    im2col_cython = compiled.im2col_cython
    col2im_cython = compiled.col2im_cython
    col2im_6d_cython = compiled.col2im_6d_cython
else:
    warnings.warn(
        f"the fast layers use NumPy alone and take longer: {_reason}. To build the extension, run: "
        "python -m pip install --no-deps -e . (python -m cs231n.doctor says what is missing)",
        stacklevel=2,
    )
    im2col_cython = _im2col_numpy
    col2im_cython = _col2im_numpy
    col2im_6d_cython = _col2im_6d_numpy
