"""Unpack a tar archive that came over a network. The standard library alone, so that any Python can try it."""

import tarfile
from pathlib import Path, PureWindowsPath

__all__ = ["extract"]


def extract(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz archive into a folder, and write nothing outside of that folder.

    Args:
        archive: path of the archive.
        folder: path of an existing folder.

    Raises:
        tarfile.TarError, zlib.error, EOFError: the archive is damaged, or a member is not safe to unpack.
        OSError: the archive cannot be read, or the folder cannot be written to.
    """
    with tarfile.open(archive, "r:gz") as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
        else:  # Python before 3.11.4
            tar.extractall(folder, members=map(_checked, tar))


def _checked(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member if it is a file or a folder inside; raises TarError if not."""
    path = PureWindowsPath(member.name)  # it knows both slashes, and letters of drives
    if path.anchor or ".." in path.parts or not (member.isreg() or member.isdir()):
        raise tarfile.TarError(f"{member.name!r} is not a file or a folder inside the archive's own folder")
    return member
