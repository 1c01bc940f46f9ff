"""Archives and folders as lists of entries. Nothing is unpacked to disk, nothing is run.

A zip archive is read entry by entry. A tar or 7z archive has to be read from start to end, so that the files in it
that can count are taken into memory at once, within the same limits.
"""

import bz2
import dataclasses
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import py7zr

from staff.grade import limits
from staff.grade.intake.text import clean
from staff.grade.limits import MB

__all__ = [
    "ARCHIVES",
    "KEPT",
    "PICTURES",
    "Entry",
    "UnreadableArchive",
    "archive_entries",
    "folder_entries",
    "is_archive",
]


ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".7z", ".rar")
KEPT = (".py", ".ipynb", *ARCHIVES)  # endings of what can count
PICTURES = (".png", ".jpg", ".jpeg", ".gif")  # that answers may show


class UnreadableArchive(ValueError):
    """An archive cannot be read; the message says why, and what to do."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file of an archive or a folder.

    Attributes:
        name: its path in there, as written.
        size: bytes, as stated.
        open: function that returns a binary file to read it from.
        packed: bytes that it takes in the archive, where that is known.
        fault: why it must not be read, or "".
    """

    name: str
    size: int
    open: Callable[[], io.BufferedIOBase]
    packed: int | None = None
    fault: str = ""


def is_archive(name: str) -> bool:
    """Return whether a file name is that of an archive."""
    return name.lower().endswith(ARCHIVES)


def archive_entries(file: io.BufferedIOBase) -> list[Entry]:
    """Return the Entries of an archive, whatever its name says it is.

    Args:
        file: binary file, at its start; it has to stay open while the entries are read.

    Raises:
        UnreadableArchive: it is none, or one that is too large, damaged, or of a kind that is not read.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > limits.ARCHIVE_BYTES:
        raise UnreadableArchive(f"larger than {limits.ARCHIVE_BYTES // MB} MB, which is not read")
    if size == 0:
        raise UnreadableArchive("an empty file, expected a zip archive")
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"Rar!"):
        raise UnreadableArchive("a .rar archive, which is not read: ask for a zip archive")
    try:
        if start.startswith(b"7z\xbc\xaf\x27\x1c"):
            return _seven_zip_entries(file, size)
        if opened := _tar_stream(file, start):
            return list(_tar_entries(opened))
        return _zip_entries(file)
    except UnreadableArchive:
        raise
    except Exception as error:  # the libraries raise whatever the bytes provoke
        if start.startswith(b"%PDF"):
            raise UnreadableArchive("a PDF, not a zip archive, so no code to grade: ask for a2.zip") from error
        if not start.startswith(b"PK"):
            raise UnreadableArchive("not a zip archive, so no code to grade: ask for a2.zip") from error
        why = f" ({clean(str(error), 200)})" if isinstance(error, zipfile.BadZipFile) else ""
        raise UnreadableArchive(f"not a zip archive, or one that is cut off{why}: ask for a new one") from error


# --- zip ----------------------------------------------------------------------------------------------------


class _Bounded(io.RawIOBase):
    """A file of which zipfile cannot read a list of entries of any size: it reads that at once."""

    def __init__(self, file):
        self._file = file

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, place, whence=os.SEEK_SET):
        return self._file.seek(place, whence)

    def tell(self):
        return self._file.tell()

    def read(self, size=-1):
        if size > limits.ZIP_LIST_BYTES:
            raise zipfile.BadZipFile(f"its list of entries is larger than {limits.ZIP_LIST_BYTES // MB} MB")
        return self._file.read(size)


def _zip_entries(file):
    archive = zipfile.ZipFile(_Bounded(file))
    return [_zip_entry(archive, info) for info in archive.infolist() if not info.is_dir()]


def _zip_entry(archive, info):
    mode = info.external_attr >> 16
    fault = ""
    if info.flag_bits & 0x1:
        fault = "encrypted"
    elif stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        fault = "a link" if stat.S_ISLNK(mode) else "not an ordinary file"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        fault = "compressed in a way that is not read, expected deflate"
    elif info.file_size >= limits.RATIO_FROM and info.file_size > limits.RATIO * max(info.compress_size, 1):
        fault = f"would unpack to {info.file_size // MB} MB, {limits.RATIO} times its size or more"
    # zipfile cuts a name at a NUL; orig_filename still has it
    name = info.orig_filename if "\0" in info.orig_filename else info.filename
    return Entry(name, info.file_size, lambda: archive.open(info), info.compress_size, fault)


# --- tar and 7z ---------------------------------------------------------------------------------------------


class _Counted(io.RawIOBase):
    """A stream that ends with an error after so many bytes."""

    def __init__(self, stream):
        self._stream, self._left = stream, limits.UNPACKED_BYTES

    def readable(self):
        return True

    def read(self, size=-1):
        data = self._stream.read(min(size, MB) if size >= 0 else MB)
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableArchive(f"unpacks to more than {limits.UNPACKED_BYTES // MB} MB, which is not read")
        return data


def _tar_stream(file, start):
    """Return the unpacked stream of a tar archive, or None where it is none."""
    for magic, opener in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open)):
        if start.startswith(magic):
            return _Counted(opener(file))
    file.seek(257)
    tar = file.read(5) == b"ustar"
    file.seek(0)
    return _Counted(file) if tar else None


def _tar_entries(stream) -> Iterator[Entry]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for info in archive:
            if info.isdir():
                continue
            data, fault = b"", ""
            if not info.isreg():
                fault = "a link" if info.issym() or info.islnk() else "not an ordinary file"
            elif info.name.lower().endswith((*KEPT, *PICTURES)) and info.size <= limits.ENTRY_BYTES:
                data = archive.extractfile(info).read()
            yield Entry(info.name, info.size, lambda data=data: io.BytesIO(data), None, fault)


def _seven_zip_entries(file, size):
    with py7zr.SevenZipFile(file) as archive:
        if archive.needs_password():
            raise UnreadableArchive("encrypted: ask for a zip archive without a password")
        files = [info for info in archive.list() if not info.is_directory]
        total = sum(info.uncompressed for info in files)
        if total > limits.UNPACKED_BYTES or (total >= limits.RATIO_FROM and total > limits.RATIO * size):
            raise UnreadableArchive(f"would unpack to {total // MB} MB, which is not read")
        kept = [
            info.filename
            for info in files
            if info.filename.lower().endswith((*KEPT, *PICTURES))
            and info.uncompressed <= limits.ENTRY_BYTES
            and not info.is_symlink
        ]
        memory = py7zr.io.BytesIOFactory(limits.ENTRY_BYTES)
        archive.extract(targets=kept, factory=memory)
    data = {name: product.read() for name, product in _rewound(memory.products)}
    return [
        Entry(
            info.filename,
            info.uncompressed,
            lambda name=info.filename: io.BytesIO(data.get(name, b"")),
            None,
            "a link" if info.is_symlink else "",
        )
        for info in files
    ]


def _rewound(products):
    for name, product in products.items():
        product.seek(0)
        yield name, product


# --- folders ------------------------------------------------------------------------------------------------


def folder_entries(path: Path, passed_over: Callable[[str], bool], most: int) -> list[Entry]:
    """Return the Entries of a folder.

    Args:
        path: the folder.
        passed_over: tells of the name of a folder whether what is in it is passed over.
        most: entries after which the search ends.
    """
    entries: list[Entry] = []
    for folder, folders, names in os.walk(path):
        deep = folder.count(os.sep) - str(path).count(os.sep) >= limits.FOLDER_DEPTH
        folders[:] = sorted(name for name in folders if not passed_over(name) and not deep)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        entries += [_folder_entry(path, Path(folder, name)) for name in sorted([*names, *links])]
        if len(entries) > most:
            break
    return entries


def _folder_entry(root, path):
    status = path.lstat()
    fault = ""
    if stat.S_ISLNK(status.st_mode):
        fault = "a link"
    elif not stat.S_ISREG(status.st_mode):
        fault = "not an ordinary file"
    name = path.relative_to(root).as_posix()
    return Entry(name, status.st_size, lambda: open(path, "rb", opener=_without_links), None, fault)


def _without_links(path, flags):
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
