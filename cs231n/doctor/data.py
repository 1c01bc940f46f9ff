"""The data set: which folder, why that one, what lies there, and whether it is intact."""

import hashlib
import os

from cs231n.doctor.finding import good, note, optional, stop

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


def findings(root):
    """Yield findings on the data set that get_CIFAR10_data() would load."""
    try:
        from cs231n import data_utils
    except ImportError as error:
        yield optional(f"the data set: not looked at, since {error}")
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
            f"CIFAR-10, complete, but its bytes are not the official ones: {folder}, {why}",
            "accuracies may come out a little lower or higher",
        )
    else:
        yield note(f"{name}, drawn pictures and not CIFAR-10: {folder}, {why}", f"for the real ones: {GET}")


def _not_found(data_utils, variable):
    """Return a finding that there is no data set where the only place that is looked at should have it."""
    if variable:
        at_home = (data_utils.DEFAULT_ROOT / data_utils.FOLDER / data_utils.TEST_BATCH).is_file()
        unset = "set CIFAR10_DIR" if os.name == "nt" else "unset CIFAR10_DIR"
        then = f" (there is a data set in {data_utils.DEFAULT_ROOT})" if at_home else f", then {GET}"
        return stop(
            f"no data set: the environment variable CIFAR10_DIR names {variable}, which does not have all files",
            "let it name the folder cifar-10-batches-py, or",
            unset + then,
        )
    part = data_utils.DEFAULT_ROOT / "cifar-10-python.tar.gz.part"
    begun = ", which goes on with the download that broke off" if part.is_file() else ""
    return stop("no data set", f"{GET}{begun}", f"or, without a network: {GET} --stand-in")


def _is_official(folder):
    """Return whether all files have the checksums of the official ones."""
    for name, expected in OFFICIAL.items():
        path = folder / name
        if not path.is_file() or hashlib.md5(path.read_bytes()).hexdigest() != expected:
            return False
    return True


def _read(data_utils, folder):
    """Read every batch; raises ValueError, which says what is wrong with it."""
    for name in (*data_utils.TRAIN_BATCHES, data_utils.TEST_BATCH):
        images, _ = data_utils.load_CIFAR_batch(folder / name)
        if len(images) != IMAGES:
            raise ValueError(f"{folder / name} holds {len(images)} images, expected {IMAGES}")
