"""The tables that the benchmark prints, made from its records."""

import statistics

from benchmarks import goals
from benchmarks.pairing import geometric_mean, ratio
from benchmarks.peers import REFERENCE

__all__ = ["errors_table", "heading", "memory_table", "ratios", "timing_tables"]

OURS = "cs231n"


def heading(environment, rounds):
    """Return what a reader has to know about the figures."""
    method = (
        f"Each figure is the median of {rounds} rounds; in each round every method runs once, in turning order,\n"
        f"and a ratio is the median of the rounds' ratios to {REFERENCE}: below 1 is faster than {REFERENCE}.\n"
        "The convolutions R1 to R12 are drawn at random with a fixed seed; no kernel was tuned for them."
    )
    return "\n".join([*(f"{name:26}{value}" for name, value in environment.items()), "", method])


def ratios(record):
    """Return the ratio to torch of each other method of a timing record."""
    seconds = record["seconds"]
    return {name: ratio(times, seconds[REFERENCE]) for name, times in seconds.items() if name != REFERENCE}


def timing_tables(records, with_goals=True):
    """Return a table for each group and dtype, with the geometric mean and the worst case of each direction."""
    tables = dict.fromkeys((record["group"], record["dtype"]) for record in records)
    return "\n\n".join(
        _timing_table(group, dtype, [r for r in records if (r["group"], r["dtype"]) == (group, dtype)], with_goals)
        for group, dtype in tables
    )


def _timing_table(group, dtype, records, with_goals):
    methods = list(records[0]["seconds"])
    others = [name for name in methods if name != REFERENCE]
    head = "".join(f"{name + ' ms':>18}" for name in methods) + "".join(f"{name:>16}" for name in others)
    lines = [f"{group}, {dtype}: median milliseconds, then ratios to {REFERENCE}"]
    for direction in dict.fromkeys(record["direction"] for record in records):
        rows = [record for record in records if record["direction"] == direction]
        lines.append(f"{direction:46}{head}")
        for record in rows:
            times = "".join(f"{1e3 * statistics.median(record['seconds'][name]):18.3f}" for name in methods)
            shares = ratios(record)
            lines.append(f"  {record['case']:44}{times}" + "".join(f"{shares[name]:16.3f}" for name in others))
        if len(rows) > 1:
            columns = [[ratios(record)[name] for record in rows] for name in others]
            blank = " " * 18 * len(methods)
            for label, summary in (("geometric mean", geometric_mean), ("worst", max)):
                lines.append(f"  {label:44}{blank}" + "".join(f"{summary(column):16.3f}" for column in columns))
        if with_goals and (group, dtype, direction) in goals.REACH:
            lines.append(f"  {_verdict(rows)}")
    return "\n".join(lines)


def _verdict(rows):
    """Return how the ratios of a group, dtype and direction compare with the goals."""
    group, dtype, direction = (rows[0][name] for name in ("group", "dtype", "direction"))
    reach, aim = (table[group, dtype, direction] for table in (goals.REACH, goals.AIM))
    values = [ratios(record)[OURS] for record in rows]
    value = geometric_mean(values) if group in goals.MEAN else max(values)
    said = "aim kept" if value <= aim else "goal kept" if value <= reach else "goal missed"
    text = f"goal {reach:.2f}, aim {aim:.2f}, {value:.3f} measured: {said}"
    if (worst := goals.WORST.get((group, dtype))) is not None:
        text += f"; no shape above {worst:.2f}: {'kept' if max(values) <= worst else 'missed'}"
    return text


def errors_table(records):
    """Return the largest error of each convolution beside torch's own and its bound."""
    lines = ["errors against torch in float64: largest difference over largest value, of out, dx, dw and db"]
    lines.append(f"{'':46}{'dtype':>10}{'cs231n':>12}{'torch':>12}{'of the bound':>14}")
    for record in records:
        errors, bounds = record["errors"], record["bounds"]
        share = max(errors[OURS][name] / bounds[name] for name in bounds)
        lines.append(
            f"  {record['case']:44}{record['dtype']:>10}{max(errors[OURS].values()):12.1e}"
            f"{max(errors[REFERENCE].values()):12.1e}{share:14.0%}"
        )
    return "\n".join(lines)


def memory_table(records):
    """Return the megabytes that each method takes beyond its results, for N and 2 N images."""
    if not records:
        return "temporaries: not measured, this system does not tell"
    lines = [f"temporaries beyond the results, forward + backward, MB for N / 2 N (goal {goals.TEMPORARIES_MB})"]
    methods = list(dict.fromkeys(name for record in records for name in record["MB"]))
    lines.append(f"{'':46}{'dtype':>10}" + "".join(f"{name:>20}" for name in methods))
    for record in records:
        figures = [record["MB"].get(name) for name in methods]
        cells = (f"{pair[0]:.1f} / {pair[1]:.1f}" if pair else "" for pair in figures)
        lines.append(f"  {record['case']:44}{record['dtype']:>10}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)
