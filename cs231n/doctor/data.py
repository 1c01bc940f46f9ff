"""The data set: which folder, why that one, what lies there, and whether it is intact."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cs231n.doctor.finding import Finding, good, note, optional, stop

__all__ = ["findings"]

GET = "python -m cs231n.datasets"
# MD5 of the files in the official archive.
OFFICIAL = {
    "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
IMAGES = 10000  # in a batch
NETWORK_LIMIT = 3  # seconds to wait for an answer


def findings(root: Path) -> Iterator[Finding]:
    """Yield findings on the data set that get_CIFAR10_data() would load."""
    try:
        from cs231n import data_utils
    except ImportError as error:
        yield optional(f"the data set: not checked: {error}")
        return
    variable = os.environ.get("CIFAR10_DIR")
    why = "as the environment variable CIFAR10_DIR says" if variable else "the default place"
    try:
        folder = data_utils.find_CIFAR10()
    except FileNotFoundError:
        yield _not_found(data_utils, variable)
        return
    try:
        name = data_utils.dataset_name()
        if _is_official(folder):
            yield good(f"CIFAR-10, the official files: {folder}, {why}")
            return
        _read(data_utils, folder)
    except (OSError, ValueError) as error:
        yield stop(f"the data set is damaged: {str(error).splitlines()[0]}", f"{GET} --force")
        return
    if name == "CIFAR-10":
        yield note(
            f"CIFAR-10, complete, but not the official files: {folder}, {why}",
            "accuracies may be a little lower or higher",
        )
    else:
        yield note(f"{name}, drawn images, not CIFAR-10: {folder}, {why}", f"for the real ones: {GET}")


def _not_found(data_utils: Any, variable: str | None) -> Finding:
    """Return a finding that there is no data set in the one place where it is looked for."""
    if variable:
        at_home = (data_utils.DEFAULT_ROOT / data_utils.FOLDER / data_utils.TEST_BATCH).is_file()
        unset = "set CIFAR10_DIR" if os.name == "nt" else "unset CIFAR10_DIR"
        then = f" (there is a data set in {data_utils.DEFAULT_ROOT})" if at_home else f", then {GET}"
        return stop(
            f"no data set: the environment variable CIFAR10_DIR names {variable}, where files are missing",
            "set it to the path of the folder cifar-10-batches-py, or",
            unset + then,
        )
    part = data_utils.DEFAULT_ROOT / "cifar-10-python.tar.gz.part"
    begun = ", which continues the broken download" if part.is_file() else ""
    if host := _unreachable():
        return stop(
            f"no data set, and no network: {host} does not answer",
            f"for now, drawn images: {GET} --stand-in",
            f"with a network: {GET}{begun}",
        )
    return stop("no data set", f"{GET}{begun}", f"or, without a network: {GET} --stand-in")


def _unreachable() -> str:
    """Return the host that the data comes from if it does not answer, else ""."""
    from cs231n.datasets.download import MIRRORS

    try:
        with urllib.request.urlopen(urllib.request.Request(MIRRORS[0], method="HEAD"), timeout=NETWORK_LIMIT):
            return ""
    except urllib.error.HTTPError:
        return ""  # it answers
    except OSError:
        return urllib.parse.urlsplit(MIRRORS[0]).netloc


def _is_official(folder: Path) -> bool:
    """Return whether all files have the checksums of the official ones."""
    for name, expected in OFFICIAL.items():
        path = folder / name
        if not path.is_file() or hashlib.md5(path.read_bytes()).hexdigest() != expected:
            return False
    return True


def _read(data_utils: Any, folder: Path) -> None:
    """Read every batch; raises ValueError, which says what is wrong with it."""
    for name in (*data_utils.TRAIN_BATCHES, data_utils.TEST_BATCH):
        images, _ = data_utils.load_CIFAR_batch(folder / name)
        if len(images) != IMAGES:
            raise ValueError(f"{folder / name} holds {len(images)} images, expected {IMAGES}")
