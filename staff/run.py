"""Execute the notebooks on CIFAR-10 and say whether every check kept its bound.

    python -m staff.run             all notebooks
    python -m staff.run Dropout     one of them

The executed notebooks are written as HTML pages into build/notebooks, and each figure as a PNG file.
"""

import argparse
import sys
from pathlib import Path

from cs231n.data_utils import dataset_name, find_CIFAR10
from cs231n.datasets.__main__ import main as get_datasets
from staff.notebooks import ROOT, execute, write_figures, write_html

__all__ = ["NOTEBOOKS", "main", "misses", "table"]

NOTEBOOKS = ("FullyConnectedNets", "BatchNormalization", "Dropout", "ConvolutionalNetworks")


def main(arguments=None):
    """Run the command line; returns the exit status, 0 if every check kept its bound."""
    parser = argparse.ArgumentParser(prog="python -m staff.run", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK", help=f"of {', '.join(NOTEBOOKS)} (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "notebooks", help="folder of the HTML pages")
    options = parser.parse_args(arguments)
    names = [Path(name).stem for name in options.names] or NOTEBOOKS
    if unknown := sorted(set(names) - set(NOTEBOOKS)):
        parser.error(f"no notebook {', '.join(unknown)}; there are {', '.join(NOTEBOOKS)}")
    source = _get_data()
    runs = []
    for name in names:
        print(f"Executing {name}.ipynb on {source} ...", flush=True)
        run = execute(ROOT / f"{name}.ipynb")
        figures = len(write_figures(run, options.out))
        print(f"  {run.seconds:.0f} s, wrote {write_html(run, options.out)} and {figures} figures", flush=True)
        if run.error:
            print(run.error)
        runs.append(run)
    print(table(runs, source))
    missed = [f"{run.name}: {line}" for run in runs for line in misses(run, source)]
    print("\n".join(["", "Missed:", *missed] if missed else ["", "Every check kept its bound."]))
    return 1 if missed else 0


def _get_data():
    """Return what kind of data the notebooks will find, after fetching or drawing it where there is none."""
    try:
        find_CIFAR10()
    except FileNotFoundError:
        if get_datasets([]) != 0:
            print("\nNo download: drawing the stand-in data set instead.")
            get_datasets(["--stand-in"])
    source = dataset_name()
    if source != "CIFAR-10":
        print(
            "\n" + "!" * 78 + "\n"
            "!!  This run uses STAND-IN DATA, synthetic pictures, and not CIFAR-10.       !!\n"
            "!!  Its accuracies say nothing about CIFAR-10. To get the real images, run:  !!\n"
            "!!      python -m cs231n.datasets --force                                    !!\n" + "!" * 78 + "\n"
        )
    return source


def misses(run, source):
    """Return a line for each bound that an executed notebook missed.

    Accuracy bounds count on CIFAR-10 only: they were set there.
    """
    kinds = ("check", "accuracy") if source == "CIFAR-10" else ("check",)
    lines = [f"{v['what']}: {v['detail']}" for kind in kinds for v in run.verdicts(kind) if not v["passed"]]
    if run.error:
        lines.append("stopped by an error before its end")
    elif not run.verdicts("check"):
        lines.append("made no check at all")
    return lines


def table(runs, source):
    """Return the summary: notebook, checks passed, seconds, memory, and below it every accuracy."""
    lines = ["", f"{'notebook':24}{'checks':>10}{'seconds':>10}{'peak MB':>10}   accuracies on {source}"]
    for run in runs:
        checks = run.verdicts("check")
        passed = sum(verdict["passed"] for verdict in checks)
        row = f"{run.name:24}{f'{passed}/{len(checks)}':>10}{run.seconds:>10.0f}{run.peak_mb:>10.0f}"
        accuracies = [f"{v['value']:.1%} {v['what']}" for v in run.verdicts("accuracy")] or [""]
        lines += [f"{row}   {accuracies[0]}", *(f"{'':57}{line}" for line in accuracies[1:])]
    lines.append(
        f"{'together':34}{sum(run.seconds for run in runs):>10.0f}{max(run.peak_mb for run in runs):>10.0f}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
