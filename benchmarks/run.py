"""All measurements, one after the other, and what is written of them."""

import json
from itertools import chain

from tqdm import tqdm

from benchmarks import errors, layers, memory, plot, report, shapes, training
from benchmarks.environment import machine
from benchmarks.pairing import clock

__all__ = ["measure", "run"]

ROUNDS, QUICK_ROUNDS = 9, 3
SHORTEST, QUICK_SHORTEST = 0.01, 0.001  # seconds of a single timing at least


def run(threads, quick, out):
    """Measure, print the tables, and write tables, figures and plot into the folder `out`."""
    results = measure(threads, quick)
    timings = results["timings"]
    tables = [
        report.heading(results["environment"], results["rounds"]),
        report.timing_tables(timings, with_goals=not quick),
        report.errors_table(results["errors"]),
        report.memory_table(results["memory"]),
    ]
    text = "\n\n".join(tables) + "\n"
    print(text)
    out.mkdir(parents=True, exist_ok=True)
    name = f"threads-{threads}"
    (out / f"{name}.txt").write_text(text)
    (out / f"{name}.json").write_text(json.dumps(results, indent=1))
    plot.draw_chart(timings, results["environment"], out / f"{name}.png")
    print(f"Wrote {name}.txt, .json and .png into {out}")


def measure(threads, quick=False):
    """Return all figures as one dictionary of plain numbers, lists and strings."""
    rounds, shortest = (QUICK_ROUNDS, QUICK_SHORTEST) if quick else (ROUNDS, SHORTEST)
    convolutions = shapes.QUICK_CONVOLUTIONS if quick else shapes.CONVOLUTIONS + shapes.DRAWN
    pools = shapes.QUICK_POOLS if quick else shapes.POOLS
    environment = machine(threads)
    now = clock(threads)
    timings = []
    with tqdm(unit="case", disable=None, leave=False) as bar:
        for record in chain(
            layers.timings(convolutions, pools, rounds, now, shortest), training.timings(rounds, now, shortest)
        ):
            timings.append(record)
            bar.set_description(f"{record['case']}, {record['dtype']}, {record['direction']}")
            bar.update()
    return {
        "environment": environment,
        "rounds": rounds,
        "quick": quick,
        "timings": timings,
        "errors": list(errors.measurements(convolutions)),
        "memory": memory.measurements(quick),
    }
