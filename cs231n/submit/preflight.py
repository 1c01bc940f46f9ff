"""Look over what is to be handed in: everything that may cost points, at once."""

import ast
import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from cs231n.checks.rubric import Question, Rubric, load_rubric
from cs231n.submit.answers import answers
from cs231n.submit.archive import MODULES, is_inside, python_files, read_manifest
from cs231n.submit.blanks import blanks
from cs231n.submit.cells import Mark, Notebook, marks, positions
from cs231n.submit.pictures import files, problems
from cs231n.submit.text import joined

__all__ = ["Report", "look_over"]

RUBRIC = "cs231n/checks/rubric.toml"
# Verdicts of checks that need no warning: good, said already, or the consequence of another exercise's.
SAID_ELSEWHERE = ("passed", "not_implemented", "blocked")
CHECKS_LIMIT = 300  # seconds for all checks
_LINK = "{name} is a link to a file outside of this folder, so it is left out: put the file itself in its place"


@dataclasses.dataclass
class Report:
    """What was found.

    Attributes:
        missing: lines about files that have to be there.
        warnings: lines about what may cost points; one can hand in all the same.
        remarks: lines that are good to know.
        notebooks: file name -> notebook as a dict, those that can be read.
        others: paths of more files to hand in: pictures, and notebooks that cannot be read.
        pages: names of the notebooks that belong into the PDF.
        blanks: file name -> Marks of the notebook in the release.
    """

    missing: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    remarks: list[str] = dataclasses.field(default_factory=list)
    notebooks: dict[str, Notebook] = dataclasses.field(default_factory=dict)
    others: list[str] = dataclasses.field(default_factory=list)
    pages: list[str] = dataclasses.field(default_factory=list)
    blanks: dict[str, list[Mark]] = dataclasses.field(default_factory=dict)


def look_over(root: str | Path, *, checks: bool = True) -> Report:
    """Return a Report on the hand-in in a folder.

    Args:
        root: folder that holds cs231n/ and the notebooks.
        checks: whether to run `python -m cs231n.checks` too.
    """
    root, report = Path(root), Report()
    manifest = read_manifest(root)
    report.blanks = {
        name: [Mark(*mark) for mark in manifest[name]] for name in manifest if name.endswith(".ipynb")
    }
    for name in (RUBRIC, *MODULES):
        if not _is_there(root, name, report):
            report.missing.append(
                f"{name} is missing. If you did not change it, copy this one file from the download to its place"
            )
    if (root / RUBRIC).is_file():
        rubric = load_rubric(root / RUBRIC)
        for question in rubric.questions.values():
            _look_at_question(root, question, report)
        for name in report.pages:
            _look_at_notebook(root, name, rubric, report)
    for name in MODULES:
        if (root / name).is_file():
            _look_at_module(root / name, name, report)
    for name in python_files(root):
        if name not in MODULES and not is_inside(root, root / name):
            report.warnings.append(_LINK.format(name=name))
    if checks and (root / "cs231n" / "checks" / "__main__.py").is_file():
        _look_at_checks(root, report)
    return report


def _is_there(root: Path, name: str, report: Report) -> bool:
    """Return whether there is a file of a name; a link out of the folder is said to be missing in here."""
    if not (root / name).is_file():
        return False
    if not is_inside(root, root / name):
        report.missing.append(_LINK.format(name=name))
    return True


def _look_at_question(root: Path, question: Question, report: Report) -> None:
    """Find the notebook of a question; of two that may be chosen from, one is enough."""
    choice = [name for name in (question.notebook, question.alternative) if name]
    present = [name for name in choice if _is_there(root, name, report)]
    if not present:
        report.missing.append(
            f"{' or '.join(choice)} is missing in this folder ({question.name}, {question.points} points)"
        )
    for name in present:
        if is_inside(root, root / name):
            _read(root, name, report)
    readable = [name for name in present if name in report.notebooks]
    chosen = [name for name in readable if any(_counts(report.notebooks[name]))] or readable[:1]
    for name in sorted(set(readable) - set(chosen)):
        report.remarks.append(
            f"{name} was not executed, so it counts as not chosen. {' and '.join(chosen)} counts"
        )
    report.pages += chosen


def _read(root: Path, name: str, report: Report) -> None:
    """Read a notebook; one that cannot be read holds work all the same, so it is handed in as it is."""
    try:
        report.notebooks[name] = _notebook(root / name)
    except ValueError as error:
        report.others.append(name)
        copy = f".ipynb_checkpoints/{Path(name).stem}-checkpoint.ipynb"
        older = f" {copy} is an older version of it." if (root / copy).is_file() else ""
        report.missing.append(
            f"{name} cannot be read: {error}. Your work is in it: do not overwrite it. Make a copy of it, and ask "
            f"the staff for help.{older}"
        )


def _notebook(path: Path) -> Notebook:
    """Return a notebook as a dict; raises ValueError."""
    try:
        notebook: Notebook = json.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) and notebook.get("nbformat") == 4 else None
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise ValueError("it is not a Jupyter notebook of format 4")
    return notebook


def _is_cell(cell: object) -> bool:
    return (
        isinstance(cell, dict)
        and isinstance(cell.get("cell_type"), str)
        and isinstance(cell.get("metadata"), dict)
        and isinstance(cell.get("source"), (str, list))
    )


# --- notebooks ----------------------------------------------------------------------------------------------


def _look_at_notebook(root: Path, name: str, rubric: Rubric, report: Report) -> None:
    notebook = report.notebooks[name]
    code = _code(notebook)
    counts = _counts(notebook)
    executed = [count for count in counts if count]
    if not executed:
        report.warnings.append(f"{name} has not been executed: Restart Kernel and Run All Cells, then save")
    elif len(executed) < len(counts):
        left = len(counts) - len(executed)
        report.warnings.append(f"{name}: {left} of {len(counts)} cells of code have not been executed")
    elif executed != sorted(set(executed)):
        report.warnings.append(f"{name} was executed out of order: Restart Kernel and Run All Cells, then save")
    report.warnings += _unwritten(name, "\n".join(map(_text, code)))
    for cell in code:
        if errors := [
            str(out.get("ename")) for out in cell.get("outputs", []) if out.get("output_type") == "error"
        ]:
            report.warnings.append(f"{name}, cell [{cell.get('execution_count')}]: stopped with {errors[0]}")
    report.warnings += _unanswered(name, notebook, rubric, report.blanks.get(name, []))
    report.warnings += [f"{name}: the picture {target} {why}" for target, why in problems(notebook, root)]
    report.others += [path for path in files(notebook, root) if path not in report.others]
    if executed:
        report.warnings += _newer_modules(root, name, notebook)


def _text(cell: dict[str, Any]) -> str:
    return joined(cell["source"])


def _counts(notebook: Notebook) -> list[int | None]:
    """Return the execution counts of the cells that hold code, None for those never executed."""
    return [cell.get("execution_count") for cell in _code(notebook)]


def _code(notebook: Notebook) -> list[dict[str, Any]]:
    """Return the cells that hold code, without those that only open Colab's door or hand in."""
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "code" and _text(cell).strip())
    return [cell for cell in cells if "from cs231n.colab import" not in _text(cell)]


def _unwritten(name: str, source: str) -> list[str]:
    """Return a line that names the exercises of a file which are still blank, or none."""
    names = list(dict.fromkeys(blank.split(":")[0] for blank in blanks(source)))
    return [f"{name}: not written yet: {', '.join(names)}"] if names else []


def _unanswered(name: str, notebook: Notebook, rubric: Rubric, blank: list[Mark]) -> list[str]:
    """Return lines about inline questions without an answer, and about cells that graders read and do not find."""
    listed = [place for item in rubric.manual.values() for place in (*item.cells, *item.alternative)]
    expected = [cell_id for file, cell_id in (place.split(":") for place in listed) if file == name]
    own = marks(notebook)
    gone = [cell_id for cell_id in expected if not positions(own, cell_id, blank)]
    empty = [answer.question for answer in answers(notebook, blank) if answer.cells and not answer.is_answered]
    lines = [f"{name}: no answer yet: {', '.join(empty)}"] if empty else []
    return lines + [f"{name}: cells that graders read are missing: {', '.join(gone)}"] * bool(gone)


def _newer_modules(root: Path, name: str, notebook: Notebook) -> Iterator[str]:
    """Yield a warning if modules that the notebook uses were saved after it was executed."""
    ran = _last_run(notebook) or (root / name).stat().st_mtime
    newer = [
        module for module in MODULES if (root / module).is_file() and (root / module).stat().st_mtime > ran + 1
    ]
    used = [module for module in newer if _imports(notebook, module)]
    if used:
        yield f"{name} was executed before {', '.join(used)} changed: Restart Kernel and Run All Cells, then save"


def _last_run(notebook: Notebook) -> float | None:
    """Return when a cell was last executed, in seconds, where Jupyter noted it; None otherwise."""
    notes = (cell["metadata"].get("execution", {}) for cell in notebook["cells"])
    try:
        return max(datetime.fromisoformat(time).timestamp() for note in notes for time in note.values())
    except (AttributeError, TypeError, ValueError):
        return None


def _imports(notebook: Notebook, module: str) -> bool:
    """Return whether a notebook names a module; the modules of the nets stand on the layers."""
    dotted = module.removesuffix(".py").replace("/", ".")
    code = "\n".join(_text(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
    return dotted in code or (dotted == "cs231n.layers" and "cs231n.classifiers" in code)


# --- modules ------------------------------------------------------------------------------------------------


def _look_at_module(path: Path, name: str, report: Report) -> None:
    source = path.read_text(encoding="utf-8", errors="replace")
    report.warnings += _unwritten(name, source)
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        reason = getattr(error, "msg", error)
        report.warnings.append(f"{name}{f':{line}' if line else ''} is not valid Python: {reason}")


def _look_at_checks(root: Path, report: Report) -> None:
    """Add what `python -m cs231n.checks` finds, run on its own so that no student's code runs in here."""
    command = [sys.executable, "-m", "cs231n.checks", "--json"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=CHECKS_LIMIT)
        data = json.loads(done.stdout)
        for result in data["exercises"]:
            if result["verdict"] not in SAID_ELSEWHERE:
                summary = (result["message"] or {}).get("summary", "")
                verdict = result["verdict"].replace("_", " ")
                report.warnings.append(f"check of {result['name']}: {verdict}{': ' * bool(summary)}{summary}")
        totals = data["totals"]
    except subprocess.TimeoutExpired:
        report.warnings.append(f"the checks took more than {CHECKS_LIMIT} s; run them: python -m cs231n.checks")
    except (ValueError, LookupError, TypeError) as error:
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines() or [repr(error)]
        report.warnings.append(f"the checks could not be run: {said[-1]}")
    else:
        report.remarks.append(
            f"{totals['passed']} of {totals['exercises']} exercises pass their checks here, {totals['earned']} of "
            f"{totals['points']} points; for more: python -m cs231n.checks"
        )
