"""The files and the cells of notebooks that a student gets, by which `cs231n.submit` knows what changed."""

import json
from collections.abc import Mapping
from typing import Any

from cs231n.submit.archive import MANIFEST, digest
from cs231n.submit.cells import marks

__all__ = ["PATH", "manifest"]

PATH = f"cs231n/submit/{MANIFEST}"


def manifest(files: Mapping[str, Any]) -> str:
    """Return the text of the manifest: path -> digest of a Python file, or marks of a notebook's cells."""
    known: dict[str, Any] = {
        name: digest(text.encode("utf-8"))
        for name, text in sorted(files.items())
        if name.startswith("cs231n/") and name.endswith(".py")
    }
    known |= {name: marks(json.loads(text)) for name, text in sorted(files.items()) if name.endswith(".ipynb")}
    return json.dumps(known, separators=(",", ":")) + "\n"
