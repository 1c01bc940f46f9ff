"""What a machine may lack that some tests need, and continuous integration has to have."""

import os
from typing import NoReturn

import pytest

__all__ = ["skip"]


def skip(reason: str) -> NoReturn:
    """Skip the test that calls this; in continuous integration, where nothing may be lacking, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and continuous integration may not skip this")
    pytest.skip(reason)
