"""Mistakes as strangers write them, in float64 and without our given lines: named, and never by a wrong name."""

import re
from collections import Counter

import pytest

from cs231n.checks.mistakes.recognise import diagnose
from staff.misconceptions.catalogue import entries
from staff.misconceptions.subject import transport
from tests.checks import field_layers, field_nets  # noqa: F401 - they register what they hold
from tests.checks.field import FIELD
from tests.staff.misconceptions import ways_nets  # noqa: F401
from tests.staff.misconceptions.ways import WAYS


def test_each_mistake_is_of_the_catalogue_and_written_in_three_ways():
    assert {name for name, _ in WAYS} <= entries().keys()
    endings = Counter(re.sub("^(two-layer|full-net|conv-net)|-in-d[xw]$", "", name) for name, _ in WAYS)
    assert {name for name, count in endings.items() if count < 3} == set()


def test_of_the_ways_nine_of_ten_are_named_and_none_wrongly():
    found = {key: diagnose(transport(one.modules()), one.exercise) for key, one in WAYS.items()}
    assert {key: name for key, name in found.items() if name not in (key[0], None)} == {}
    assert sum(name is not None for name in found.values()) >= 0.9 * len(WAYS), found


@pytest.mark.parametrize("name", [name for name, one in FIELD.items() if not one.misses])
def test_no_right_solution_is_named(name):
    one = FIELD[name]
    assert {diagnose(transport(one.make()), exercise) for exercise in one.exercises} <= {None}
