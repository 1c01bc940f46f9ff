"""Measure the grader: seconds and memory for many submissions, a hung one among them, and other graders beside it.

    python -m benchmarks.grading                          100 solved submissions, by two workers
    python -m benchmarks.grading --submissions 10 100     several sizes, to see the cost of each
    python -m benchmarks.grading --hung                   one submission that hangs among 20 that do not
    python -m benchmarks.grading --peers VENV             two exercises, beside otter-grader and nbgrader

--submissions goes with --peers too. VENV is a virtual environment with both others, see
benchmarks/grading_peers.py.
"""

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

from benchmarks.grading_peers import Nbgrader, Otter
from cs231n.checks.rubric import load_rubric
from cs231n.submit.archive import MODULES
from staff import ROOT
from staff.release.build import build
from staff.release.fill import fill

__all__ = ["main"]

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


def main(arguments=None):
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.grading",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--submissions", type=int, nargs="+", metavar="N", help="how many (default: 100; 30 for peers)"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="of the grader (default: 2)")
    parser.add_argument("--hung", action="store_true", help="one submission that hangs among 20")
    parser.add_argument("--peers", type=Path, metavar="VENV", help="compare with otter-grader and nbgrader")
    options = parser.parse_args(arguments)
    # What a run leaves behind is ours to wait for, so that its CPU time counts too.
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "secret").write_text("0123456789abcdef")
        if options.hung:
            hung(folder, options.workers)
        if options.peers:
            for count in options.submissions or [30]:
                peers(folder / str(count), options.peers, count, options.workers)
        elif options.submissions or not options.hung:
            scale(folder, options.submissions or [100], options.workers)
    return 0


# --- submissions ----------------------------------------------------------------------------------------------


def write_submissions(folder, count, exercises=None, **more):
    """Write archives that are solved, or some exercises of them, each with another comment; returns their paths.

    Args:
        more: name of an archive -> text that its layers.py begins with.
    """
    folder.mkdir()
    release = build()
    solved = release | fill(release, exercises)
    handed_in = {name: data for name, data in solved.items() if name in MODULES or name.endswith(".ipynb")}
    paths = []
    for name, head in {**{f"s{number:04}": f"# {number}\n" for number in range(count)}, **more}.items():
        paths.append(folder / f"{name}.zip")
        with zipfile.ZipFile(paths[-1], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path, data in handed_in.items():
                archive.writestr(path, head.encode() + data if path.endswith(".py") else data)
    return paths


def grade(paths, out, secret, workers, *arguments):
    """Grade submissions as a user does; returns the usage of all processes and the records."""
    command = [sys.executable, "-m", "staff.grade", *map(str, paths), "--out", str(out), "--secret", str(secret)]
    usage = measured(lambda: subprocess.Popen([*command, "--workers", str(workers), *arguments], cwd=ROOT))
    records = [json.loads(path.read_text()) for path in sorted((out / "records").glob("*.json"))]
    return usage, records


def in_modules():
    """Return the arguments that leave out the exercises in notebooks, as their framework would cost the most."""
    return "--exercises", *dict.fromkeys(
        one.question for one in load_rubric().exercises.values() if not one.in_notebook
    )


def earned(record):
    return sum(one["earned"] for one in record["exercises"])


# --- measuring ------------------------------------------------------------------------------------------------


def measured(start):
    """Return seconds of wall time and of CPU time, and MB, of a process that `start` starts and all it starts."""
    before, began, peak = _cpu(), time.perf_counter(), [0.0]
    process = start()
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, done, peak))
    watcher.start()
    status = process.wait()
    wall = time.perf_counter() - began
    done.set()
    watcher.join()
    _wait_for_the_rest()
    if status != 0:
        raise RuntimeError(f"the run ended with exit status {status}")
    return {"wall": wall, "cpu": _cpu() - before, "MB": peak[0]}


def _cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_the_rest():
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def _watch(pid, done, peak):
    """Keep the most memory that a process and its descendants hold together; shared pages count once."""
    while not done.wait(0.3):
        peak[0] = max(peak[0], sum(_megabytes(one) for one in _descendants(pid)))


def _descendants(pid):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def _megabytes(pid):
    try:
        lines = Path("/proc", str(pid), "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:")), 0.0)


# --- what is measured -----------------------------------------------------------------------------------------


def scale(folder, counts, workers):
    """Print the cost of grading so many solved submissions."""
    most = sum(one.points for one in load_rubric().exercises.values() if not one.in_notebook)
    print(f"\n{workers} workers; solved submissions, all exercises of the modules")
    print(f"{'submissions':>12}{'wall s':>9}{'CPU s':>9}{'s each':>9}{'peak MB':>9}   isolation")
    for count in counts:
        paths = write_submissions(folder / f"solved-{count}", count)
        usage, records = grade(paths, folder / f"out-{count}", folder / "secret", workers, *in_modules())
        if {earned(record) >= most for record in records} != {True} or len(records) != count:
            raise RuntimeError(f"not all submissions earned their {most} points")
        each = usage["wall"] / count
        print(
            f"{count:>12}{usage['wall']:>9.1f}{usage['cpu']:>9.1f}{each:>9.2f}{usage['MB']:>9.0f}   "
            f"{records[0]['isolation']}",
            flush=True,
        )


def hung(folder, workers, count=20):
    """Print what a submission costs that hangs in every function, and what it costs the others."""
    paths = write_submissions(folder / "others", count)
    alone, _ = grade(paths, folder / "without", folder / "secret", workers, *in_modules())
    head = "import sys\nsys.setprofile(lambda frame, *rest: [None for _ in iter(int, 1)])\n"
    bad = write_submissions(folder / "hung", 0, hung=head)
    both, records = grade([*bad, *paths], folder / "with", folder / "secret", workers, *in_modules())
    seconds = {record["name"]: record["seconds"] for record in records}
    others = sorted(value for name, value in seconds.items() if name != "hung")
    print(f"\n{count} submissions: {alone['wall']:.1f} s; with one that hangs: {both['wall']:.1f} s")
    print(f"the hung one took {seconds['hung']:.1f} s, the others {others[len(others) // 2]:.2f} s (median) each")


def peers(folder, venv, count, workers):
    """Print what two exercises cost, beside otter-grader and nbgrader, which grade one submission at a time."""
    folder.mkdir()
    (folder / "secret").write_text("0123456789abcdef")
    names = ["affine_forward", "batchnorm_forward"]
    paths = write_submissions(folder / "two", count, names)
    points = sum(load_rubric().exercises[name].points for name in names)
    costs = {}
    for number in sorted({workers, 1}, reverse=True):
        usage, records = grade(paths, folder / f"out-{number}", folder / "secret", number, "--exercises", *names)
        if any(earned(record) != points for record in records):
            raise RuntimeError("not all submissions earned the points of both exercises")
        isolation = records[0]["isolation"].split(":")[0]
        costs[f"staff.grade, {isolation}, workers: {number}"] = usage
    for kind in (Otter, Nbgrader):
        peer = kind(venv, folder / kind.__name__)
        peer.prepare(count)
        costs[kind.name] = _measured_call(peer, count)
        if any(peer.points(number) != 2 for number in range(count)):
            raise RuntimeError(f"{kind.name} did not give all points")
    _print_peers(count, costs)


def _print_peers(count, costs):
    """Print a table of usages; each is compared with the first."""
    first = next(iter(costs.values()))
    print(f"\n{count} submissions, two exercises, start of the program included")
    print(f"{'':40}{'wall s each':>12}{'times':>7}{'CPU s each':>12}{'times':>7}")
    for name, cost in costs.items():
        columns = [f"{cost[clock] / count:>12.2f}{cost[clock] / first[clock]:>7.1f}" for clock in ("wall", "cpu")]
        print(f"{name:40}{''.join(columns)}", flush=True)


def _measured_call(peer, count):
    """Return the usage of a peer's grading."""
    before, began = _cpu(), time.perf_counter()
    peer.grade(count)
    wall = time.perf_counter() - began
    _wait_for_the_rest()
    return {"wall": wall, "cpu": _cpu() - before}


if __name__ == "__main__":
    sys.exit(main())
