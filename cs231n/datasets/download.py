"""Download the official CIFAR-10 archive, check it, and unpack it.

The only file that a failure leaves behind is `cifar-10-python.tar.gz.part`: what a broken download got so far. The
next call continues it. (No downloader known to us does that with a checksum and several mirrors; pooch 1.9 begins
anew.)
"""

import contextlib
import hashlib
import itertools
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from cs231n.data_utils import DEFAULT_ROOT, FOLDER, dataset_name, find_CIFAR10
from cs231n.datasets.archive import extract
from cs231n.terminal import progress_bar, python_command

__all__ = ["DatasetError", "download_cifar10", "name_of_data", "replacing"]

# Places that serve the identical official archive, asked in this order.
MIRRORS = (
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",  # kept by PaddlePaddle, with the same MD5
)
ARCHIVE = "cifar-10-python.tar.gz"
MD5 = "c58f30108f718f92721af3b95e74349a"

TIMEOUT = (10, 30)  # seconds to connect, and to wait for the next bytes
CHUNK = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"


class DatasetError(Exception):
    """There is no data set; the message says why and how to go on."""


class _MirrorError(Exception):
    """One mirror failed; the message is the reason."""


def download_cifar10(
    dest: str | Path = DEFAULT_ROOT, urls: Sequence[str] | None = None, force: bool = False
) -> Path:
    """Put CIFAR-10 into a folder, unless it is there.

    An official archive that somebody put into the folder is used instead of a download. A stand-in data set is
    replaced.

    Args:
        dest: folder that gets `cifar-10-batches-py`; made if it does not exist.
        urls: where to download from, in this order; None for the built-in list.
        force: replace CIFAR-10 that is already there.

    Returns:
        Path of `cifar-10-batches-py`.

    Raises:
        DatasetError: no mirror gave the archive, or it cannot be unpacked.
        OSError: dest cannot be written to, or the disk is full.
    """
    dest = Path(dest)
    folder, given, part = dest / FOLDER, dest / ARCHIVE, dest / f"{ARCHIVE}.part"
    if not force and name_of_data(folder) == "CIFAR-10":
        print(f"CIFAR-10 is already there: {folder}")
        return folder
    dest.mkdir(parents=True, exist_ok=True)
    if _is_official(given):
        print(f"Found {given}, no download needed")
        _unpack(given, folder)
    else:
        if given.exists():
            print(f"Not used: {given}. Its checksum is not the one of the official archive; you may delete it.")
        _fetch(MIRRORS if urls is None else urls, part)
        _unpack(part, folder)
        part.unlink()
    print(f"CIFAR-10 is ready: {folder}")
    return folder


def name_of_data(folder: Path) -> str | None:
    """Return "CIFAR-10" or "stand-in data", None where files of a folder are missing or cannot be read."""
    try:
        return str(dataset_name(find_CIFAR10(folder)))
    except (FileNotFoundError, ValueError):
        return None


@contextlib.contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to fill. It takes the place of `folder` unless an exception is raised."""
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)  # of a process that was killed
    new = beside / folder.name
    new.mkdir(parents=True)
    try:
        yield new
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unpack(archive: Path, folder: Path) -> None:
    """Put the data set from an archive in place of the folder."""
    print(f"Unpacking into {folder}")
    with replacing(folder) as new:
        try:
            extract(archive, new.parent)
        except (tarfile.TarError, zlib.error, EOFError) as error:
            raise DatasetError(
                f"{archive} cannot be unpacked: {error}. Delete it and run the command again."
            ) from error


def _is_official(path: Path) -> bool:
    """Return whether the file is there and has the checksum of the official archive."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == MD5


def _fetch(urls: Sequence[str], part: Path) -> None:
    """Download into `part` from the first of the urls that gives the official archive."""
    if _is_official(part):
        return
    reasons: list[str] = []
    for url in urls:
        print("That failed. Next place:" if reasons else "Downloading", url, flush=True)
        try:
            _download(url, part)
            return
        except (_MirrorError, requests.RequestException, HTTPError) as error:
            reasons.append(f"  {url}\n    {_explain(error)}")
    raise DatasetError("\n".join(["CIFAR-10 could not be downloaded:", *reasons, *_advice(part)]))


def _download(url: str, part: Path) -> None:
    """Get the archive from one url. Continue after the bytes that `part` has if the server can do that."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}  # a server that compresses on the way would change the bytes
    if have:
        print(f"Continuing after {_megabytes(have)}")
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        status = response.status_code
        if status in (200, 206):
            _save(response, part, have if status == 206 else 0)
        elif not (have and status == 416):  # 416: the server has no bytes that far
            raise _MirrorError(f"the server answered {status} {response.reason}")
    if _is_official(part):
        return
    part.unlink()
    if have and status != 200:  # the beginning, from an earlier call, may be what is wrong
        _download(url, part)
        return
    raise _MirrorError("what it sent has the wrong checksum and was deleted")


def _save(response: requests.Response, part: Path, have: int) -> None:
    """Write the body of a response into `part` after its first `have` bytes, and show the progress."""
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isdigit() else None
    chunks = response.raw.stream(CHUNK, decode_content=False)
    first = next(chunks, b"")
    if not have and not first.startswith(GZIP_MAGIC):  # nothing is written, so that a good part is kept
        raise _MirrorError("it sent a web page or something else that is not the archive")
    with (
        part.open("ab" if have else "wb") as file,
        progress_bar(total=total, initial=have, unit="B", unit_scale=True, desc=ARCHIVE) as bar,
    ):
        for chunk in itertools.chain([first], chunks):
            file.write(chunk)
            bar.update(len(chunk))
        if total is not None and file.tell() < total:  # urllib3 before version 2 says nothing
            raise _MirrorError("the connection broke off")


def _explain(error: Exception) -> str:
    """Return a few words for the long texts of the network libraries."""
    known = (
        (requests.exceptions.SSLError, "its certificate was not accepted"),
        (requests.exceptions.ProxyError, "the proxy could not be used"),
        (requests.exceptions.ConnectTimeout, f"no connection within {TIMEOUT[0]} seconds"),
        (requests.exceptions.ReadTimeout, f"no answer within {TIMEOUT[1]} seconds"),
        (requests.exceptions.ConnectionError, "no connection (is there a network?)"),
        (HTTPError, "the connection broke off"),
    )
    return next((text for kind, text in known if isinstance(error, kind)), str(error))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def _advice(part: Path) -> list[str]:
    """Return lines that say how to go on after the last mirror failed."""
    again = f": it continues after the {_megabytes(part.stat().st_size)} in {part}" if part.exists() else " later"
    return [
        "How to go on, best first:",
        f"  - run the same command again{again}",
        f"  - get {ARCHIVE} in another way, put it into {part.parent}, and run the command again",
        f"  - work with drawn images for now:  {python_command('-m', 'cs231n.datasets', '--stand-in')}",
    ]
