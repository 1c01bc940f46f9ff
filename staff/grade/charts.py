"""Charts as SVG inside a page: drawn in the page's colours, named for those who do not see them.

Their texts and numbers stand in a table beside each of them; see `class_report`.
"""

from markupsafe import Markup

from staff.grade.html import number

__all__ = ["histogram", "strip"]

WIDTH = 400  # small enough to keep the letters readable on a phone
BARS = {  # of a strip, 3 wide and 10 high: told apart by their shapes as well as by their colours
    "good": "v-10h3v10z",
    "wrong": "v-6h3v6z",
    "broken": "v-4h3v4zm0-6v-4h3v4z",
    "blank": "v-2h3v2z",
}


def histogram(counts, edges, median, label, height=190, bar_labels=True):
    """Return a histogram with a line at the median.

    Args:
        counts: number of each bin, shape (n,).
        edges: bounds of the bins, evenly spaced, shape (n + 1,).
        median: where the line stands, or None.
        label: what the chart shows, for a screen reader.
        height: in units of which the chart is WIDTH wide.
        bar_labels: whether the counts stand over the bars.
    """
    left, right, top, bottom = 8, WIDTH - 8, 42, height - 22
    low, span = edges[0], edges[-1] - edges[0]
    highest = max([*counts, 1])

    def at(value):
        return left + (right - left) * (value - low) / span

    parts = []
    for count, start, end in zip(counts, edges, edges[1:]):
        x, wide = at(start) + 1, at(end) - at(start) - 2
        tall = (bottom - top) * count / highest
        if count:
            parts.append(_rect(x, bottom - tall, wide, tall, "bar"))
            if bar_labels:
                parts.append(_text(x + wide / 2, bottom - tall - 4, count, "small"))
    parts.append(Markup('<path class="axis" d="M{} {}H{}"/>').format(_short(left), _short(bottom), _short(right)))
    ticks = sorted(
        {edges[0], edges[len(edges) // 4], edges[len(edges) // 2], edges[3 * len(edges) // 4], edges[-1]}
    )
    for i, edge in enumerate(ticks):
        side = "start" if i == 0 else "end" if i == len(ticks) - 1 else "middle"
        parts.append(_text(at(edge), bottom + 16, number(edge), "tick", side))
    if median is not None:
        parts += _marker(at(median), 18, bottom, f"median {number(median)}")
    return _svg(WIDTH, height, label, parts)


def _marker(x, top, bottom, text):
    """Return a labelled vertical line; the label stays inside the chart."""
    side = "start" if x < WIDTH / 4 else "end" if x > 3 * WIDTH / 4 else "middle"
    line = Markup('<path class="marker" d="M{} {}V{}"/>').format(_short(x), _short(top), _short(bottom))
    return [line, _text(x, top - 5, text, "marked", side)]


def strip(kinds, label):
    """Return a row of small bars, one for each exercise.

    Args:
        kinds: a key of BARS for each exercise.
        label: what it shows, for a screen reader.
    """
    paths = {}
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
    return number(value, 2)
