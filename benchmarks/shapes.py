"""The convolutions and pools that are measured, and random arrays for them."""

import dataclasses
import math

import numpy as np

__all__ = [
    "CONVOLUTIONS",
    "DRAWN",
    "DTYPES",
    "POOLS",
    "QUICK_CONVOLUTIONS",
    "QUICK_POOLS",
    "TINY",
    "Convolution",
    "Pool",
]

DTYPES = ("float32", "float64")


@dataclasses.dataclass(frozen=True)
class Convolution:
    """Images (N, C, H, W) and filters (F, C, HH, WW)."""

    name: str
    x: tuple
    w: tuple
    stride: int
    pad: int

    def __str__(self):
        F, _, HH, WW = self.w
        return f"{self.name} ({_commas(self.x)} | {_commas((F, HH, WW, self.stride, self.pad))})"

    @property
    def out(self):
        """(N, F, H', W'), the shape of the output."""
        sizes = (1 + (size + 2 * self.pad - k) // self.stride for size, k in zip(self.x[2:], self.w[2:]))
        return (self.x[0], self.w[0], *sizes)

    @property
    def param(self):
        return {"stride": self.stride, "pad": self.pad}

    def batch(self, N):
        """Return the same convolution of N images."""
        return dataclasses.replace(self, x=(N, *self.x[1:]))

    def arrays(self, dtype):
        """Return standard normal x, w, b and dout."""
        return _standard_normal((self.x, self.w, self.w[:1], self.out), dtype)


@dataclasses.dataclass(frozen=True)
class Pool:
    """Images (N, C, H, W) and square windows."""

    x: tuple
    size: int
    stride: int

    def __str__(self):
        return f"pool ({_commas(self.x)} | {self.size}, {self.size}, {self.stride})"

    @property
    def out(self):
        """(N, C, H', W'), the shape of the output."""
        return (*self.x[:2], *(1 + (size - self.size) // self.stride for size in self.x[2:]))

    @property
    def param(self):
        return {"pool_height": self.size, "pool_width": self.size, "stride": self.stride}

    def batch(self, N):
        """Return the same pool of N images."""
        return dataclasses.replace(self, x=(N, *self.x[1:]))

    def arrays(self, dtype):
        """Return standard normal x and dout."""
        return _standard_normal((self.x, self.out), dtype)


def _commas(numbers):
    return ", ".join(map(str, numbers))


def _standard_normal(shapes, dtype):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape, dtype=dtype) for shape in shapes]


CONVOLUTIONS = (
    Convolution("A", (100, 3, 31, 31), (25, 3, 3, 3), 2, 1),
    Convolution("B", (100, 3, 32, 32), (32, 3, 7, 7), 1, 3),
    Convolution("C", (64, 32, 32, 32), (32, 32, 3, 3), 1, 1),
    Convolution("D", (64, 64, 16, 16), (64, 64, 3, 3), 1, 1),
    Convolution("E", (64, 128, 8, 8), (128, 128, 3, 3), 1, 1),
    Convolution("F", (64, 64, 16, 16), (128, 64, 1, 1), 1, 0),
    Convolution("G", (64, 64, 32, 32), (64, 64, 5, 5), 1, 2),
)


def _draw(count, seed=21):
    """Draw convolutions of 20 to 600 million products, as a net might have them; no kernel was tuned for them."""
    rng = np.random.default_rng(seed)
    drawn = []
    while len(drawn) < count:
        N, C, F = (
            int(rng.choice(sizes)) for sizes in ((10, 32, 50, 64, 100), *[(3, 8, 16, 20, 32, 48, 64, 100)] * 2)
        )
        height, width = (int(size) for size in rng.integers(6, 49, 2))
        window = int(rng.choice((1, 2, 3, 3, 3, 4, 5, 7)))
        stride, pad = int(rng.choice((1, 1, 2, 3))), int(rng.integers(0, (window + 1) // 2 + 1))
        shape = Convolution(f"R{len(drawn) + 1}", (N, C, height, width), (F, C, window, window), stride, pad)
        if stride <= window and 20e6 < math.prod(shape.out) * C * window**2 < 600e6:
            drawn.append(shape)
    return tuple(drawn)


DRAWN = _draw(12)
# Small enough for the plain loops of the naive layers.
TINY = Convolution("tiny", (2, 3, 16, 16), (8, 3, 3, 3), 1, 1)
POOLS = (
    Pool((100, 3, 32, 32), 2, 2),
    Pool((64, 32, 32, 32), 2, 2),
    Pool((64, 32, 33, 33), 3, 3),
)
# What --quick measures.
QUICK_CONVOLUTIONS, QUICK_POOLS = CONVOLUTIONS[:1], POOLS[:1]
