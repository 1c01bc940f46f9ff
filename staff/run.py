"""Execute the notebooks on CIFAR-10 and say whether every check kept its bound.

    python -m staff.run             all notebooks
    python -m staff.run Dropout     one of them

The executed notebooks are written as HTML pages into build/notebooks, with index.html, which links them, and each
figure as a PNG file. Where a framework that a notebook needs is not installed, the others are executed, and the
summary says so. Ctrl-C ends it and the kernels.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while modules are loaded there is nothing to tidy up

import argparse
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import nbformat

from cs231n.data_utils import dataset_name, find_CIFAR10
from cs231n.datasets.command import main as get_datasets
from cs231n.terminal import python_command
from staff import ROOT
from staff.notebooks import Run, execute
from staff.pages import write_figures, write_html, write_index
from staff.progress import Progress

__all__ = ["ALLOCATION", "NOTEBOOKS", "lacks", "main", "misses", "summary"]

# Seconds on one core, roughly.
_SECONDS = {
    "FullyConnectedNets": 70,
    "BatchNormalization": 50,
    "Dropout": 15,
    "ConvolutionalNetworks": 45,
    "PyTorch": 530,
    "TensorFlow": 560,
}
NOTEBOOKS = tuple(_SECONDS)
# Without these glibc gives the memory of each layer back to the system and asks for it again in the next step,
# which takes up to a quarter of a ConvNet's time. Other systems do not read them.
ALLOCATION = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(512 << 20)}
# What a notebook imports beyond requirements.txt: its package, and how to get it.
_EXTRAS = {"TensorFlow": ("tensorflow", "pip install -c constraints.txt -e '.[tensorflow]'")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 if every check kept its bound, 130 after Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("\nStopped by Ctrl-C. Pages of notebooks that had finished stay.", file=sys.stderr)
        return 130


def _run(arguments):
    """Do what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m staff.run", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK", help=f"of {', '.join(NOTEBOOKS)} (default: all)")
    parser.add_argument("--without", action="append", default=[], choices=NOTEBOOKS, help="leave this one out")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "notebooks", help="folder of the HTML pages")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="notebooks at once (default: a core each)"
    )
    options = parser.parse_args(arguments)
    asked = [Path(name).stem for name in options.names] or NOTEBOOKS
    if unknown := sorted(set(asked) - set(NOTEBOOKS)):
        parser.error(f"no notebook {', '.join(unknown)}; there are {', '.join(NOTEBOOKS)}")
    reasons = {name: "as asked" if name in options.without else lacks(name) for name in asked}
    left_out = [f"{name} was left out: {why}." for name, why in reasons.items() if why]
    names = [name for name in asked if not reasons[name]]
    if not names:
        parser.error("nothing to execute. " + " ".join(left_out))
    source = _get_data()
    start = time.perf_counter()
    runs = _execute_all(names, source, options)
    seconds = time.perf_counter() - start
    print("\n".join([summary(runs, source, seconds), *left_out]))
    print(f"\nPages: {options.out / 'index.html'}")
    missed = [f"{run.name}: {line}" for run in runs for line in misses(run, source)]
    print("\n".join(["", "Missed:", *missed] if missed else ["", "Every check kept its bound."]))
    return 1 if missed else 0


def _execute_all(names, source, options):
    """Execute the notebooks, several at once, write their pages and figures, and return the runs in order."""
    jobs = max(1, min(options.jobs, len(names)))
    # Threads that wait for each other's cores cost more than they bring; NumPy, PyTorch and TensorFlow obey this.
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // jobs))
    print(f"Executing {', '.join(names)} on {source}, {jobs} at once, threads of each: {threads}", flush=True)
    cells = {name: len(nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells) for name in names}
    progress, stop, start, runs = Progress(cells), threading.Event(), time.perf_counter(), {}

    def run(name):
        finished = execute(
            ROOT / f"{name}.ipynb",
            environment=ALLOCATION | {"OMP_NUM_THREADS": threads},
            on_cell=lambda cell_id, number: progress.begin(name, cell_id, number),
            stop=stop,
        )
        write_figures(finished, options.out)
        write_html(finished, options.out)
        return finished

    with ThreadPoolExecutor(jobs) as pool:
        try:
            pending = {pool.submit(run, name): name for name in in_order(names)}
            while pending:
                for future in wait(pending, timeout=1, return_when=FIRST_COMPLETED).done:
                    name = pending.pop(future)
                    runs[name] = future.result()
                    _tell(runs[name], source, progress, first=len(runs) == 1)
                    finished = [runs[name] for name in names if name in runs]
                    write_index(finished, summary(finished, source, time.perf_counter() - start), options.out)
                progress.show()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            progress.close()
    return [runs[name] for name in names]


def _tell(run, source, progress, first):
    """Print the lines of the table that a notebook which has just finished adds to it."""
    progress.finish(run.name)
    lines = [_HEADING.format(source)] if first else []
    progress.write("\n".join([*lines, *_rows(run)]))
    if run.error:
        progress.write(run.error)


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names in the order in which they start.

    The shortest is among the first, so that there is something to read soon; the others follow from the longest to
    the shortest, so that none is left over in the end to keep one core busy alone.
    """
    by_length = sorted(names, key=_SECONDS.__getitem__)
    return [*by_length[:1], *reversed(by_length[1:])]


def _get_data():
    """Return what kind of data the notebooks will find, after fetching or drawing it where there is none."""
    try:
        find_CIFAR10()
    except FileNotFoundError:
        status = get_datasets([])
        if status == 130:
            raise KeyboardInterrupt from None
        if status != 0:
            print("\nNo download: drawing the stand-in data set instead.")
            get_datasets(["--stand-in"])
    source = dataset_name()
    if source != "CIFAR-10":
        command = python_command("-m", "cs231n.datasets")
        print(
            "\n" + "!" * 78 + "\n"
            "!!  This run uses STAND-IN DATA, synthetic pictures, and not CIFAR-10.       !!\n"
            "!!  Its accuracies say nothing about CIFAR-10. To get the real images, run:  !!\n"
            f"!!      {command:68}  !!\n" + "!" * 78 + "\n"
        )
    return source


def lacks(name: str) -> str:
    """Return why a notebook cannot be executed here, a few words, or "" if it can."""
    package, command = _EXTRAS.get(name, (None, None))
    if package is None or importlib.util.find_spec(package):
        return ""
    return f"{package} is not installed ({command})"


def misses(run: Run, source: str) -> list[str]:
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


def summary(runs: Sequence[Run], source: str, seconds: float) -> str:
    """Return the summary: of each notebook checks passed, seconds, memory and accuracies; of all, wall time."""
    rows = [line for run in runs for line in _rows(run)]
    total = f"{'all':34}{seconds:>10.0f}{max(run.peak_mb for run in runs):>10.0f}"
    return "\n".join(["", _HEADING.format(source), *rows, total])


_HEADING = f"{'notebook':24}{'checks':>10}{'seconds':>10}{'peak MB':>10}   accuracies on {{}}"


def _rows(run):
    """Return the lines of the table about one notebook."""
    checks = run.verdicts("check")
    passed = sum(verdict["passed"] for verdict in checks)
    row = f"{run.name:24}{f'{passed}/{len(checks)}':>10}{run.seconds:>10.0f}{run.peak_mb:>10.0f}"
    accuracies = [f"{v['value']:.1%} {v['what']}" for v in run.verdicts("accuracy")] or [""]
    return [f"{row}   {accuracies[0]}", *(f"{'':57}{line}" for line in accuracies[1:])]


if __name__ == "__main__":
    sys.exit(main())
