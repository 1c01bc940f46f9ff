"""Tools for instructors, graders and maintainers; nothing here goes to students."""

import sys
from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).parent.parent  # the solved source

# Whoever reads a notebook imports jsonschema, which would take a second here to compile grammars of web addresses.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
