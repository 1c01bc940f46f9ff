"""The picture of the benchmark: for each case the ratio to torch, on a logarithmic axis."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of a drawing engine that needs no screen

from benchmarks.peers import REFERENCE  # noqa: E402
from benchmarks.report import OURS, ratios  # noqa: E402

__all__ = ["draw"]

_GREEN, _GREY = "#0b7a75", "#9aa0a6"
_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def draw(records, environment, path):
    """Draw the timing records into a PNG file: one panel for each dtype, one row for each case."""
    records = [record for record in records if record["group"] != "tiny convolution"]
    dtypes = list(dict.fromkeys(record["dtype"] for record in records))
    cases = list(dict.fromkeys(record["case"] for record in records))
    figure, panels = plt.subplots(
        1, len(dtypes), sharex=True, sharey=True, figsize=(11, 1.6 + 0.36 * len(cases)), squeeze=False
    )
    for panel, dtype in zip(panels[0], dtypes):
        _panel(panel, [record for record in records if record["dtype"] == dtype], cases)
        panel.set_title(dtype, loc="left", fontweight="bold")
    panels[0][0].legend(loc="upper left", bbox_to_anchor=(-0.62, 1.13), ncols=3, frameon=False, fontsize=9)
    threads = environment["threads"]
    figure.supxlabel(
        f"time / time of torch {environment['torch']}, {threads} thread{'s' if threads > 1 else ''}, "
        f"{environment['processor']}; left of the line is faster",
        fontsize=9,
    )
    figure.tight_layout()
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)


def _panel(panel, records, cases):
    """Draw the cases of one dtype: a dot for our time in each direction, crosses for im2col + BLAS."""
    panel.axvline(1, color="black", linewidth=1)
    for record in records:
        y = cases.index(record["case"])
        forward, shares = record["direction"] == "forward", ratios(record)
        y += -0.15 if forward else 0.15
        for name, value in shares.items():
            colour = _GREEN if name == OURS else _GREY
            if name == OURS:
                panel.plot([value, 1], [y, y], color=colour, linewidth=2.5, alpha=0.3, solid_capstyle="butt")
            label = f"{name}, {'forward' if forward else 'forward + backward or step'}"
            filled = colour if forward else "white"
            panel.plot(value, y, "o", color=colour, markerfacecolor=filled, markersize=6, label=label)
    _one_label_each(panel)
    panel.set_xscale("log")
    panel.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    panel.minorticks_off()
    panel.set_yticks(range(len(cases)), cases, fontsize=9)
    panel.set_ylim(len(cases) - 0.4, -0.6)
    panel.grid(axis="x", color="#dddddd", linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


def _one_label_each(panel):
    """Hide all but the first line of each label from the legend."""
    seen = set()
    for line in panel.get_lines():
        if line.get_label() in seen:
            line.set_label("_" + line.get_label())
        seen.add(line.get_label())
