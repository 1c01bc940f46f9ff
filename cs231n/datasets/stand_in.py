"""Draw a data set that can stand in for CIFAR-10 where there is no network.

60,000 little scenes of ten kinds in CIFAR-10's layout. What a scene shows is its shape alone: place,
size, tilt, colours, contrast, light, clutter and noise vary within each kind, so that a linear
model gets little, a fully-connected net more, and a net that shares weights over places most.

Many images of one kind are drawn together: `u` and `v` hold, for every image and pixel, the
position in the coordinates of the object (right and down, the object within about -1 to 1),
and a shape is an array of distances to its edge, positive inside. Constants are Python numbers
throughout: one np.float64 would turn all arrays from float32 into float64.
"""

import functools
import math
import pickle
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from cs231n.data_utils import (
    DEFAULT_ROOT,
    FOLDER,
    META,
    STAND_IN_KEY,
    TEST_BATCH,
    TRAIN_BATCHES,
)
from cs231n.datasets.download import name_of_data, replacing
from cs231n.terminal import progress_bar

__all__ = ["CLASSES", "draw_scenes", "write_stand_in"]

PER_CLASS = 1000  # images of each kind in a batch
CHUNK = 50  # images drawn at once: few enough for their pixels to stay in a processor's cache
SIZE = 32
SEED = 231

# Nuisance. Turning these up makes the data harder, first of all for models that do not share weights.
SHIFT = 6.0  # pixels that the centre may be off the middle
SCALE = (7.5, 13.0)  # pixels from the centre of an object to its edge
CONTRAST = 45.0  # the least difference between the object's and the background's brightness
COLOUR_BIAS = 0.35  # how much the colour tells about the kind, 0 to 1
CLUTTER = 4  # shapes behind the object
NOISE = 25.0  # the most that noise adds to a pixel or takes from it


Array: TypeAlias = np.ndarray
Layers: TypeAlias = list[tuple[str, Array]]


# Shapes: distance to the edge, positive inside


def _ellipse(u: Array, v: Array, x: float, y: float, rx: float, ry: float) -> Array:
    return (1 - np.sqrt(((u - x) / rx) ** 2 + ((v - y) / ry) ** 2)) * min(rx, ry)


def _box(u: Array, v: Array, x: float, y: float, rx: float, ry: float) -> Array:
    return np.minimum(rx - np.abs(u - x), ry - np.abs(v - y))


def _polygon(u: Array, v: Array, *corners: tuple[float, float]) -> Array:
    """A convex polygon, its corners listed clockwise as seen (v points down)."""
    edges = []
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1]):
        dx, dy = x1 - x0, y1 - y0
        edges.append((dx * (v - y0) - dy * (u - x0)) * (1 / math.hypot(dx, dy)))
    return functools.reduce(np.minimum, edges)


def _union(*shapes: Array) -> Array:
    return functools.reduce(np.maximum, shapes)


# Scenes: each gives its layers, from back to front, as (role of the colour, shape)


def _balloon(u: Array, v: Array) -> Layers:
    return [
        ("dark", _union(_box(u, v, -0.15, 0.5, 0.03, 0.3), _box(u, v, 0.15, 0.5, 0.03, 0.3))),
        ("dark", _box(u, v, 0, 0.85, 0.2, 0.15)),
        ("main", _ellipse(u, v, 0, -0.3, 0.68, 0.68)),
        ("accent", _ellipse(u, v, 0, -0.3, 0.26, 0.68)),
    ]


def _boat(u: Array, v: Array) -> Layers:
    return [
        ("dark", _box(u, v, 0, -0.2, 0.05, 0.75)),
        ("accent", _polygon(u, v, (0.1, -0.95), (0.8, 0.2), (0.1, 0.2))),
        ("accent", _polygon(u, v, (-0.1, -0.7), (-0.1, 0.2), (-0.6, 0.2))),
        ("main", _polygon(u, v, (-0.95, 0.35), (0.95, 0.35), (0.6, 0.8), (-0.6, 0.8))),
    ]


def _car(u: Array, v: Array) -> Layers:
    return [
        ("main", _polygon(u, v, (-0.4, -0.45), (0.3, -0.45), (0.65, 0.05), (-0.65, 0.05))),
        ("accent", _polygon(u, v, (-0.3, -0.32), (0.2, -0.32), (0.4, 0.0), (-0.45, 0.0))),
        ("main", _box(u, v, 0, 0.22, 1.0, 0.25)),
        ("dark", _union(_ellipse(u, v, -0.55, 0.5, 0.25, 0.25), _ellipse(u, v, 0.55, 0.5, 0.25, 0.25))),
    ]


def _fish(u: Array, v: Array) -> Layers:
    return [
        ("accent", _polygon(u, v, (0.3, 0), (1.0, -0.5), (1.0, 0.5))),
        ("main", _ellipse(u, v, -0.2, 0, 0.72, 0.42)),
        ("dark", _ellipse(u, v, -0.6, -0.1, 0.09, 0.09)),
    ]


def _flower(u: Array, v: Array) -> Layers:
    petals = 0.62 + 0.28 * np.cos(6 * np.arctan2(v, u)) - np.sqrt(u * u + v * v)
    return [("main", petals * 0.6), ("accent", _ellipse(u, v, 0, 0, 0.28, 0.28))]


def _house(u: Array, v: Array) -> Layers:
    return [
        ("main", _box(u, v, 0, 0.35, 0.65, 0.5)),
        ("accent", _polygon(u, v, (0, -0.85), (0.9, -0.1), (-0.9, -0.1))),
        ("dark", _union(_box(u, v, -0.25, 0.55, 0.15, 0.3), _box(u, v, 0.3, 0.3, 0.14, 0.14))),
    ]


def _moon(u: Array, v: Array) -> Layers:
    bite = _ellipse(u, v, 0.42, -0.1, 0.75, 0.75)
    return [("main", np.minimum(_ellipse(u, v, 0, 0, 0.9, 0.9), -bite))]


def _star(u: Array, v: Array) -> Layers:
    fifth = 2 * math.pi / 5
    angle = np.abs((np.arctan2(u, -v) + fifth / 2) % fifth - fifth / 2)
    radius = np.sqrt(u * u + v * v)
    across, along = radius * np.sin(angle), radius * np.cos(angle)
    # One edge of one ray, from the tip (0, 1) to the notch between two rays; the others are its mirror images.
    notch = 0.42
    x, y = notch * math.sin(fifth / 2), notch * math.cos(fifth / 2)
    length = math.hypot(x, 1 - y)
    return [("main", (x * (1 - along) - (1 - y) * across) * (1 / length))]


def _tree(u: Array, v: Array) -> Layers:
    crown = [
        _ellipse(u, v, 0, -0.5, 0.5, 0.45),
        _ellipse(u, v, -0.38, -0.1, 0.42, 0.35),
        _ellipse(u, v, 0.38, -0.1, 0.42, 0.35),
    ]
    return [("dark", _box(u, v, 0, 0.55, 0.13, 0.45)), ("main", _union(*crown))]


def _wheel(u: Array, v: Array) -> Layers:
    radius = np.sqrt(u * u + v * v)
    angles = (0, math.pi / 3, 2 * math.pi / 3)
    spokes = [0.07 - np.abs(u * math.sin(angle) - v * math.cos(angle)) for angle in angles]
    return [
        ("accent", np.minimum(_union(*spokes), 0.8 - radius)),
        ("main", 0.14 - np.abs(radius - 0.8)),
        ("main", 0.2 - radius),
    ]


# name: how it is drawn, how far it may be tilted (radians), the colour it tends to
_SCENES = {
    "balloon": (_balloon, 0.3, (215, 80, 70)),
    "boat": (_boat, 0.3, (150, 95, 65)),
    "car": (_car, 0.25, (70, 100, 190)),
    "fish": (_fish, 0.5, (235, 150, 60)),
    "flower": (_flower, math.pi, (215, 100, 180)),
    "house": (_house, 0.2, (190, 160, 120)),
    "moon": (_moon, math.pi, (225, 220, 170)),
    "star": (_star, math.pi, (240, 210, 60)),
    "tree": (_tree, 0.2, (75, 150, 70)),
    "wheel": (_wheel, math.pi, (120, 120, 125)),
}
CLASSES = tuple(_SCENES)


class _Canvas:
    """The images of one chunk while they are painted: float32, 0 to 255."""

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.count = count
        self.pixels = np.empty((count, 3, SIZE, SIZE), dtype=np.float32)
        line = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
        self.x, self.y = line, line[:, None]

    def uniform(self, low: float, high: float, *shape: int) -> Array:
        """Random numbers between low and high, one of the given shape for each image."""
        numbers = self.rng.random((self.count, *shape), dtype=np.float32)
        numbers *= high - low
        numbers += low
        return numbers

    def place(self, shift: float, scale: tuple[float, float], tilt: float) -> tuple[Array, Array, Array]:
        """Coordinates u, v (count, 32, 32) of a randomly placed object, and its scale in pixels."""
        x = self.x - self.uniform(-shift, shift, 1, 1)
        y = self.y - self.uniform(-shift, shift, 1, 1)
        size, angle = self.uniform(*scale, 1, 1), self.uniform(-tilt, tilt, 1, 1)
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        mirror = np.where(self.uniform(0, 1, 1, 1) < 0.5, np.float32(-1), np.float32(1))
        # x is (count, 1, 32) and y is (count, 32, 1), so that only the two sums run over all pixels.
        return (mirror * cos) * x + (mirror * sin) * y, cos * y - sin * x, size

    def paint(self, shape: Array, scale: Array, colour: Array) -> None:
        """Lay a shape in one colour (count, 3) over what is there, with edges one pixel soft."""
        cover = np.clip(shape * scale + np.float32(0.5), 0, 1)[:, None]
        self.pixels += cover * (colour[:, :, None, None] - self.pixels)


def _paint_background(canvas: _Canvas) -> Array:
    """Two fields that meet along a line, sharply or softly, and clutter on them; gives their mean colour."""
    _, v, scale = canvas.place(shift=10, scale=(1, 1), tilt=0.5)
    near, far = canvas.uniform(30, 225, 3), canvas.uniform(30, 225, 3)
    canvas.pixels[:] = near[:, :, None, None]
    canvas.paint(v, scale * canvas.uniform(0.08, 1, 1, 1), far)
    for number in range(CLUTTER):
        u, v, scale = canvas.place(shift=16, scale=(2, 7), tilt=math.pi)
        shape = _box(u, v, 0, 0, 1, 0.5) if number % 2 else _ellipse(u, v, 0, 0, 1, 0.6)
        canvas.paint(shape, scale, canvas.uniform(20, 235, 3))
    mean: Array = (near + far) / 2
    return mean


def _object_colours(canvas: _Canvas, background: Array, usual: tuple[int, int, int]) -> dict[str, Array]:
    """A colour for each role: partly the usual one, random otherwise, and never that of the background."""
    bias = canvas.uniform(0, 2 * COLOUR_BIAS, 1)
    main = bias * np.asarray(usual, dtype=np.float32) + (1 - bias) * canvas.uniform(20, 235, 3)
    difference = (main - background).mean(axis=1, keepdims=True)
    lack = np.maximum(CONTRAST - np.abs(difference), 0)
    main = np.clip(main + np.where(difference < 0, -lack, lack), 0, 255)
    accent = np.clip(
        main + np.where(main.mean(axis=1, keepdims=True) > 127, -1, 1) * canvas.uniform(40, 90, 3), 0, 255
    )
    return {"main": main, "accent": accent, "dark": canvas.uniform(10, 70, 1) * np.ones(3, dtype=np.float32)}


def _light_and_noise(canvas: _Canvas) -> None:
    """Light from one side, of another strength for each image, and noise on each pixel."""
    angle = canvas.uniform(-math.pi, math.pi, 1, 1)
    slope = canvas.uniform(0, 0.025, 1, 1)
    light = canvas.uniform(0.7, 1.15, 1, 1) + slope * (np.cos(angle) * canvas.x + np.sin(angle) * canvas.y)
    canvas.pixels *= light[:, None]
    noise = canvas.uniform(-NOISE, NOISE, 3, SIZE, SIZE)
    canvas.pixels += noise


def draw_scenes(count: int, rng: np.random.Generator) -> Array:
    """Draw scenes of every kind, all kinds on the same backgrounds, which therefore tell nothing.

    Args:
        count: how many of each kind.
        rng: numpy.random.Generator; it alone decides what the images look like.

    Returns:
        uint8 (10, count, 3, 32, 32), the kinds in the order of CLASSES.
    """
    canvas = _Canvas(count, rng)
    mean_colour = _paint_background(canvas)
    background = canvas.pixels.copy()
    scenes = np.empty((len(_SCENES), *background.shape), dtype=np.uint8)
    for number, (shapes, tilt, usual_colour) in enumerate(_SCENES.values()):
        canvas.pixels[:] = background
        colours = _object_colours(canvas, mean_colour, usual_colour)
        u, v, scale = canvas.place(SHIFT, SCALE, tilt)
        for role, shape in shapes(u, v):
            canvas.paint(shape, scale, colours[role])
        _light_and_noise(canvas)
        scenes[number] = np.clip(canvas.pixels, 0, 255, out=canvas.pixels)
    return scenes


def _draw_batch(number: int) -> tuple[Array, Array]:
    """Images uint8 (10000, 3072) and labels of one batch, shuffled; the same for the same number."""
    rng = np.random.default_rng([SEED, number])
    count = len(CLASSES) * PER_CLASS
    data = np.empty((count, 3 * SIZE * SIZE), dtype=np.uint8)
    labels = np.empty(count, dtype=np.int64)
    places = rng.permutation(count).reshape(PER_CLASS // CHUNK, len(CLASSES), CHUNK)
    for chunk in places:
        data[chunk] = draw_scenes(CHUNK, rng).reshape(len(CLASSES), CHUNK, -1)
        labels[chunk] = np.arange(len(CLASSES))[:, None]
    return data, labels


def _dump(content: dict[str, Any], path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump(content, file, protocol=4)


def write_stand_in(dest: str | Path = DEFAULT_ROOT, force: bool = False) -> Path:
    """Write the drawn data set, 50,000 + 10,000 images, unless there is data already.

    Its batches.meta has the key `stand_in`, by which `cs231n.data_utils.dataset_name` knows it. The
    same NumPy on the same kind of processor writes the same bytes each time.

    Args:
        dest: folder that gets `cifar-10-batches-py`; made if it does not exist.
        force: replace the data that is already there.

    Returns:
        Path of `cifar-10-batches-py`.

    Raises:
        OSError: dest cannot be written to, or the disk is full.
    """
    folder = Path(dest) / FOLDER
    there = name_of_data(folder)
    if there and not force:
        print(f"There is {there} already, nothing was drawn (--force replaces it): {folder}")
        return folder
    with replacing(folder) as temporary:
        for number, name in enumerate(progress_bar([*TRAIN_BATCHES, TEST_BATCH], desc="Drawing", unit="batch")):
            data, labels = _draw_batch(number)
            batch = {
                "batch_label": f"stand-in {name}",
                "labels": labels.tolist(),
                "data": data,
                "filenames": [f"{CLASSES[label]}_{number}_{row:04}.png" for row, label in enumerate(labels)],
            }
            _dump(batch, temporary / name)
        meta = {
            "label_names": list(CLASSES),
            "num_cases_per_batch": len(data),
            "num_vis": 3072,
            STAND_IN_KEY: True,
        }
        _dump(meta, temporary / META)
    print(f"The stand-in data set is ready (drawn images, not CIFAR-10): {folder}")
    return folder
