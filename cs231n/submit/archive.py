"""a2.zip: what belongs into it, and writing it."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

__all__ = ["ARCHIVE", "MANIFEST", "MODULES", "digest", "modules_to_hand_in", "write_zip"]

ARCHIVE = "a2.zip"

# The modules that every hand-in holds; other Python files under cs231n/ join them if they are new or changed.
MODULES = (
    "cs231n/layers.py",
    "cs231n/optim.py",
    "cs231n/solver.py",
    "cs231n/classifiers/fc_net.py",
    "cs231n/classifiers/cnn.py",
)

# In a release, beside this file: path -> digest of each Python file under cs231n/ as it was downloaded.
MANIFEST = "manifest.json"


def digest(data):
    """Return the SHA-256 of a text file's bytes, the same with the line ends of Windows and of Unix."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def modules_to_hand_in(root):
    """Return the Python files under cs231n/ to hand in: those of MODULES that exist, and the new and changed ones.

    Without a manifest, in the solved source, everything counts as new.

    Args:
        root: folder that holds cs231n/.

    Returns:
        paths relative to root with forward slashes, those of MODULES first.
    """
    root = Path(root)
    manifest = root / "cs231n" / "submit" / MANIFEST
    downloaded = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    others = [
        name
        for name in _python_files(root)
        if name not in MODULES and downloaded.get(name) != digest((root / name).read_bytes())
    ]
    return [name for name in MODULES if (root / name).is_file()] + others


def _python_files(root):
    """Return the paths of the Python files under cs231n/, sorted; none of a virtual environment or a cache."""
    found = []
    for folder, folders, files in os.walk(root / "cs231n"):
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "__")) and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        found += [Path(folder, name).relative_to(root).as_posix() for name in files if name.endswith(".py")]
    return sorted(found)


def write_zip(root, names, path):
    """Write files of a folder into a zip archive, under the paths that they have in the folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for name in names:
            archive.write(Path(root) / name, name)
