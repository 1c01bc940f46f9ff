"""Making a release in memory: every transform, and everything that would be wrong with the source."""

import ast
from pathlib import Path

from staff import ROOT
from staff.release import blocks, files, manifest, modules, notebooks, pyproject
from staff.release import rubric as rubrics
from staff.release.errors import ReleaseError

__all__ = ["build"]

README = Path(__file__).with_name("README.md")


def build(source: Path = ROOT) -> dict[str, bytes]:
    """Return the files of a release: path with forward slashes -> bytes, sorted by path.

    Args:
        source: folder of the solved source.

    Raises:
        ReleaseError: markers out of place, or blocks and rubric that do not fit each other; a line for each
            problem.
    """
    source = Path(source)
    found, untracked = files.read_source(source), files.untracked(source)
    if rubrics.PATH not in found:
        raise ReleaseError(f"{rubrics.PATH}: not in {source}, expected the solved source there")
    rubric = rubrics.BlockOwners(source / rubrics.PATH)
    if left_out := _left_out(found, untracked, rubric):
        raise ReleaseError(*left_out)
    release = _blank_all(found, rubric)
    release["pyproject.toml"] = pyproject.for_students(str(found["pyproject.toml"]))
    release["README.md"] = README.read_text(encoding="utf-8")
    release[manifest.PATH] = manifest.manifest(release)
    return {
        name: data if isinstance(data, bytes) else data.encode("utf-8") for name, data in sorted(release.items())
    }


def _left_out(found, untracked, rubric):
    """Return a problem for each file that is left out, as git does not track it, and that the release needs."""
    modules = {path.removesuffix(".py").replace("/", "."): path for path in untracked if path.endswith(".py")}
    how = "which git does not track: git add it"
    problems = [f"{rubrics.PATH}: lists blocks of {name}, {how}" for name in sorted(rubric.files() & untracked)]
    for name in found if modules else ():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(found[name], name)):
            if isinstance(node, ast.ImportFrom):
                imported = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
                problems += [
                    f"{name}:{node.lineno}: imports {modules[one]}, {how}"
                    for one in sorted(imported & modules.keys())
                ]
    return problems


def _blank_all(found, rubric):
    """Return the files with every block and answer blanked."""
    release, problems, listed = {}, [], {*rubric.blocks, *rubric.cells}
    for name, data in found.items():
        try:
            release[name], present, unknown = _blank(name, data, rubric)
            problems += unknown
            listed -= present
        except ReleaseError as error:
            problems += error.problems
            listed = {item for item in listed if item.split(":")[0] != name}  # what it holds is not known
    for item in sorted(listed):
        owner = (rubric.blocks.get(item) or rubric.cells[item])[0]
        what = "solution block" if item in rubric.blocks else "cell"
        problems.append(f"{rubrics.PATH}: {owner} lists {item}, but there is no such {what}")
    if problems:
        raise ReleaseError(*problems)
    return release


def _blank(name, data, rubric):
    """(the blanked file, ids of the blocks and cells in it, problems with those that the rubric does not list)."""
    if isinstance(data, bytes):
        return data, set(), []
    if name.endswith(".ipynb"):
        kind, cells = notebooks, notebooks.cells(name, data)
        unlisted = [cell for cell in notebooks.answers(name, data) if cell not in rubric.cells]
    elif name.endswith(".py") and name in rubric.files():
        kind, cells, unlisted = modules, set(), []
    else:
        if problems := blocks.stray(data, lambda line: f"{name}:{line}"):
            raise ReleaseError(*problems)
        return data, set(), []
    messages, problems = {}, [f"{cell.replace(':', ', cell ')}: an answer of no manual item" for cell in unlisted]
    for block_id, block in kind.named_blocks(name, data).items():
        try:
            messages[block_id] = rubric.message(block_id)
        except KeyError:
            messages[block_id] = ""
            problems.append(f"{block.place}: a block of no exercise; in {rubrics.PATH} it would be {block_id}")
    present = {rubric.entry(block_id) for block_id, message in messages.items() if message}
    present |= cells - rubric.blocks.keys()  # a cell of an exercise has to hold a block
    return kind.blank(name, data, messages), present, problems
