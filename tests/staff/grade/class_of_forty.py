"""A class of forty that the grader must judge as before: mistakes of the catalogue, right alternatives, halves.

python -m tests.staff.grade.class_of_forty     grades it and writes golden/, where points are meant to change
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from staff import ROOT
from staff.misconceptions.catalogue import entries
from staff.release.build import build
from staff.release.fill import fill
from tests.staff.grade.conftest import SECRET, write_zip
from tests.staff.grade.test_alternatives import submission

__all__ = ["GRADEBOOK", "VERDICTS", "graded", "submissions"]

GOLDEN = Path(__file__).with_name("golden")
FRAMEWORKS = ("PyTorch.ipynb", "TensorFlow.ipynb")
GRADEBOOK, VERDICTS = GOLDEN / "gradebook.csv", GOLDEN / "verdicts.csv"


def submissions():
    """Return name -> files of the class; the golden gradebook lists its members."""
    release = build()
    blank = {name: data for name, data in release.items() if name.endswith((".py", ".ipynb"))}
    solved = blank | fill(release)
    with GRADEBOOK.open(encoding="utf-8", newline="") as file:
        class_ = {row["name"]: _files(row["name"], blank, solved) for row in csv.DictReader(file)}
    for name, files in class_.items():
        if name not in ("nothing", "everything"):  # two that hand in frameworks are enough: these take seconds
            for notebook in FRAMEWORKS:
                files.pop(notebook, None)
    return class_


def _files(name, blank, solved):
    """Return what a member of the class hands in."""
    kind, _, rest = name.partition("-")
    if kind == "mistake":
        mistake = entries()[rest]
        return solved | {f"cs231n/{mistake.module.replace('.', '/')}.py": mistake.text().encode()}
    if kind == "alternative":
        ours = submission(rest.replace("-", "_")).items()
        return solved | {path: data for path, data in ours if path.startswith("cs231n/")}
    if kind == "only":
        file = f"cs231n/{'classifiers/' if rest == 'fc_net' else ''}{rest}.py"
        return blank | {file: solved[file]}
    return dict({"nothing": blank, "everything": solved}[kind])


def graded(folder):
    """Grade the class as a head TA would; returns (gradebook.csv, verdicts), both texts."""
    paths = [write_zip(folder / f"{name}.zip", files) for name, files in submissions().items()]
    (folder / "secret").write_bytes(SECRET)
    out = folder / "out"
    command = [sys.executable, "-m", "staff.grade", *paths, "--out", out, "--secret", folder / "secret"]
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, env=os.environ | {"COLUMNS": "100"}
    )
    if done.returncode:
        raise RuntimeError(f"grading ended with {done.returncode}: {done.stdout}{done.stderr}")
    return (out / "gradebook.csv").read_text(encoding="utf-8"), _verdicts(out)


def _verdicts(out):
    """Return a table of the records: submission, exercise, points, verdict, and those of the checks that count.

    Details count once the core holds; what they say of wrong code depends on the numbers that were drawn.
    """
    lines = []
    for path in sorted((out / "records").glob("*.json")):
        for one in json.loads(path.read_text(encoding="utf-8"))["exercises"]:
            works = one["verdict"] in ("passed", "core_passed")
            checks = " ".join(
                f"{check['id'].split('.', 1)[1]}={check['verdict']}"
                for check in one["checks"]
                if works or not check["detail"]
            )
            lines.append(
                [
                    path.stem,
                    one["name"],
                    f"{one['earned']:g}",
                    one["verdict"],
                    *map(" ".join, (one["needs"], one["trusted"])),
                    one["misconception"] or "",
                    checks,
                ]
            )
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            ["submission", "exercise", "points", "verdict", "needs", "trusted", "misconception", "checks"]
        )
        table.writerows(lines)
        file.seek(0)
        return file.read()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for path, text in zip((GRADEBOOK, VERDICTS), graded(Path(place))):
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
