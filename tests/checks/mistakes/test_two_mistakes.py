"""Two mistakes at once: named where each shows by itself, and never something else than the two."""

import pytest

from cs231n.checks.mistakes import recognise
from cs231n.checks.rubric import load
from cs231n.checks.show.table import Style, table
from tests.checks.subjects import rewritten, session, transport

FLAT_DX = ("dx = (dout @ w.T).reshape(x.shape)", "dx = dout @ w.T")
MEAN_DB = ("db = dout.sum(axis=0)", "db = dout.mean(axis=0)")
ODD_DB = ("db = dout.sum(axis=0)", "db = dout.sum(axis=0)[::-1] * 3")
OUTSIDE = ("np.sqrt(var + eps)", "np.sqrt(var) + eps")
SWAPPED_MEAN = (
    "running_mean = momentum * running_mean + (1 - momentum) * mean",
    "running_mean = (1 - momentum) * running_mean + momentum * mean",
)
SWAPPED_VAR = (
    "running_var = momentum * running_var + (1 - momentum) * var",
    "running_var = (1 - momentum) * running_var + momentum * var",
)
WITHOUT_SCALE = ("out = gamma * xhat + beta", "out = xhat")


def names(exercise, *edits):
    changed = rewritten("layers", *edits, within=[f"cs231n/layers.py:{exercise}"])
    return set(recognise.mistakes(transport(layers=changed), exercise))


@pytest.mark.parametrize(
    "exercise, edits, expected",
    [
        (
            "affine_backward",
            (FLAT_DX, MEAN_DB),
            {"affine-backward-dx-flat", "affine-backward-db-averaged"},
        ),
        (
            "batchnorm_forward",
            (OUTSIDE, SWAPPED_MEAN, SWAPPED_VAR),
            {"batchnorm-eps-outside-root", "batchnorm-momentum-swapped"},
        ),
        ("affine_backward", (MEAN_DB,), {"affine-backward-db-averaged"}),
        ("affine_backward", (), set()),
    ],
)
def test_two_mistakes_that_show_apart_are_both_named(exercise, edits, expected):
    assert names(exercise, *edits) == expected


def test_a_known_mistake_beside_one_that_nobody_knows_is_not_named():
    assert names("affine_backward", FLAT_DX, ODD_DB) == set()


def test_two_mistakes_that_change_the_same_array_everywhere_are_not_named():
    assert names("batchnorm_forward", OUTSIDE, WITHOUT_SCALE) <= {"batchnorm-without-scale-and-shift"}


def test_the_table_names_one_of_them_and_says_that_there_is_another():
    some = session(layers=rewritten("layers", FLAT_DX, MEAN_DB, within=["cs231n/layers.py:affine_backward"]))
    text = table([some.outcome("affine_backward")], load(), Style(), detail=True)
    assert "and there is a second mistake besides" in " ".join(text.split())
