"""Secret seeds: the same for the same check and code, and not to be foreseen without the course secret."""

import hashlib
import hmac
from pathlib import Path

import numpy as np

from staff.grade import limits

__all__ = ["SecretError", "read_secret", "secret_generator", "secret_id"]


class SecretError(ValueError):
    """There is no usable secret; the message says how to make one."""


def read_secret(path: Path) -> bytes:
    """Return the course secret of a file, without white space around it."""
    advice = f'python -c "import secrets; print(secrets.token_hex(32))" > {path}'
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise SecretError(f"the secret {path} cannot be read: {error.strerror}. To make one: {advice}") from error
    if len(secret) < limits.SECRET_BYTES:
        expected = f"expected {limits.SECRET_BYTES} or more"
        raise SecretError(f"the secret {path} has {len(secret)} bytes, {expected}: {advice}")
    return secret


def secret_generator(secret: bytes, code: str, check_id: str, seed: int) -> np.random.Generator:
    """Return the random numbers of a check of some code.

    Args:
        secret: course secret, bytes.
        code: hash of the graded code.
        check_id: id of the check.
        seed: number, where a check runs several times.
    """
    message = "\0".join(["seed", check_id, code, str(seed)])
    return np.random.default_rng(int.from_bytes(_hmac(secret, message), "big"))


def secret_id(secret: bytes) -> str:
    """Return a few digits that tell secrets apart and do not tell them."""
    return _hmac(secret, "fingerprint").hex()[:8]


def _hmac(secret: bytes, message: str) -> bytes:
    return hmac.digest(secret, message.encode(), hashlib.sha256)
