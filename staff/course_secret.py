"""The secret of a course, from which the grader's seeds are made."""

from pathlib import Path

__all__ = ["SecretError", "read_secret"]

LEAST = 16  # bytes; a shorter one can be guessed


class SecretError(ValueError):
    """There is no usable secret; the message says how to make one."""


def read_secret(path: Path) -> bytes:
    """Return the course secret of a file, without white space around it."""
    advice = f'python -c "import secrets; print(secrets.token_hex(32))" > {path}'
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise SecretError(f"the secret {path} cannot be read: {error.strerror}. To make one: {advice}") from error
    if len(secret) < LEAST:
        expected = f"expected {LEAST} or more"
        raise SecretError(f"the secret {path} has {len(secret)} bytes, {expected}: {advice}")
    return secret
