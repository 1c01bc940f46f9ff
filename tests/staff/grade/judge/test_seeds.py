"""Secret seeds."""

import numpy as np
import pytest

from staff.grade.judge.seeds import secret_generator, secret_id

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
