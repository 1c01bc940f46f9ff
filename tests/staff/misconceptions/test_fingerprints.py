"""The fingerprints that ship are those of the catalogue, and no two are alike."""

import dataclasses
import json

import pytest

from cs231n.checks.mistakes import recognise
from staff.misconceptions import fingerprints
from staff.misconceptions.catalogue import entries

HOW = "run python -m staff.misconceptions and commit cs231n/checks/mistakes/fingerprints.json"


@pytest.fixture(scope="module")
def known():
    return recognise.catalogue()


# Whether each is still named by what ships, test_catalogue.py asks.
@pytest.mark.slow
def test_the_fingerprints_that_ship_are_those_of_the_catalogue(known):
    shipped, known = known, fingerprints.known()
    assert list(shipped) == list(known), HOW
    for name, one in known.items():
        assert dataclasses.replace(shipped[name], looks=()) == dataclasses.replace(one, looks=()), HOW
        assert len(shipped[name].looks) == len(one.looks), HOW
        for now, then in zip(one.looks, shipped[name].looks):
            assert now.keys() == then.keys() and recognise.agree(now, then), (name, HOW)


def test_no_two_misconceptions_are_alike_and_all_are_caught(known):
    assert fingerprints.twins(known) == []


def test_twins_and_what_is_not_caught_are_reported(known):
    one = known["affine-bias-missing"]
    other = dataclasses.replace(one, name="a-twin")
    right = dataclasses.replace(one, name="right", looks=({},))
    found = fingerprints.twins({"a-twin": other, one.name: one, "right": right})
    assert ("affine-bias-missing", "a-twin") in found and ("right", None) in found


def test_the_text_is_json_that_is_read_back_as_it_was(known, tmp_path):
    path = tmp_path / "fingerprints.json"
    path.write_text(fingerprints.text(known), encoding="utf-8")
    assert recognise.catalogue(path) == known


def test_wrong_code_does_not_ship():
    text = json.dumps(json.loads(recognise.FINGERPRINTS.read_text(encoding="utf-8")), ensure_ascii=False)
    for one in entries().values():
        for form in one.forms:
            for _, new in form:
                lines = {" ".join(line.split()) for line in new.splitlines()}
                assert not [
                    line for line in lines if not line.isidentifier() and len(line) >= 10 and line in text
                ], one.name
