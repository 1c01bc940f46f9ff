"""The picture of the benchmark: for each case the ratio to torch, on a logarithmic axis."""

from matplotlib.figure import Figure

from benchmarks import goals
from benchmarks.report import OURS, ratios

__all__ = ["draw_chart"]

_OURS, _PEER, _GOAL = "#0b7a75", "#9aa0a6", "#e07a1f"
_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def draw_chart(records, environment, path):
    """Draw the timing records into a PNG file: one panel for each dtype, one row for each case."""
    records = [record for record in records if record["group"] != "tiny convolution"]
    dtypes = list(dict.fromkeys(record["dtype"] for record in records))
    cases = list(dict.fromkeys(record["case"] for record in records))
    figure = Figure(figsize=(11, 2 + 0.4 * len(cases)), layout="constrained")  # without pyplot: needs no screen
    panels = figure.subplots(1, len(dtypes), sharex=True, sharey=True)
    for panel, dtype in zip(panels, dtypes):
        _panel(panel, [record for record in records if record["dtype"] == dtype], cases)
        panel.set_title(dtype, loc="left", fontweight="bold")
    lines = {line.get_label(): line for line in panels[0].get_lines() if not line.get_label().startswith("_")}
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=3, frameon=False)
    threads = f"{environment['threads']} thread{'s' if environment['threads'] > 1 else ''}"
    figure.suptitle(
        f"time / time of torch {environment['torch']}, {threads}, {environment['processor']}; "
        "left of the black line is faster than torch",
        fontsize=10,
    )
    figure.savefig(path, dpi=150)


def _panel(panel, records, cases):
    """Draw the cases of one dtype: full dots for forward, hollow ones for everything, a tick for the goal."""
    panel.axvline(1, color="black", linewidth=1)
    for record in records:
        forward = record["direction"] == "forward"
        y = cases.index(record["case"]) + (-0.17 if forward else 0.17)
        for name, value in ratios(record).items():
            colour = _OURS if name == OURS else _PEER
            if name == OURS:
                panel.plot([value, 1], [y, y], color=colour, linewidth=2.5, alpha=0.3, solid_capstyle="butt")
            label = f"{name}, {'forward' if forward else 'forward + backward, or training step'}"
            panel.plot(value, y, "o", color=colour, markerfacecolor=colour if forward else "white", label=label)
        goal = goals.REACH.get((record["group"], record["dtype"], record["direction"]))
        if goal:
            label = "goal (of convolutions: for their geometric mean)"
            panel.plot(goal, y, "|", color=_GOAL, markersize=9, markeredgewidth=2, label=label)
    panel.set_xscale("log")
    panel.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    panel.minorticks_off()
    panel.set_yticks(range(len(cases)), cases, fontsize=9)
    panel.set_ylim(len(cases) - 0.4, -0.6)
    panel.grid(axis="x", color="#dddddd", linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
