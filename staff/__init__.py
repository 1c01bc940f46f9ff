"""Tools for instructors, graders and maintainers; nothing here goes to students."""

from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).parent.parent  # the solved source
