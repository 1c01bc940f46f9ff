"""Charts as SVG inside a page: drawn in the page's colours, named for those who do not see them.

Their texts and numbers stand in a table beside each of them; see `class_report`. A histogram is 2 kB of the page,
and a strip, of which each student has one, 0.5 kB; by matplotlib they would be 14 kB and 5 kB, in colours of their
own.
"""

from collections.abc import Sequence

from markupsafe import Markup

from staff.grade.pages.html import points_text

__all__ = ["LARGE", "SMALL", "histogram", "strip"]

LARGE, SMALL = (400, 250), (190, 110)  # width and height: narrow, to keep the letters readable on a phone
BARS = {  # of a strip, 3 wide and 10 high: told apart by their shapes as well as by their colours
    "good": "v-10h3v10z",
    "wrong": "v-6h3v6z",
    "broken": "v-4h3v4zm0-6v-4h3v4z",
    "blank": "v-2h3v2z",
}


def histogram(
    counts: Sequence[int], edges: Sequence[float], median: float, label: str, size: tuple[int, int] = LARGE
) -> Markup:
    """Return a histogram with a line at the median.

    Args:
        counts: number of each bin, shape (n,).
        edges: bounds of the bins, evenly spaced, shape (n + 1,).
        median: where the line stands.
        label: what the chart shows, for a screen reader.
        size: LARGE, with the counts over the bars, or SMALL.
    """
    width, height = size
    left, right, top, bottom = 4, width - 4, 42 if size is LARGE else 24, height - 20
    low, span = edges[0], edges[-1] - edges[0]
    highest = max([*counts, 1])

    def at(value):
        return left + (right - left) * (value - low) / span

    parts, texts = [], []
    for count, start, end in zip(counts, edges, edges[1:]):
        x, wide = at(start) + 1, at(end) - at(start) - 2
        tall = (bottom - top) * count / highest
        if count:
            parts.append(_rect(x, bottom - tall, wide, tall, "bar"))
            if size is LARGE:
                texts.append(_text(x + wide / 2, bottom - tall - 4, count, "small"))
    parts.append(Markup('<path class="axis" d="M{} {}H{}"/>').format(_short(left), _short(bottom), _short(right)))
    ticks = edges[:: len(edges) // 4 if size is LARGE else len(edges) // 2]
    for i, edge in enumerate(ticks):
        side = "start" if i == 0 else "end" if i == len(ticks) - 1 else "middle"
        texts.append(_text(at(edge), height - 5, points_text(edge), "tick", side))
    x, side = (
        at(median),
        "start" if median < low + span / 4 else "end" if median > low + 3 * span / 4 else "middle",
    )
    parts.append(Markup('<path class="marker" d="M{} 16V{}"/>').format(_short(x), _short(bottom)))
    texts.append(_text(x, 12, f"median {points_text(median)}", "marked", side))
    return _svg(width, height, label, parts + texts)


def strip(kinds: Sequence[str], label: str) -> Markup:
    """Return a row of small bars, one for each exercise.

    Args:
        kinds: a key of BARS for each exercise.
        label: what it shows, for a screen reader.
    """
    paths: dict[str, str] = {}
    for i, kind in enumerate(kinds):
        paths[kind] = paths.get(kind, "") + f"M{4 * i} 10{BARS[kind]}"
    parts = [Markup('<path class="{}" d="{}"/>').format(*path) for path in sorted(paths.items())]
    return _svg(max(4 * len(kinds) - 1, 1), 10, label, parts, "strip")


def _svg(width, height, label, parts, kind="chart"):
    # all of it is one picture: the texts inside are not read out one by one
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        kind, width, height, label, Markup("").join(parts)
    )


def _rect(x, y, width, height, kind):
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>').format(
        kind, *map(_short, (x, y, width, height))
    )


def _text(x, y, text, kind, side="middle"):
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, _short(x), _short(y), side, text
    )


def _short(value):
    return points_text(value, 2)
