"""Looking over what is to be handed in: everything that may cost points, at once."""

import ast
import dataclasses
import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from cs231n.checks.rubric import load
from cs231n.submit.archive import MODULES
from cs231n.submit.blanks import ANSWER_TAG, blanks, is_answered

__all__ = ["Report", "look_over"]

RUBRIC = "cs231n/checks/rubric.toml"
# Verdicts of checks that need no warning: good, said already, or the consequence of another exercise's.
SAID_ELSEWHERE = ("passed", "not_checked", "not_implemented", "blocked")
CHECKS_LIMIT = 300  # seconds for all checks


@dataclasses.dataclass
class Report:
    """What came of looking over.

    Attributes:
        missing: lines about files that have to be there.
        warnings: lines about what may cost points, and does not stop anybody.
        remarks: lines that are good to know.
        notebooks: file name -> notebook as a dict, those to hand in.
        pages: names of the notebooks that belong into the PDF.
    """

    missing: list = dataclasses.field(default_factory=list)
    warnings: list = dataclasses.field(default_factory=list)
    remarks: list = dataclasses.field(default_factory=list)
    notebooks: dict = dataclasses.field(default_factory=dict)
    pages: list = dataclasses.field(default_factory=list)


def look_over(root, *, checks=True):
    """Return a Report on the hand-in in a folder.

    Args:
        root: folder that holds cs231n/ and the notebooks.
        checks: whether to run `python -m cs231n.checks` too.
    """
    root, report = Path(root), Report()
    for name in (RUBRIC, *MODULES):
        if not (root / name).is_file():
            report.missing.append(f"{name} is missing; take it from the download again")
    if (root / RUBRIC).is_file():
        rubric = load(root / RUBRIC)
        for question in rubric.questions.values():
            _look_at_question(root, question, report)
        for name in report.pages:
            _look_at_notebook(root, name, rubric, report)
    for name in MODULES:
        if (root / name).is_file():
            _look_at_module(root / name, name, report)
    if checks and (root / "cs231n" / "checks" / "__main__.py").is_file():
        _look_at_checks(root, report)
    return report


def _look_at_question(root, question, report):
    """Find the notebook of a question; of two that may be chosen from, one is enough."""
    choice = [name for name in (question.notebook, question.alternative) if name]
    present = [name for name in choice if (root / name).is_file()]
    if not present:
        report.missing.append(
            f"{' or '.join(choice)} is missing in this folder ({question.name}, {question.points} points)"
        )
    for name in present:
        try:
            report.notebooks[name] = _read_notebook(root / name)
        except ValueError as error:
            report.missing.append(f"{name} cannot be read: {error}; take it from the download again")
    readable = [name for name in present if name in report.notebooks]
    chosen = [name for name in readable if any(_counts(report.notebooks[name]))] or readable[:1]
    for name in sorted(set(readable) - set(chosen)):
        report.remarks.append(f"{name} was not executed: taken as not chosen, {' and '.join(chosen)} counts")
    report.pages += chosen


def _read_notebook(path):
    """Return a notebook as a dict; raises ValueError."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook.get("cells") if isinstance(notebook, dict) and notebook.get("nbformat") == 4 else None
    if cells is None or any(not {"cell_type", "metadata", "source"} <= cell.keys() for cell in cells):
        raise ValueError("it is not a Jupyter notebook of format 4")
    return notebook


# --- notebooks ----------------------------------------------------------------------------------------------


def _look_at_notebook(root, name, rubric, report):
    notebook = report.notebooks[name]
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and _text(cell).strip()]
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
        if errors := [out["ename"] for out in cell.get("outputs", []) if out.get("output_type") == "error"]:
            report.warnings.append(f"{name}, cell [{cell.get('execution_count')}]: stopped with {errors[0]}")
    report.warnings += _unanswered(name, notebook, rubric)
    if executed:
        report.warnings += _newer_modules(root, name, notebook)


def _text(cell):
    return "".join(cell["source"])


def _counts(notebook):
    """Return the execution counts of the cells that hold code, None for those never executed."""
    return [
        cell.get("execution_count")
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and _text(cell).strip()
    ]


def _unwritten(name, source):
    """Return a line that names the exercises of a file which are still blank, or none."""
    names = list(dict.fromkeys(blank.split(":")[0] for blank in blanks(source)))
    return [f"{name}: still to be written: {', '.join(names)}"] if names else []


def _unanswered(name, notebook, rubric):
    """Return lines about inline questions without an answer: blank cells, and cells that are gone."""
    cells = {cell.get("id"): cell for cell in notebook["cells"]}
    listed = [place for item in rubric.manual.values() for place in (*item.cells, *item.alternative)]
    expected = [cell_id for file, cell_id in (place.split(":") for place in listed) if file == name]
    gone = [cell_id for cell_id in expected if cell_id not in cells]
    empty, heading = [], None
    for cell in notebook["cells"]:
        heading = _heading(cell) or heading
        if ANSWER_TAG in cell["metadata"].get("tags", []) and not is_answered(_text(cell)):
            empty.append(heading or cell.get("id"))
    lines = [f"{name}: still without an answer: {', '.join(empty)}"] if empty else []
    return lines + [f"{name}: cells are gone in which graders look: {', '.join(gone)}"] * bool(gone)


def _heading(cell):
    """Return the last heading in a cell of prose, which is what a reader sees of a question's name; or None."""
    found = re.findall(r"^#+ +(.+)", _text(cell), re.MULTILINE) if cell["cell_type"] == "markdown" else []
    return found[-1].split(":")[0] if found else None


def _newer_modules(root, name, notebook):
    """Return a warning if modules that the notebook uses were saved after it was executed."""
    ran = _last_run(notebook) or (root / name).stat().st_mtime
    newer = [
        module for module in MODULES if (root / module).is_file() and (root / module).stat().st_mtime > ran + 1
    ]
    used = [module for module in newer if _imports(notebook, module)]
    if used:
        yield f"{name} shows an older state of {', '.join(used)}: to be sure, Restart Kernel and Run All Cells"


def _last_run(notebook):
    """Return when a cell was last executed, in seconds, where Jupyter noted it; None otherwise."""
    notes = (cell["metadata"].get("execution", {}) for cell in notebook["cells"])
    try:
        return max(datetime.fromisoformat(time).timestamp() for note in notes for time in note.values())
    except (TypeError, ValueError):
        return None


def _imports(notebook, module):
    """Return whether a notebook names a module; the modules of the nets stand on the layers."""
    dotted = module.removesuffix(".py").replace("/", ".")
    code = "\n".join(_text(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
    return dotted in code or (dotted == "cs231n.layers" and "cs231n.classifiers" in code)


# --- modules ------------------------------------------------------------------------------------------------


def _look_at_module(path, name, report):
    source = path.read_text(encoding="utf-8", errors="replace")
    report.warnings += _unwritten(name, source)
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        reason = getattr(error, "msg", error)
        report.warnings.append(f"{name}{f':{line}' if line else ''} is not valid Python: {reason}")


def _look_at_checks(root, report):
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
