"""From the solved source to what a student downloads: `python -m staff.release build/release`."""

from staff.release.build import build
from staff.release.errors import ReleaseError
from staff.release.fill import fill

__all__ = ["ReleaseError", "build", "fill"]
