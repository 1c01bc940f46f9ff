"""Download the official CIFAR-10 archive, check it, and unpack it without trusting it.

The only file that a failure leaves behind is `cifar-10-python.tar.gz.part`: the part that a
broken-off download got, which the next call continues.
"""

import contextlib
import gzip
import hashlib
import itertools
import re
import shutil
import tarfile
import zlib
from pathlib import Path

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from cs231n.data_utils import DEFAULT_ROOT, FOLDER, META, TEST_BATCH, TRAIN_BATCHES, dataset_name, find_CIFAR10

__all__ = ["DatasetError", "download_cifar10", "name_of_data", "replacing", "unpack"]

# Places that serve the identical official archive, asked in this order.
MIRRORS = (
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",  # kept by PaddlePaddle, with the same MD5
)
ARCHIVE = "cifar-10-python.tar.gz"
MD5 = "c58f30108f718f92721af3b95e74349a"

MEMBERS = (META, *TRAIN_BATCHES, TEST_BATCH, "readme.html")
# Twice the largest official member: more than that is an archive made to fill the disk.
MAX_MEMBER_BYTES = 64 * 2**20
TIMEOUT = (10, 30)  # seconds to connect, and to wait for the next bytes
CHUNK = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"


class DatasetError(Exception):
    """The data could not be had; the message says why and how to go on."""


class _MirrorError(Exception):
    """One mirror failed; the message is the reason."""


def download_cifar10(dest=DEFAULT_ROOT, urls=None, force=False):
    """Put CIFAR-10 into a folder, unless it is there.

    An archive that was put into the folder by hand is used instead of a download. A stand-in
    data set is replaced, for this function was asked for the real one.

    Args:
        dest: folder that gets `cifar-10-batches-py`; made if it does not exist.
        urls: where to download from, in this order; None for the built-in list.
        force: replace CIFAR-10 that is already there.

    Returns:
        Path of `cifar-10-batches-py`.

    Raises:
        DatasetError: no mirror gave the archive, or it holds what does not belong there.
        OSError: dest cannot be written to, or the disk is full.
    """
    dest = Path(dest)
    folder = dest / FOLDER
    if not force and name_of_data(folder) == "CIFAR-10":
        print(f"CIFAR-10 is already there: {folder}")
        return folder
    dest.mkdir(parents=True, exist_ok=True)
    by_hand, part = dest / ARCHIVE, dest / f"{ARCHIVE}.part"
    if _is_official(by_hand):
        print(f"Found {by_hand}, no download needed")
        unpack(by_hand, dest)
    else:
        if by_hand.exists():
            print(f"Deleting {by_hand}: its checksum is not that of the official archive")
            by_hand.unlink()
        _fetch(MIRRORS if urls is None else urls, part)
        _unpack_or_delete(part, dest)
    print(f"CIFAR-10 is ready: {folder}")
    return folder


def name_of_data(folder):
    """What lies in a folder: "CIFAR-10", "stand-in data", or None where files are missing or cannot be read."""
    try:
        return dataset_name(find_CIFAR10(folder))
    except (FileNotFoundError, ValueError):
        return None


def _is_official(path):
    """Whether the file is there and has the checksum of the official archive."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == MD5


# Downloading


def _fetch(urls, part):
    """Download into `part` from the first of the urls that gives the official archive."""
    if part.exists():
        if _is_official(part):
            return
        with part.open("rb") as file:
            begins_well = file.read(2) == GZIP_MAGIC
        if not begins_well:
            part.unlink()
    failures = []
    for url in urls:
        try:
            _download(url, part)
            if _is_official(part):
                return
            part.unlink()
            raise _MirrorError("what it sent has the wrong checksum, so it was deleted")
        except _MirrorError as reason:
            failures.append((url, reason))
        except (requests.RequestException, HTTPError) as error:
            failures.append((url, _explain(error)))
        print(f"{url}: {failures[-1][1]}")
    raise DatasetError(_advice(failures, part))


def _download(url, part):
    """Get all bytes from one url, beginning after those that `part` has where the server can do that."""
    have = part.stat().st_size if part.exists() else 0
    print(f"Downloading {url}" + (f", continuing after {_megabytes(have)}" if have else ""))
    with _request(url, have) as response:
        # 416: the server has no byte that far, so what is there cannot be a beginning of its file.
        wrong_range = response.status_code == 416 or (
            response.status_code == 206 and _range_start(response) != have
        )
        if not (have and wrong_range):
            _save(response, part, have if response.status_code == 206 else 0)
            return
    part.unlink()
    _download(url, part)


def _request(url, have):
    # identity: a server that compresses or decompresses on the way would change the bytes.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)


def _range_start(response):
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _save(response, part, have):
    """Write the body of a response into `part` after its first `have` bytes, with a progress bar."""
    if response.status_code not in (200, 206):
        raise _MirrorError(f"the server answered {response.status_code} {response.reason}")
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isdigit() else None
    chunks = response.raw.stream(CHUNK, decode_content=False)
    first = next(chunks, b"")
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if is_page or (not have and not first.startswith(GZIP_MAGIC)):
        # Nothing is written yet, so that a good part of the archive outlives a bad mirror.
        raise _MirrorError("it sent a web page or something else that is not the archive")
    with (
        part.open("ab" if have else "wb") as file,
        tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=ARCHIVE) as bar,
    ):
        for chunk in itertools.chain([first], chunks):
            file.write(chunk)
            bar.update(len(chunk))
    if total is not None and part.stat().st_size < total:  # urllib3 before version 2 says nothing
        raise _MirrorError("the connection broke off")


def _explain(error):
    """Say in a few words what the network libraries put into long ones."""
    known = (
        (requests.exceptions.SSLError, "its certificate was not accepted"),
        (requests.exceptions.ProxyError, "the proxy could not be used"),
        (requests.exceptions.ConnectTimeout, f"no connection within {TIMEOUT[0]} seconds"),
        (requests.exceptions.ReadTimeout, f"no answer within {TIMEOUT[1]} seconds"),
        (requests.exceptions.ConnectionError, "no connection (is there a network?)"),
        (HTTPError, "the connection broke off"),
    )
    return next((text for kind, text in known if isinstance(error, kind)), str(error))


def _megabytes(count):
    return f"{count / 1e6:.1f} MB"


def _advice(failures, part):
    """The message after the last mirror failed."""
    if part.exists():
        again = f"run the same command again: it continues after the {_megabytes(part.stat().st_size)} in {part}"
    else:
        again = "run the same command again later"
    lines = [f"  {url}\n    {reason}" for url, reason in failures]
    return "\n".join(
        [
            "CIFAR-10 could not be downloaded:",
            *lines,
            "How to go on, in the order of what is best:",
            f"  - {again}",
            f"  - get {ARCHIVE} in any other way, put it into {part.parent}, and run the command again",
            "  - work with drawn images for now:  python -m cs231n.datasets --stand-in",
        ]
    )


# Unpacking


def _unpack_or_delete(part, dest):
    """Unpack a download, which is not needed afterwards; of no use either if it holds the wrong things."""
    try:
        unpack(part, dest)
    except DatasetError:
        part.unlink()
        raise
    part.unlink()


def unpack(archive, dest):
    """Unpack the archive: the expected files and nothing else.

    Each file is copied to a path made here, so that no name, link, owner or mode in the archive
    has any effect. All happens in a folder beside, which takes its name only when it is complete.

    Args:
        archive: path of the .tar.gz file.
        dest: folder that gets `cifar-10-batches-py`, in place of the one that may be there.

    Returns:
        Path of `cifar-10-batches-py`.

    Raises:
        DatasetError: the archive is damaged, or holds what does not belong there.
        OSError: dest cannot be written to, or the disk is full.
    """
    archive, dest = Path(archive), Path(dest)
    print(f"Unpacking into {dest / FOLDER}")
    with replacing(dest / FOLDER) as temporary:
        try:
            _copy_members(archive, temporary)
        except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise DatasetError(f"{archive} is damaged ({error}). Delete it and run the command again.") from error
    return dest / FOLDER


@contextlib.contextmanager
def replacing(folder):
    """Give an empty folder to fill; `folder` becomes it if all goes well, and stays as it was if not."""
    temporary, old = folder.with_name(f"{folder.name}.part"), folder.with_name(f"{folder.name}.old.part")
    shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        try:
            temporary.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy_members(archive, folder):
    missing = {f"{FOLDER}/{name}": folder / name for name in MEMBERS}
    with gzip.open(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
        for member in tar:
            if member.isdir() and member.name == FOLDER:
                continue
            target = missing.pop(member.name, None) if member.isreg() else None
            if target is None or member.size > MAX_MEMBER_BYTES:
                raise DatasetError(
                    f"{archive} holds {_describe(member)}, which does not belong in the CIFAR-10 archive. "
                    "Nothing was unpacked; get the archive from another place."
                )
            with target.open("wb") as file:
                shutil.copyfileobj(tar.extractfile(member), file)
        while stream.read(CHUNK):  # gzip compares its checksum at the end, which tar does not reach
            pass
    if missing:
        raise DatasetError(
            f"{archive} lacks {', '.join(sorted(missing))}. "
            "Nothing was unpacked; get the archive from another place."
        )


def _describe(member):
    kinds = (("a link", member.issym() or member.islnk()), ("a folder", member.isdir()))
    kind = next((name for name, fits in kinds if fits), "a file" if member.isreg() else "a device")
    link = f" to {member.linkname!r}" if kind == "a link" else ""
    return f"{kind} {member.name!r}{link} of {member.size} bytes"
