"""The secret of a course."""

import pytest

from staff.course_secret import SecretError, read_secret

SECRET = b"0123456789abcdef"


def test_a_secret_is_read_without_the_line_break_of_an_editor(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET + b"\r\n")
    assert read_secret(tmp_path / "secret") == SECRET


def test_a_secret_that_can_be_guessed_or_is_not_there_is_an_error_that_says_how_to_make_one(tmp_path):
    (tmp_path / "secret").write_bytes(b"password\n")
    with pytest.raises(SecretError, match=r"has 8 bytes, expected 16 or more: python -c"):
        read_secret(tmp_path / "secret")
    with pytest.raises(SecretError, match="cannot be read: No such file.* To make one: python -c"):
        read_secret(tmp_path / "none")
