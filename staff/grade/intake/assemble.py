"""What is graded: the blank release, overlaid with the Python files of the submission that differ from it."""

import dataclasses
import hashlib
from collections.abc import Mapping

from cs231n.submit.archive import digest

__all__ = ["Assembly", "assemble"]

_CHECKS = "cs231n/checks/"
_BOM = b"\xef\xbb\xbf"


@dataclasses.dataclass(frozen=True)
class Assembly:
    """The tree that goes into the sandbox.

    Attributes:
        files: path -> bytes, of everything below cs231n/.
        code: SHA-256 over its Python files, the checks aside.
        problems: lines about files of the submission that are not used.
    """

    files: dict[str, bytes]
    code: str
    problems: tuple[str, ...] = ()


def assemble(release: Mapping[str, bytes], submitted: Mapping[str, bytes]) -> Assembly:
    """Return the Assembly of a submission.

    Args:
        release: the blank release, path -> bytes.
        submitted: files of the submission, path -> bytes.
    """
    files = {name: data for name, data in release.items() if name.startswith("cs231n/")}
    problems = []
    for name, data in sorted(submitted.items()):
        if not name.endswith(".py") or (name in release and digest(data) == digest(release[name])):
            continue
        if f"{name.casefold()}/".startswith(_CHECKS):
            problems.append(f"{name}: not used, since the grader brings its own checks")
        elif _in_the_way(files, name):
            problems.append(f"{name}: not used, since there is another file or folder in its place")
        elif "." in name.rpartition("/")[0]:
            problems.append(f"{name}: not used, since nothing can be imported from a folder of that name")
        else:
            # with the line ends of Windows it is the same code, which gets the same seeds
            files[name] = data.removeprefix(_BOM).replace(b"\r\n", b"\n")
    return Assembly(files, _hash(files), tuple(problems))


def _in_the_way(files, name):
    """Return whether a path needs a folder where a file is, or the reverse, in any case of the letters."""
    if name in files:
        return False
    path = name.casefold()
    others = [other.casefold() for other in files]
    return any(other == path or path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in others)


def _hash(files):
    code = hashlib.sha256()
    for name, data in sorted(files.items()):
        if name.endswith(".py") and not name.startswith(_CHECKS):
            code.update(repr((name, data)).encode())
    return code.hexdigest()
