"""Secret seeds."""

import numpy as np
import pytest

from staff.grade.judge.seeds import SecretError, read_secret, secret_generator, secret_id

SECRET = b"0123456789abcdef"
CODE = "a" * 64


def draw(secret=SECRET, code=CODE, check="affine_forward.values", seed=0):
    return secret_generator(secret, code, check, seed).standard_normal(3)


def test_the_same_secret_code_check_and_seed_give_the_same_numbers():
    np.testing.assert_array_equal(draw(), draw())


@pytest.mark.parametrize(
    "other",
    [{"secret": b"0123456789abcdeg"}, {"code": "b" * 64}, {"check": "affine_forward.dtype"}, {"seed": 1}],
)
def test_another_secret_code_check_or_seed_gives_other_numbers(other):
    assert not np.isclose(draw(), draw(**other)).any()


def test_the_fingerprint_tells_secrets_apart_and_is_no_part_of_them():
    assert secret_id(SECRET) != secret_id(SECRET + b"0")
    assert len(secret_id(SECRET)) == 8
    assert secret_id(SECRET) not in SECRET.hex()


def test_a_secret_is_read_without_the_line_break_of_an_editor(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET + b"\r\n")
    assert read_secret(tmp_path / "secret") == SECRET


def test_a_secret_that_can_be_guessed_or_is_not_there_is_an_error_that_says_how_to_make_one(tmp_path):
    (tmp_path / "secret").write_bytes(b"password\n")
    with pytest.raises(SecretError, match=r"has 8 bytes, expected 16 or more: python -c"):
        read_secret(tmp_path / "secret")
    with pytest.raises(SecretError, match="cannot be read: No such file.* To make one: python -c"):
        read_secret(tmp_path / "none")
