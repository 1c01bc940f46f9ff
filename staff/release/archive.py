"""Writing a release: a folder, and a zip archive with the same bytes wherever it is made."""

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from staff.release import manifest
from staff.release.errors import ReleaseError

__all__ = ["write_folder", "write_zip"]

# The earliest time a zip archive can hold: no file of a release is newer than anything a student saves.
_TIME = (1980, 1, 1, 0, 0, 0)


def write_folder(release: Mapping[str, bytes], folder: str | Path) -> Path:
    """Write the files of a release into a folder, in place of an earlier release there.

    Raises:
        ReleaseError: the folder holds something else.
    """
    folder = Path(folder)
    if folder.exists():
        if any(folder.iterdir()) and not (folder / manifest.PATH).is_file():
            raise ReleaseError(
                f"{folder} holds something that is not a release; remove it, or name another folder"
            )
        shutil.rmtree(folder)
    for name, data in release.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(_mode(name))
    return folder


def write_zip(release: Mapping[str, bytes], path: str | Path, folder: str | None = None) -> Path:
    """Write the files of a release as a zip archive.

    Args:
        release: path -> bytes.
        path: of the archive.
        folder: what all paths in it begin with; default: a folder of the archive's name.
    """
    path = Path(path)
    folder = f"{path.stem}/" if folder is None else folder
    path.parent.mkdir(parents=True, exist_ok=True)
    # Stored, not deflated: zlib and its rivals compress to different bytes.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(release.items()):
            entry = zipfile.ZipInfo(f"{folder}{name}", _TIME)
            entry.create_system = 3  # Unix, whose permissions follow
            entry.external_attr = (0o100000 | _mode(name)) << 16
            archive.writestr(entry, data)
    return path


def _mode(name):
    return 0o755 if name.endswith((".sh", "run_autograder")) else 0o644
