"""From the solved source to what a student downloads: `python -m staff.release build/release`."""
