"""a2.zip: what belongs into it, and writing it."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cs231n.checks.rubric import RubricError, load_rubric

__all__ = [
    "ARCHIVE",
    "MANIFEST",
    "MODULES",
    "digest",
    "is_inside",
    "modules_to_hand_in",
    "python_files",
    "read_manifest",
    "write_zip",
]

ARCHIVE = "a2.zip"


def _modules() -> tuple[str, ...]:
    """Return the modules that hold exercises, and the solver, which was handed in before it was given."""
    try:
        blocks = [block for exercise in load_rubric().exercises.values() for block in exercise.blocks]
    except (OSError, RubricError):  # `look_over` names it; what was changed is handed in all the same
        blocks = []
    files = {block.split(":")[0] for block in blocks}
    return tuple(sorted({"cs231n/solver.py"} | {name for name in files if name.endswith(".py")}))


# The modules that every hand-in holds; other Python files under cs231n/ join them if they are new or changed.
MODULES = _modules()

# In a release, beside this file: path -> digest of each Python file under cs231n/ as it was downloaded, and
# path -> cells of each notebook (cs231n.submit.cells.Mark).
MANIFEST = "manifest.json"


def digest(data: bytes) -> str:
    """Return the SHA-256 of a text file's bytes, the same with the line ends of Windows and of Unix."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def read_manifest(root: Path) -> dict[str, Any]:
    """Return the manifest of the release in a folder; empty in the solved source, which has none."""
    path = root / "cs231n" / "submit" / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def is_inside(root: Path, path: Path) -> bool:
    """Return whether a path stays in a folder once all links are followed."""
    return path.resolve().is_relative_to(root.resolve())


def modules_to_hand_in(root: str | Path) -> list[str]:
    """Return the Python files under cs231n/ to hand in: those of MODULES that exist, and the new and changed ones.

    Without a manifest, in the solved source, everything counts as new. Links out of the folder are left out.

    Args:
        root: folder that holds cs231n/.

    Returns:
        paths relative to root with forward slashes, those of MODULES first.
    """
    root = Path(root)
    downloaded = read_manifest(root)
    present = [name for name in python_files(root) if is_inside(root, root / name)]
    others = [
        name
        for name in present
        if name not in MODULES and downloaded.get(name) != digest((root / name).read_bytes())
    ]
    return [name for name in MODULES if name in present] + others


def python_files(root: Path) -> list[str]:
    """Return the paths of the Python files under cs231n/, sorted; none of a virtual environment or a cache."""
    found = []
    for folder, folders, files in os.walk(root / "cs231n"):
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "__")) and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        paths = (Path(folder, name) for name in files if name.endswith(".py"))
        found += [path.relative_to(root).as_posix() for path in paths if path.is_file()]
    return sorted(found)


def write_zip(root: Path, names: Iterable[str], path: Path) -> None:
    """Write files of a folder into a zip archive, under the paths that they have in the folder."""
    path.unlink(missing_ok=True)  # it may be a link
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for name in names:
            archive.write(root / name, name)
