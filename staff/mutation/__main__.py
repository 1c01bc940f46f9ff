"""Change the solution in every small way and see whether the checks notice.

    python -m staff.mutation                      all solution blocks, a minute or two
    python -m staff.mutation batchnorm_backward   the blocks of an exercise
    python -m staff.mutation --seeds 10           with more random inputs for each check

Prints how many changes were noticed, and each that was not and is not explained in survivors.toml: the checks want
sharpening, or the list a reason. Exit status: 0 if there is none, else 1.
"""

import argparse
import collections
import functools
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from cs231n.checks.rubric import load_rubric
from staff.mutation.judge import judge, try_solution
from staff.mutation.mutants import generate
from staff.mutation.survivors import explained, split

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.mutation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="EXERCISE", help="default: all")
    parser.add_argument("--seeds", type=int, default=3, help="random inputs for each check (default: 3)")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}, expected at least 1")
    if unknown := set(options.names) - set(load_rubric().exercises):
        parser.error(f"there is no exercise {', '.join(sorted(unknown))}")
    if not hasattr(os, "fork"):
        parser.error("this needs fork, which Windows does not have")
    mutants = generate(ROOT, options.names or None)
    import_torch()
    if missed := try_solution(ROOT, sorted({name for mutant in mutants for name in mutant.exercises})):
        print(f"the solution itself does not pass: {missed}")
        return 1
    with multiprocessing.get_context("fork").Pool() as pool:
        results = pool.imap(functools.partial(judge, root=ROOT, seeds=options.seeds), mutants)
        verdicts = list(tqdm(results, total=len(mutants), unit="mutant", disable=not sys.stderr.isatty()))
    if broken := sorted({verdict.by for verdict in verdicts if verdict.outcome == "grader_error"}):
        print(f"checks that break, on an answer that they have to take: {', '.join(broken)}")
        return 1
    survivors = [mutant for mutant, verdict in zip(mutants, verdicts) if verdict.outcome == "survived"]
    reasons = explained()
    blocks = {mutant.block for mutant in mutants}
    new, stale = split(survivors, [key for key in reasons if key[0] in blocks])
    print(_report(mutants, verdicts, survivors, new, stale))
    return 1 if new or stale else 0


def import_torch() -> None:
    """Import torch before the forks, which share it, without threads that a fork loses."""
    import torch

    torch.set_num_threads(1)


def _report(mutants, verdicts, survivors, new, stale):
    """Return figures for each block and in all, and what is to be done."""
    counts = collections.defaultdict(collections.Counter)
    for mutant, verdict in zip(mutants, verdicts):
        counts[mutant.block.removeprefix("cs231n/")][verdict.outcome] += 1
    columns = ("generated", "killed", "timeout", "crashed", "survived", "unexplained")
    open_ones = collections.Counter(mutant.block.removeprefix("cs231n/") for mutant in new)
    lines = [f"{'block':54}" + "".join(f"{name:>12}" for name in columns)]
    total = collections.Counter()
    for block, count in counts.items():
        row = count | {"generated": count.total(), "unexplained": open_ones[block]}
        total.update(row)
        lines.append(f"{block:54}" + "".join(f"{row.get(name, 0):12}" for name in columns))
    lines.append(f"{'in all':54}" + "".join(f"{total[name]:12}" for name in columns))
    for mutant in new:
        lines += ["", f"{mutant.block}, line {mutant.line}: no check notices", f"  - {mutant.before}"]
        lines.append(f"  + {mutant.after}")
    for block, before, after in stale:
        lines += ["", f"{block}: survivors.toml explains what no longer survives", f"  - {before}", f"  + {after}"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
