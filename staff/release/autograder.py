"""The autograder that is uploaded to Gradescope: solved source, grader, two scripts, secret."""

import secrets
from pathlib import Path

from staff import ROOT
from staff.course_secret import read_secret
from staff.release import files

__all__ = ["PATTERNS", "bundle", "read_or_make_secret"]

PATTERNS = (*files.ALLOWED, "staff/**/*.py", "staff/**/*.md", "staff/**/*.toml")
SCRIPTS = Path(__file__).with_name("gradescope")


def bundle(secret: bytes, pip_conf: bytes | None = None, source: Path = ROOT) -> dict[str, bytes]:
    """Return the files of the bundle: path -> bytes, sorted by path.

    Args:
        secret: the course secret, bytes.
        pip_conf: text of a configuration of pip for the machine that the image is built on, or None.
        source: folder of the solved source.
    """
    found = files.read_source(source, PATTERNS)
    found |= {path.name: path.read_text(encoding="utf-8") for path in SCRIPTS.iterdir()}
    found["secret"] = secret
    if pip_conf is not None:
        found["pip.conf"] = pip_conf
    return {name: data if isinstance(data, bytes) else data.encode() for name, data in sorted(found.items())}


def read_or_make_secret(path: Path) -> tuple[bytes, bool]:
    """Return the secret of a file, and whether it was made and written just now."""
    path = Path(path)
    if path.exists():
        return read_secret(path), False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(32) + "\n")
    return read_secret(path), True
